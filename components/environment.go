package components

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// environment is what one container finds in its environment.
type environment struct {
	service, instance string
	namespace         pulumi.StringInput
	config            map[string]string             // nil is none
	secrets           map[string]pulumi.StringInput // nil is none
	external          *External                     // instead of secrets; nil is none
}

// newEnvironment creates what the container's environment refers to: `<name>-config` and `<name>-secrets`, each only when
// there is something to hold.
func newEnvironment(ctx *pulumi.Context, name string, e environment, child []pulumi.ResourceOption) (corev1.EnvVarArray, corev1.EnvFromSourceArray, error) {
	var env corev1.EnvVarArray
	var envFrom corev1.EnvFromSourceArray
	if len(e.config) > 0 {
		plain, err := NewAppConfig(ctx, name+"-config", AppConfigArgs{
			Service: e.service, Instance: e.instance, Namespace: e.namespace, Data: e.config,
		}, child...)
		if err != nil {
			return nil, nil, err
		}
		envFrom = corev1.EnvFromSourceArray{corev1.EnvFromSourceArgs{ConfigMapRef: &corev1.ConfigMapEnvSourceArgs{Name: plain.Ref}}}
	}
	if len(e.secrets) > 0 || e.external != nil {
		secrets, err := NewAppSecret(ctx, name+"-secrets", AppSecretArgs{
			Service: e.service, Instance: e.instance, Namespace: e.namespace, Data: e.secrets, External: e.external,
		}, child...)
		if err != nil {
			return nil, nil, err
		}
		env = secrets.Env()
	}
	return env, envFrom, nil
}
