package components

import (
	"fmt"
	"maps"
	"slices"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// AppSecret is the secret environment of one service, and of that service only: an immutable Secret under a generated
// name, so that a change rolls the pods that read it.
type AppSecret struct {
	pulumi.ResourceState

	// Ref is the Secret's name.
	Ref pulumi.StringOutput `pulumi:"ref"`

	keys []string
}

// AppSecretArgs are an AppSecret's inputs; all are required, but of Data and External only one.
type AppSecretArgs struct {
	Service   string
	Instance  string // the installation, for labels
	Namespace pulumi.StringInput
	// Data is made secret here, whatever the caller did: a plain string never reaches the state in clear.
	Data map[string]pulumi.StringInput
	// External has the operator make the Secret from a store. It then changes in place, and rolls no pod.
	External *External
}

// NewAppSecret creates `<name>-secret`, or `<name>-externalsecret`.
func NewAppSecret(ctx *pulumi.Context, name string, args AppSecretArgs, opts ...pulumi.ResourceOption) (*AppSecret, error) {
	s := &AppSecret{keys: slices.Sorted(maps.Keys(args.Data))}
	if args.External != nil {
		if len(args.Data) > 0 {
			return nil, fmt.Errorf("%s: Data and External exclude each other", name)
		}
		s.keys = slices.Sorted(maps.Keys(args.External.Keys))
	}
	if len(s.keys) == 0 {
		return nil, fmt.Errorf("%s: it holds no key; leave the AppSecret out instead", name)
	}
	if err := ctx.RegisterComponentResource(componentType("AppSecret"), name, s, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if args.External != nil {
		ref, err := newExternalSecret(ctx, name+"-externalsecret", args, withParent(s)...)
		if err != nil {
			return nil, err
		}
		s.Ref = ref
		return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"ref": s.Ref})
	}
	data := pulumi.StringMap{}
	for key, value := range args.Data {
		data[key] = pulumi.ToSecret(value).(pulumi.StringOutput)
	}
	secret, err := corev1.NewSecret(ctx, name+"-secret", &corev1.SecretArgs{
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace,
			Labels:    pulumi.ToStringMap(labels(args.Service, args.Instance)),
		},
		Immutable:  pulumi.Bool(true),
		StringData: data,
	}, withParent(s)...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating Secret: %w", name, err)
	}
	// The name alone is no secret, but an output of a resource with secret inputs may be marked as one, and a secret
	// name would hide the whole Deployment from preview.
	s.Ref = pulumi.Unsecret(secret.Metadata.Name().Elem()).(pulumi.StringOutput)
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{"ref": s.Ref})
}

// Env returns one environment variable per key, each a reference to the Secret: no pod template holds a value.
func (s *AppSecret) Env() corev1.EnvVarArray {
	vars := corev1.EnvVarArray{}
	for _, key := range s.keys {
		vars = append(vars, s.EnvVar(key, key))
	}
	return vars
}

// EnvVar is a single key under a name of the reader's choice.
func (s *AppSecret) EnvVar(name, key string) corev1.EnvVarArgs {
	return corev1.EnvVarArgs{
		Name: pulumi.String(name),
		ValueFrom: &corev1.EnvVarSourceArgs{
			SecretKeyRef: &corev1.SecretKeySelectorArgs{Name: s.Ref, Key: pulumi.String(key)},
		},
	}
}
