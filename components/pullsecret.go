package components

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/config"
)

// dockerHub is the name under which Docker Hub's credentials are looked up, by Docker and by the kubelet.
const dockerHub = "https://index.docker.io/v1/"

// newPullSecret keeps the registry's credentials where the kubelet finds them, and returns the Secret's name.
func newPullSecret(ctx *pulumi.Context, name, instance string, namespace pulumi.StringInput, host string, login *config.RegistryLogin, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
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

// pullSecrets are the names of all Secrets that the pods pull with.
func pullSecrets(ctx *pulumi.Context, name, instance string, namespace pulumi.StringInput, images config.Images, opts ...pulumi.ResourceOption) ([]pulumi.StringInput, error) {
	var names []pulumi.StringInput
	for _, given := range images.PullSecrets {
		names = append(names, pulumi.String(given))
	}
	if images.Login != nil {
		own, err := newPullSecret(ctx, name, instance, namespace, images.RegistryHost(), images.Login, opts...)
		if err != nil {
			return nil, err
		}
		names = append(names, own)
	}
	return names, nil
}

// references are pull Secrets in the form of a ServiceAccount's; none is nil.
func references(names []pulumi.StringInput) corev1.LocalObjectReferenceArray {
	var all corev1.LocalObjectReferenceArray
	for _, name := range names {
		all = append(all, corev1.LocalObjectReferenceArgs{Name: name.ToStringOutput().ToStringPtrOutput()})
	}
	return all
}
