// Package components holds the pieces of the platform as Pulumi component resources. Each takes plain Go values,
// except what another resource produces, and can be used without the others.
package components

import (
	"maps"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
)

// Selector returns the labels that identify the pods of one service of one installation. They cannot change during its life:
// a Deployment's selector is immutable.
func Selector(service, instance string) map[string]string {
	return map[string]string{labelName: service, labelInstance: instance}
}

// labels are Kubernetes' recommended set.
func labels(service, instance string) map[string]string {
	all := maps.Clone(Selector(service, instance))
	all[labelPartOf] = "todo"
	all[labelManagedBy] = "pulumi"
	return all
}

// meta is the metadata of an object whose name Kubernetes generates.
func meta(namespace pulumi.StringInput, service, instance string) *metav1.ObjectMetaArgs {
	return &metav1.ObjectMetaArgs{Namespace: namespace, Labels: pulumi.ToStringMap(labels(service, instance))}
}

// merged returns both maps in one, in which more wins. A name without a value is left out: an empty one would look set.
func merged(own, more map[string]string) map[string]string {
	all := map[string]string{}
	maps.Copy(all, own)
	maps.Copy(all, more)
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// optional leaves an empty value to Kubernetes' own default.
func optional(value string) pulumi.StringPtrInput {
	if value == "" {
		return nil
	}
	return pulumi.String(value)
}

// componentType is the type token of one of this package's components.
func componentType(name string) string { return "todo:components:" + name }

// withParent is a component's child options: built once, reused for every child.
func withParent(parent pulumi.Resource) []pulumi.ResourceOption {
	return []pulumi.ResourceOption{pulumi.Parent(parent)}
}
