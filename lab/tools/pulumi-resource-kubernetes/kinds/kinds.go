// Package v2 takes the place of the Go SDK's package yaml/v2 inside the plugin's build.
//
// The plugin needs one function of that package, to register what a ConfigGroup or a Chart contains. The SDK's version of
// it names a Go type for each of Kubernetes' 300 kinds, and so draws in 60 packages that take two thirds of the plugin's
// compile time. The types tell the engine nothing: it is sent the token and the object. So one type does for all.
package v2

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// resource is a Kubernetes object of any kind.
type resource struct {
	pulumi.CustomResourceState

	APIVersion pulumi.StringPtrOutput `pulumi:"apiVersion"`
	Kind       pulumi.StringPtrOutput `pulumi:"kind"`
	Metadata   pulumi.MapOutput       `pulumi:"metadata"`
}

// RegisterResource registers a Kubernetes object under the token that the typed SDKs use for its kind.
func RegisterResource(ctx *pulumi.Context, apiVersion, kind, name string, props pulumi.Input, opts ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	if apiVersion == "v1" { // the core group has no name in Kubernetes, but has one in tokens
		apiVersion = "core/v1"
	}
	var object resource
	if err := ctx.RegisterResource("kubernetes:"+apiVersion+":"+kind, name, props, &object, opts...); err != nil {
		return nil, err
	}
	return &object, nil
}
