package components

import (
	"strings"
	"testing"

	"todo/spec"
)

const (
	autoscalerType = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
	budgetType     = "kubernetes:policy/v1:PodDisruptionBudget"
)

func scaled() WorkloadArgs {
	args := workloadArgs()
	args.Autoscaling = &spec.Autoscaling{Enabled: true, MinReplicas: 2, MaxReplicas: 5, CPUPercent: 60, ScaleDownSeconds: 120}
	return args
}

func TestAutoscaler(t *testing.T) {
	r, err := runWorkload(t, scaled())
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r.Get(deploymentType, "web-deployment"), "spec.replicas", "null", "the autoscaler owns the number: with two owners each update undoes it")
	hpa := r.Get(autoscalerType, "web-autoscaler")
	for _, c := range []struct{ path, want, why string }{
		{"spec.scaleTargetRef", `{"apiVersion":"apps/v1","kind":"Deployment","name":"web-deployment-0a1b2c3d"}`, "the Deployment's generated name"},
		{"spec.minReplicas", "2", "as asked"},
		{"spec.maxReplicas", "5", "as asked"},
		{"spec.metrics", `[{"resource":{"name":"cpu","target":{"averageUtilization":60,"type":"Utilization"}},"type":"Resource"}]`, "CPU alone"},
		{"spec.behavior", `{"scaleDown":{"policies":[{"periodSeconds":60,"type":"Pods","value":1}],"stabilizationWindowSeconds":120}}`, "calm on the way down"},
	} {
		expect(t, hpa, c.path, c.want, c.why)
	}
}

func TestAutoscalerOnMemory(t *testing.T) {
	args := scaled()
	args.Autoscaling.CPUPercent, args.Autoscaling.MemoryPercent = 0, 80
	r, err := runWorkload(t, args)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r.Get(autoscalerType, "web-autoscaler"), "spec.metrics",
		`[{"resource":{"name":"memory","target":{"averageUtilization":80,"type":"Utilization"}},"type":"Resource"}]`, "memory alone")
}

func TestAutoscalingRefusals(t *testing.T) {
	for name, change := range map[string]func(*spec.Autoscaling){
		"no pod":     func(a *spec.Autoscaling) { a.MinReplicas = 0 },
		"max < min":  func(a *spec.Autoscaling) { a.MaxReplicas = 1 },
		"no measure": func(a *spec.Autoscaling) { a.CPUPercent = 0 },
	} {
		args := scaled()
		change(args.Autoscaling)
		r, err := runWorkload(t, args)
		if err == nil || !strings.Contains(err.Error(), "Autoscaling is ") || len(r.All()) > 0 {
			t.Errorf("%s: want a refusal and no resource, got %v and %d", name, err, len(r.All()))
		}
	}
}

func TestDisruptionBudget(t *testing.T) {
	for name, c := range map[string]struct {
		args func() WorkloadArgs
		want bool
	}{
		"two pods":                 {workloadArgs, true},
		"one pod":                  {func() WorkloadArgs { a := workloadArgs(); a.Replicas = 1; return a }, false},
		"no pod":                   {func() WorkloadArgs { a := workloadArgs(); a.Replicas = 0; return a }, false},
		"autoscaled from two":      {func() WorkloadArgs { a := scaled(); a.Replicas = 0; return a }, true},
		"autoscaled from only one": {func() WorkloadArgs { a := scaled(); a.Autoscaling.MinReplicas = 1; return a }, false},
	} {
		r, err := runWorkload(t, c.args())
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.OfType(budgetType)); (n == 1) != c.want {
			t.Errorf("%s: %d budgets, want one: %t. Over a single pod it forbids every drain or nothing", name, n, c.want)
		}
		if c.want {
			budget := r.Get(budgetType, "web-disruptionbudget")
			expect(t, budget, "spec.maxUnavailable", "1", "a drain goes on, one pod at a time")
			expect(t, budget, "spec.unhealthyPodEvictionPolicy", `"AlwaysAllow"`, "a crashing pod blocks no drain")
			expect(t, budget, "spec.selector.matchLabels", r.Get(deploymentType, "web-deployment").JSON("spec.selector.matchLabels"), "its own pods")
		}
	}
}
