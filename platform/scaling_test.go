package platform

import (
	"strings"
	"testing"
)

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
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), podPath+"topologySpreadConstraints.1.topologyKey", `"topology.kubernetes.io/zone"`, "a zone may go")
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), podPath+"topologySpreadConstraints.1.whenUnsatisfiable", `"ScheduleAnyway"`, "and then its pods have to start elsewhere")

	dev := runApp(t, nil)
	if n := len(dev.OfType(autoscalerType)); n != 0 {
		t.Errorf("development has %d autoscalers, want none unless asked for", n)
	}
	expect(t, dev.Get(deploymentType, "todo-backend-deployment"), podPath+"topologySpreadConstraints.1", "null", "a local cluster has no zones")
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
		{podPath + "nodeSelector", `{"kubernetes.io/arch":"amd64"}`},
		{podPath + "tolerations", `[{"effect":"NoSchedule","key":"dedicated","value":"todo"},{"effect":"NoExecute","operator":"Exists","tolerationSeconds":30}]`},
		{podPath + "priorityClassName", `"important"`},
		{podPath + "terminationGracePeriodSeconds", "90"},
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
	for _, path := range []string{podPath + "nodeSelector", podPath + "tolerations", podPath + "priorityClassName", meta + "labels.mesh"} {
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
