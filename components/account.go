package components

import (
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ServiceAccount is the identity of a workload's pods; the zero value has one made, under a generated name.
type ServiceAccount struct {
	Name     string
	Existing bool // the ServiceAccount exists; it is used as it is, and not created
}

// newAccount creates a ServiceAccount, unless it exists, and returns its name.
func newAccount(ctx *pulumi.Context, name string, given ServiceAccount, meta *metav1.ObjectMetaArgs, pullSecrets []pulumi.StringInput, child []pulumi.ResourceOption) (pulumi.StringInput, error) {
	if given.Existing {
		return pulumi.String(given.Name), nil
	}
	meta.Name = optional(given.Name)
	account, err := corev1.NewServiceAccount(ctx, name, &corev1.ServiceAccountArgs{
		Metadata:                     meta,
		AutomountServiceAccountToken: pulumi.Bool(false), // nothing here talks to the API server
		ImagePullSecrets:             references(pullSecrets),
	}, child...)
	if err != nil {
		return nil, fmt.Errorf("%s: creating ServiceAccount: %w", name, err)
	}
	return account.Metadata.Name().Elem(), nil
}
