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

func TestProductionScales(t *testing.T) {
	r := runProduction(t, map[string]string{"todo:services": `{"backend":{"replicas":3},"frontend-chatbot":{"autoscaling":{"enabled":false}}}`})
	backend := r.Get(autoscalerType, "todo-backend-autoscaler")
	expect(t, backend, "spec.minReplicas", "3", "replicas are the least")
	expect(t, backend, "spec.maxReplicas", "9", "three times as many")
	expect(t, backend, "spec.behavior.scaleDown.stabilizationWindowSeconds", "300", "the default")
	expect(t, r.Get(autoscalerType, "todo-frontend-web-autoscaler"), "spec.minReplicas", "2", "the topology's")
	expect(t, r.Get(deploymentType, "todo-frontend-chatbot-deployment"), "spec.replicas", "2", "switched off")
	if n := len(r.OfType(autoscalerType)); n != 2 {
		t.Errorf("there are %d autoscalers, want 2", n)
	}
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), pod+"topologySpreadConstraints.1.topologyKey", `"topology.kubernetes.io/zone"`, "a zone may go")
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), pod+"topologySpreadConstraints.1.whenUnsatisfiable", `"ScheduleAnyway"`, "and then its pods have to start elsewhere")

	dev := runApp(t, nil)
	if n := len(dev.OfType(autoscalerType)); n != 0 {
		t.Errorf("development has %d autoscalers, want none unless asked for", n)
	}
	expect(t, dev.Get(deploymentType, "todo-backend-deployment"), pod+"topologySpreadConstraints.1", "null", "a local cluster has no zones")
}

func TestNoReplicasStayNone(t *testing.T) {
	r := runProduction(t, map[string]string{"todo:services": `{"frontend-chatbot":{"replicas":0}}`})
	expect(t, r.Get(deploymentType, "todo-frontend-chatbot-deployment"), "spec.replicas", "0", "a service that is switched off is not scaled up")
}

func TestPodSettings(t *testing.T) {
	r := runApp(t, map[string]string{
		"todo:labels": `{"team":"todo"}`, "todo:annotations": `{"example.com/owner":"ann"}`,
		"todo:services": `{"backend":{
			"podLabels":{"mesh":"on"},"podAnnotations":{"sidecar.istio.io/inject":"true"},"nodeSelector":{"kubernetes.io/arch":"amd64"},
			"tolerations":[{"key":"dedicated","value":"todo","effect":"NoSchedule"},{"operator":"Exists","effect":"NoExecute","tolerationSeconds":30}],
			"priorityClassName":"important","terminationGracePeriodSeconds":90,"probes":{"livenessSeconds":20,"startupSeconds":200},"serviceAccount":{"annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/todo"}}}}`,
	})
	backend := r.Get(deploymentType, "todo-backend-deployment")
	meta := "spec.template.metadata."
	for _, c := range []struct{ path, want string }{
		{pod + "nodeSelector", `{"kubernetes.io/arch":"amd64"}`},
		{pod + "tolerations", `[{"effect":"NoSchedule","key":"dedicated","value":"todo"},{"effect":"NoExecute","operator":"Exists","tolerationSeconds":30}]`},
		{pod + "priorityClassName", `"important"`},
		{pod + "terminationGracePeriodSeconds", "90"},
		{container + "livenessProbe.failureThreshold", "3"}, // of 7 s each
		{container + "startupProbe.failureThreshold", "100"},
		{meta + "labels.mesh", `"on"`},
		{meta + "labels.team", `"todo"`},
		{"metadata.labels.team", `"todo"`},
		{"metadata.labels.mesh", "null"},
		{meta + "annotations", `{"example.com/owner":"ann","kubectl.kubernetes.io/default-container":"backend","sidecar.istio.io/inject":"true"}`},
		{"spec.selector.matchLabels.team", "null"},
	} {
		expect(t, backend, c.path, c.want, "as configured")
	}
	web := r.Get(deploymentType, "todo-frontend-web-deployment")
	for _, path := range []string{pod + "nodeSelector", pod + "tolerations", pod + "priorityClassName", meta + "labels.mesh"} {
		if got := web.JSON(path); got != "null" && got != "{}" {
			t.Errorf("the web's %s is %s: the setting was the backend's", path, got)
		}
	}
	account := r.Get("kubernetes:core/v1:ServiceAccount", "todo-backend-serviceaccount").At("metadata.annotations").Mappable().(map[string]any)
	if account["eks.amazonaws.com/role-arn"] != "arn:aws:iam::1:role/todo" {
		t.Errorf("the backend's ServiceAccount has annotations %v, want its cloud identity", account)
	}
}

func TestLabelsReachEverything(t *testing.T) {
	r := runApp(t, map[string]string{"todo:labels": `{"team":"todo"}`, "todo:annotations": `{"owner":"ann"}`})
	plain := runApp(t, nil)
	for _, res := range r.All() {
		if !strings.HasPrefix(res.Type, "kubernetes:") {
			continue
		}
		expect(t, res, "metadata.labels.team", `"todo"`, "every object")
		expect(t, res, "metadata.annotations.owner", `"ann"`, "every object")
		if template := res.At("spec.template.metadata"); !template.IsNull() {
			expect(t, res, "spec.template.metadata.labels.team", `"todo"`, "and every pod")
		}
		other := plain.Get(res.Type, res.Name)
		expect(t, res, "spec.selector", other.JSON("spec.selector"), "a selector cannot change during an object's life")
	}
}
