package components

import (
	corev1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/core/v1"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/spec"
)

// spread asks for pods of one service on different nodes, and in different zones. ScheduleAnyway for both: what it costs
// is an uneven moment, while DoNotSchedule leaves pods Pending on one node, in a cluster whose nodes name no zone, and on
// the day that a zone is lost, which is when they are needed.
func spread(selector map[string]string, zones bool) corev1.TopologySpreadConstraintArray {
	over := []string{"kubernetes.io/hostname"}
	if zones {
		over = append(over, "topology.kubernetes.io/zone")
	}
	var constraints corev1.TopologySpreadConstraintArray
	for _, key := range over {
		constraints = append(constraints, corev1.TopologySpreadConstraintArgs{
			MaxSkew:           pulumi.Int(1),
			TopologyKey:       pulumi.String(key),
			WhenUnsatisfiable: pulumi.String("ScheduleAnyway"),
			LabelSelector:     &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector)},
			// Count the pods of one rollout only: the old ones are about to go.
			MatchLabelKeys: pulumi.StringArray{pulumi.String("pod-template-hash")},
		})
	}
	return constraints
}

func tolerations(given []spec.Toleration) corev1.TolerationArray {
	var all corev1.TolerationArray
	for _, t := range given {
		all = append(all, corev1.TolerationArgs{
			Key: optional(t.Key), Operator: optional(t.Operator), Value: optional(t.Value), Effect: optional(t.Effect),
			TolerationSeconds: pulumi.IntPtrFromPtr(t.Seconds),
		})
	}
	return all
}
