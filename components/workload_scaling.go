package components

import (
	"fmt"

	appsv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/apps/v1"
	autoscalingv2 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/autoscaling/v2"
	metav1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/meta/v1"
	policyv1 "github.com/pulumi/pulumi-kubernetes/sdk/v4/go/kubernetes/policy/v1"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// Pods that go one a minute leave each other's load time to settle, and their own requests time to finish.
	scaleDownPods          = 1
	scaleDownPeriodSeconds = 60
)

// replicas is unset under an autoscaler: two owners of one number undo each other's work (pulumi/pulumi-kubernetes#2491).
func (a WorkloadArgs) replicas() pulumi.IntPtrInput {
	if a.Autoscaling != nil {
		return nil
	}
	return pulumi.Int(a.Replicas)
}

// newScaling creates what adds and removes pods: the autoscaler, and the budget for who drains nodes.
func (a WorkloadArgs) newScaling(ctx *pulumi.Context, name string, selector map[string]string, deployment *appsv1.Deployment, child []pulumi.ResourceOption) error {
	meta := a.meta()
	always := a.Replicas
	if a.Autoscaling != nil {
		always = a.Autoscaling.MinReplicas
		_, err := autoscalingv2.NewHorizontalPodAutoscaler(ctx, name+"-autoscaler", &autoscalingv2.HorizontalPodAutoscalerArgs{
			Metadata: meta,
			Spec: &autoscalingv2.HorizontalPodAutoscalerSpecArgs{
				ScaleTargetRef: &autoscalingv2.CrossVersionObjectReferenceArgs{
					ApiVersion: pulumi.String("apps/v1"), Kind: pulumi.String("Deployment"), Name: deployment.Metadata.Name().Elem(),
				},
				MinReplicas: pulumi.Int(a.Autoscaling.MinReplicas),
				MaxReplicas: pulumi.Int(a.Autoscaling.MaxReplicas),
				Metrics:     a.metrics(),
				// Upwards Kubernetes' own haste is right: double the pods, or four more, every 15 s.
				Behavior: &autoscalingv2.HorizontalPodAutoscalerBehaviorArgs{ScaleDown: &autoscalingv2.HPAScalingRulesArgs{
					StabilizationWindowSeconds: pulumi.Int(a.Autoscaling.ScaleDownSeconds),
					Policies: autoscalingv2.HPAScalingPolicyArray{autoscalingv2.HPAScalingPolicyArgs{
						Type: pulumi.String("Pods"), Value: pulumi.Int(scaleDownPods), PeriodSeconds: pulumi.Int(scaleDownPeriodSeconds),
					}},
				}},
			},
		}, child...)
		if err != nil {
			return fmt.Errorf("%s: creating HorizontalPodAutoscaler: %w", name, err)
		}
	}
	// Over a single pod a budget either forbids every drain (minAvailable 1) or nothing at all (maxUnavailable 1).
	if always < 2 {
		return nil
	}
	// One at a time, whatever the autoscaler makes of the number. A pod that is not Ready protects nobody and may always go:
	// otherwise a crashing release would block the drain of its node.
	_, err := policyv1.NewPodDisruptionBudget(ctx, name+"-disruptionbudget", &policyv1.PodDisruptionBudgetArgs{
		Metadata: meta,
		Spec: &policyv1.PodDisruptionBudgetSpecArgs{
			MaxUnavailable:             pulumi.Int(1),
			UnhealthyPodEvictionPolicy: pulumi.String("AlwaysAllow"),
			Selector:                   &metav1.LabelSelectorArgs{MatchLabels: pulumi.ToStringMap(selector)},
		},
	}, child...)
	if err != nil {
		return fmt.Errorf("%s: creating PodDisruptionBudget: %w", name, err)
	}
	return nil
}

func (a WorkloadArgs) metrics() autoscalingv2.MetricSpecArray {
	var metrics autoscalingv2.MetricSpecArray
	for _, m := range []struct {
		resource string
		percent  int
	}{{"cpu", a.Autoscaling.CPUPercent}, {"memory", a.Autoscaling.MemoryPercent}} {
		if m.percent == 0 {
			continue
		}
		metrics = append(metrics, autoscalingv2.MetricSpecArgs{
			Type: pulumi.String("Resource"),
			Resource: &autoscalingv2.ResourceMetricSourceArgs{
				Name:   pulumi.String(m.resource),
				Target: &autoscalingv2.MetricTargetArgs{Type: pulumi.String("Utilization"), AverageUtilization: pulumi.Int(m.percent)},
			},
		})
	}
	return metrics
}
