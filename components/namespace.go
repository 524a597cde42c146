package components

import (
	"fmt"
	"maps"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// NewNamespace creates the namespace under a fixed name: it is configuration, and users type it. It enforces the
// restricted Pod Security Standard, so a pod that would run as root is refused by the API server and not by a review.
func NewNamespace(ctx *pulumi.Context, name, namespace, instance string, opts ...pulumi.ResourceOption) (*corev1.Namespace, error) {
	all := labels(namespace, instance)
	maps.Copy(all, map[string]string{
		"pod-security.kubernetes.io/enforce": "restricted",
		"pod-security.kubernetes.io/audit":   "restricted",
		"pod-security.kubernetes.io/warn":    "restricted",
	})
	ns, err := corev1.NewNamespace(ctx, name, &corev1.NamespaceArgs{
		Metadata: &metav1.ObjectMetaArgs{Name: pulumi.String(namespace), Labels: pulumi.ToStringMap(all)},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("creating namespace %s: %w", namespace, err)
	}
	return ns, nil
}
