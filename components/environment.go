package components

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// EnvironmentArgs are what one container finds in its environment. A name in a later field wins over the same name in an
// earlier one.
type EnvironmentArgs struct {
	EnvFrom  []string                      // existing Secrets of the namespace, whose keys become variables; nil is none
	Config   map[string]string             // plain text; nil is none
	Secrets  map[string]pulumi.StringInput // nil is none
	External *External                     // secrets from a store, instead of Secrets; nil is none
}

// environment is the same in a container's terms.
type environment struct {
	env     corev1.EnvVarArray
	envFrom corev1.EnvFromSourceArray
}

// newEnvironment creates what the container's environment refers to: `<name>-config` and `<name>-secrets`, each only when
// there is something to hold.
func newEnvironment(ctx *pulumi.Context, name, service, instance string, namespace pulumi.StringInput, args EnvironmentArgs, child []pulumi.ResourceOption) (e environment, err error) {
	for _, existing := range args.EnvFrom {
		e.envFrom = append(e.envFrom, corev1.EnvFromSourceArgs{SecretRef: &corev1.SecretEnvSourceArgs{Name: pulumi.String(existing)}})
	}
	if len(args.Config) > 0 {
		plain, err := NewAppConfig(ctx, name+"-config", AppConfigArgs{
			Service: service, Instance: instance, Namespace: namespace, Data: args.Config,
		}, child...)
		if err != nil {
			return e, err
		}
		e.envFrom = append(e.envFrom, corev1.EnvFromSourceArgs{ConfigMapRef: &corev1.ConfigMapEnvSourceArgs{Name: plain.Ref}})
	}
	if len(args.Secrets) > 0 || args.External != nil {
		secrets, err := NewAppSecret(ctx, name+"-secrets", AppSecretArgs{
			Service: service, Instance: instance, Namespace: namespace, Data: args.Secrets, External: args.External,
		}, child...)
		if err != nil {
			return e, err
		}
		e.env = secrets.Env()
	}
	return e, nil
}
