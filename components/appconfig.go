package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AppConfig is the plain environment of one service: an immutable ConfigMap under a generated name. A change makes a
// new one under a new name, which changes the pod template that names it: the pods that read it roll, others do not.
type AppConfig struct {
	pulumi.ResourceState

	// Ref is the ConfigMap's name.
	Ref pulumi.StringOutput `pulumi:"ref"`
}

// AppConfigArgs are an AppConfig's inputs; all are required.
type AppConfigArgs struct {
	Service   string
	Instance  string // the installation, for labels
	Namespace pulumi.StringInput
	Data      map[string]string
}

// NewAppConfig creates `<name>-configmap`.
func NewAppConfig(ctx *pulumi.Context, name string, args AppConfigArgs, opts ...pulumi.ResourceOption) (*AppConfig, error) {
	if len(args.Data) == 0 {
		return nil, fmt.Errorf("%s: Data is empty; leave the AppConfig out instead", name)
	}
	c := &AppConfig{}
	if err := ctx.RegisterComponentResource(componentType("AppConfig"), name, c, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	configMap, err := corev1.NewConfigMap(ctx, name+"-configmap", &corev1.ConfigMapArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace,
			Labels:    pulumi.ToStringMap(labels(args.Service, args.Instance)),
		},
		Immutable: pulumi.Bool(true),
		Data:      pulumi.ToStringMap(args.Data),
	}, withParent(c)...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating ConfigMap: %w", name, err)
	}
	c.Ref = configMap.Metadata.Name().Elem()
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{"ref": c.Ref})
}
