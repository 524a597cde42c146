// Package components holds the pieces of the platform as Pulumi component resources. Each takes plain Go values,
// except what another resource produces, and can be used without the others.
package components

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelPartOf    = "app.kubernetes.io/part-of"
	labelManagedBy = "app.kubernetes.io/managed-by"
)

// selectorLabels identify the pods of one service of one installation. They cannot change during its life:
// a Deployment's selector is immutable.
func selectorLabels(service, instance string) map[string]string {
	return map[string]string{labelName: service, labelInstance: instance}
}

// labels are Kubernetes' recommended set.
func labels(service, instance string) map[string]string {
	all := maps.Clone(selectorLabels(service, instance))
	all[labelPartOf] = "todo"
	all[labelManagedBy] = "pulumi"
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
