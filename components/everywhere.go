package components

import (
	"reflect"

	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Everywhere adds labels and annotations to every Kubernetes object below a component, and to the pods that it makes.
// What an object says itself wins. A transformation reaches all of them, also those that nobody has written yet; arguments
// through every component would not.
func Everywhere(labels, annotations map[string]string) pulumi.ResourceOption {
	return pulumi.Transformations([]pulumi.ResourceTransformation{func(args *pulumi.ResourceTransformationArgs) *pulumi.ResourceTransformationResult {
		if args.Props == nil {
			return nil
		}
		for _, path := range [][]string{{"Metadata"}, {"Spec", "Template", "Metadata"}} {
			field := follow(reflect.ValueOf(args.Props), path)
			if !field.IsValid() {
				continue
			}
			if meta, ok := field.Interface().(*metav1.ObjectMetaArgs); ok && meta != nil {
				own := *meta // a copy: two objects may share one, and the first may be on its way already
				own.Labels, own.Annotations = withMore(meta.Labels, labels), withMore(meta.Annotations, annotations)
				field.Set(reflect.ValueOf(&own))
			}
		}
		return &pulumi.ResourceTransformationResult{Props: args.Props, Opts: args.Opts}
	}})
}

// follow goes down the fields of pointers to structs; the zero Value when one is missing.
func follow(v reflect.Value, path []string) reflect.Value {
	for _, name := range path {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return reflect.Value{}
		}
		v = v.FieldByName(name)
	}
	return v
}

// withMore returns a copy: one map may serve several objects.
func withMore(own pulumi.StringMapInput, more map[string]string) pulumi.StringMapInput {
	given, plain := own.(pulumi.StringMap)
	if len(more) == 0 || (own != nil && !plain) {
		return own
	}
	all := pulumi.ToStringMap(more)
	for key, value := range given {
		all[key] = value
	}
	return all
}
