package components

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes"
	"github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apiextensions"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// External is where the External Secrets Operator reads the secret environment of one service.
type External struct {
	Store, StoreKind string
	RefreshInterval  string                    // a duration as Go writes it
	Keys             map[string]spec.RemoteRef // by variable
}

// newExternalSecret creates an ExternalSecret, from which the operator makes a Secret of the same name, and returns that
// name. The operator changes the Secret in place: a new value reaches a pod when it starts.
func newExternalSecret(ctx *pulumi.Context, name string, args AppSecretArgs, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	var data []any
	for _, variable := range slices.Sorted(maps.Keys(args.External.Keys)) {
		remote := map[string]any{"key": args.External.Keys[variable].Key}
		if property := args.External.Keys[variable].Property; property != "" {
			remote["property"] = property
		}
		data = append(data, map[string]any{"secretKey": variable, "remoteRef": remote})
	}
	resource, err := apiextensions.NewCustomResource(ctx, name, &apiextensions.CustomResourceArgs{
		ApiVersion: pulumi.String("external-secrets.io/v1"), Kind: pulumi.String("ExternalSecret"),
		Metadata: &metav1.ObjectMetaArgs{
			Namespace: args.Namespace,
			Labels:    pulumi.ToStringMap(labels(args.Service, args.Instance)),
			// Pods that start before the Secret is there fail, and a wrong key in the store shows here and not in them.
			Annotations: pulumi.StringMap{"pulumi.com/waitFor": pulumi.String("condition=Ready")},
		},
		OtherFields: kubernetes.UntypedArgs{"spec": map[string]any{
			"refreshInterval": args.External.RefreshInterval,
			"secretStoreRef":  map[string]any{"name": args.External.Store, "kind": args.External.StoreKind},
			"data":            data,
		}},
	}, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("%s: creating ExternalSecret: %w", name, err)
	}
	return resource.Metadata.Name().Elem(), nil
}
