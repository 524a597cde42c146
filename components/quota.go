package components

import (
	"errors"
	"fmt"

	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// Quota keeps the namespace to what its services need: a ResourceQuota for the sum, and a LimitRange that gives a
// container without requests and limits (a kubectl run) the defaults, because a quota would refuse it. It has no outputs.
type Quota struct {
	pulumi.ResourceState
}

// QuotaArgs are a Quota's inputs; all are required.
type QuotaArgs struct {
	Instance  string // the installation, for labels
	Namespace pulumi.StringInput
	Pods      []PodCount
	Default   spec.Resources // of a container that says nothing
	Claims    int            // volumes
	Storage   string         // of all volumes together
}

// PodCount is so many pods of one container each, at the worst moment.
type PodCount struct {
	Count     int
	Resources spec.Resources
}

// Validate reports what is wrong with the args.
func (a QuotaArgs) Validate() error {
	if a.Namespace == nil || a.Instance == "" || len(a.Pods) == 0 || a.Storage == "" {
		return errors.New("Namespace, Instance, Pods and Storage are required")
	}
	return nil
}

// NewQuota creates `<name>-resourcequota` and `<name>-limitrange`.
func NewQuota(ctx *pulumi.Context, name string, args QuotaArgs, opts ...pulumi.ResourceOption) (*Quota, error) {
	if err := args.Validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	hard, err := args.hard()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	q := &Quota{}
	if err := ctx.RegisterComponentResource(componentType("Quota"), name, q, opts...); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	child := withParent(q)
	meta := &metav1.ObjectMetaArgs{Namespace: args.Namespace, Labels: pulumi.ToStringMap(labels("quota", args.Instance))}

	if _, err = corev1.NewResourceQuota(ctx, name+"-resourcequota", &corev1.ResourceQuotaArgs{
		Metadata: meta, Spec: &corev1.ResourceQuotaSpecArgs{Hard: pulumi.ToStringMap(hard)},
	}, child...); err != nil {
		return nil, fmt.Errorf("%s: creating ResourceQuota: %w", name, err)
	}
	if _, err = corev1.NewLimitRange(ctx, name+"-limitrange", &corev1.LimitRangeArgs{
		Metadata: meta,
		Spec: &corev1.LimitRangeSpecArgs{Limits: corev1.LimitRangeItemArray{corev1.LimitRangeItemArgs{
			Type:           pulumi.String("Container"),
			DefaultRequest: quantities(args.Default.Requests),
			Default:        quantities(args.Default.Limits),
		}}},
	}, child...); err != nil {
		return nil, fmt.Errorf("%s: creating LimitRange: %w", name, err)
	}
	return q, ctx.RegisterResourceOutputs(q, pulumi.Map{})
}

// hard is the sum over all pods, per resource.
func (a QuotaArgs) hard() (map[string]string, error) {
	pods := 0
	var requests, limits []spec.Share
	for _, p := range a.Pods {
		pods += p.Count
		requests = append(requests, spec.Share{Count: p.Count, Of: p.Resources.Requests})
		limits = append(limits, spec.Share{Count: p.Count, Of: p.Resources.Limits})
	}
	request, err := spec.Sum(requests)
	if err != nil {
		return nil, fmt.Errorf("requests: %w", err)
	}
	limit, err := spec.Sum(limits)
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	// A volume is bytes, as memory is.
	volumes, err := spec.Sum([]spec.Share{{Count: 1, Of: spec.Quantities{CPU: "0", Memory: a.Storage, EphemeralStorage: "0"}}})
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return map[string]string{
		"pods":                   fmt.Sprint(pods),
		"persistentvolumeclaims": fmt.Sprint(a.Claims), "requests.storage": volumes.Memory,
		"requests.cpu": request.CPU, "requests.memory": request.Memory, "requests.ephemeral-storage": request.EphemeralStorage,
		"limits.cpu": limit.CPU, "limits.memory": limit.Memory, "limits.ephemeral-storage": limit.EphemeralStorage,
	}, nil
}
