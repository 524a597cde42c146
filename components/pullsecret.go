package components

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// dockerHub is the name under which Docker Hub's credentials are looked up, by Docker and by the kubelet.
const dockerHub = "https://index.docker.io/v1/"

// RegistryLogin are a registry's credentials.
type RegistryLogin struct {
	Username string
	Password pulumi.StringInput // made secret here, whatever the caller did
}

// NewPullSecret keeps a registry's credentials where the kubelet finds them, and returns the Secret's name. host is the
// registry's, without a path.
func NewPullSecret(ctx *pulumi.Context, name, instance string, namespace pulumi.StringInput, host string, login RegistryLogin, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	if host == "docker.io" || host == "index.docker.io" {
		host = dockerHub
	}
	content := login.Password.ToStringOutput().ApplyT(func(password string) (string, error) {
		text, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{
			"username": login.Username, "password": password,
			"auth": base64.StdEncoding.EncodeToString([]byte(login.Username + ":" + password)),
		}}})
		return string(text), err
	}).(pulumi.StringOutput)
	secret, err := corev1.NewSecret(ctx, name, &corev1.SecretArgs{
		Metadata:   &metav1.ObjectMetaArgs{Namespace: namespace, Labels: pulumi.ToStringMap(labels("registry", instance))},
		Type:       pulumi.String("kubernetes.io/dockerconfigjson"),
		Immutable:  pulumi.Bool(true),
		StringData: pulumi.StringMap{".dockerconfigjson": pulumi.ToSecret(content).(pulumi.StringOutput)},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating Secret: %w", name, err)
	}
	return pulumi.Unsecret(secret.Metadata.Name().Elem()).(pulumi.StringOutput), nil // as in AppSecret
}

// references are pull Secrets in the form of a ServiceAccount's; none is nil.
func references(names []pulumi.StringInput) corev1.LocalObjectReferenceArray {
	var all corev1.LocalObjectReferenceArray
	for _, name := range names {
		all = append(all, corev1.LocalObjectReferenceArgs{Name: name.ToStringOutput().ToStringPtrOutput()})
	}
	return all
}
