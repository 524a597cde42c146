package platform

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

const (
	podMonitorType     = "kubernetes:monitoring.coreos.com/v1:PodMonitor"
	prometheusRuleType = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
)

// observed is the development stack under tools that watch it.
func observed(t *testing.T, observability string, more map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000", "todo:observability": observability,
	}}
	maps.Copy(o.Config, more)
	return runStack(t, o)
}

func TestNobodyHasToWatch(t *testing.T) {
	r := observed(t, `{}`, nil)
	if n := len(r.OfType(podMonitorType)) + len(r.OfType(prometheusRuleType)) + len(r.OfType("todo:components:Observability")); n != 0 {
		t.Errorf("%d objects of observability exist that nobody asked for", n)
	}
	backend := r.Get(deploymentType, "todo-backend-deployment")
	expect(t, backend, container+"ports", `[{"containerPort":8000,"name":"http"}]`, "no other port is declared")
	expect(t, backend, "spec.template.metadata.annotations", `{"kubectl.kubernetes.io/default-container":"backend"}`, "nothing invites a scraper")
	for _, c := range r.OfType(configMapType) {
		if text := c.JSON("data"); strings.Contains(text, "OTEL") || strings.Contains(text, "METRICS_PORT") {
			t.Errorf("%s has variables of observability: %s", c.Name, text)
		}
	}
}

func TestMetricsByAnnotations(t *testing.T) {
	r := observed(t, `{"metrics":"annotations"}`, map[string]string{"todo:services": `{"backend":{"podAnnotations":{"prometheus.io/scheme":"http"}}}`})
	backend := r.Get(deploymentType, "todo-backend-deployment")
	expect(t, backend, "spec.template.metadata.annotations",
		`{"kubectl.kubernetes.io/default-container":"backend","prometheus.io/path":"/metrics","prometheus.io/port":"9090","prometheus.io/scheme":"http","prometheus.io/scrape":"true"}`,
		"those of Prometheus' example configuration, beside the stack's own")
	expect(t, backend, container+"ports", `[{"containerPort":8000,"name":"http"},{"containerPort":9090,"name":"metrics"}]`, "the annotations' port")
	expect(t, r.Get(configMapType, "todo-backend-config-configmap"), "data.METRICS_PORT", `"9090"`, "the backend serves where it is scraped")
	expect(t, r.Get("kubernetes:core/v1:Service", "todo-backend-service"), "spec.ports", `[{"name":"http","port":8000,"targetPort":"http"}]`,
		"what a Service has an exposure could make public")
	for _, front := range []string{"frontend-web", "frontend-chatbot"} {
		if text := r.Get(deploymentType, "todo-"+front+"-deployment").JSON("spec.template"); strings.Contains(text, "prometheus") || strings.Contains(text, "9090") {
			t.Errorf("%s invites a scraper, and has no metrics", front)
		}
	}
	if n := len(r.OfType("todo:components:Observability")); n != 0 {
		t.Errorf("there are %d Observability components, and annotations need no object", n)
	}
}

func TestMetricsByPodMonitor(t *testing.T) {
	r := observed(t, `{"metrics":"podMonitor","labels":{"release":"kube-prometheus-stack"}}`, nil)
	monitor := r.Get(podMonitorType, "todo-observability-podmonitor")
	expect(t, monitor, "spec.podMetricsEndpoints", `[{"path":"/metrics","port":"metrics"}]`, "the name of the pod's port")
	expect(t, monitor, "metadata.labels.release", `"kube-prometheus-stack"`, "the operator selects by it")
	expect(t, monitor, "metadata.namespace", `"todo-dev"`, "that of the pods")
	var selector podLabels
	if err := json.Unmarshal([]byte(monitor.JSON("spec.selector")), &selector); err != nil {
		t.Fatal(err)
	}
	if got := services(r, selector); got != "backend" {
		t.Errorf("the PodMonitor selects %q, want the backend alone", got)
	}
	if text := r.Get(deploymentType, "todo-backend-deployment").JSON("spec.template.metadata.annotations"); strings.Contains(text, "prometheus.io") {
		t.Errorf("a scraper that looks for annotations too would count every pod twice: %s", text)
	}
}

// fileOf is one of a ConfigMap's; a name with dots is no path.
func fileOf(configMap pulumitest.Resource, name string) string {
	text, _ := configMap.At("data").Mappable().(map[string]any)[name].(string)
	return text
}

func TestAlertsAndDashboardAreTheStacksOwn(t *testing.T) {
	plain := observed(t, `{"metrics":"annotations","alerts":"configMap","dashboard":true}`, nil)
	rules := fileOf(plain.Get(configMapType, "todo-observability-alerts"), "todo-dev.rules.yaml")
	board := plain.Get(configMapType, "todo-observability-dashboard")
	expect(t, board, "metadata.labels.grafana_dashboard", `"1"`, "the sidecar of Grafana's charts looks for it")
	if !board.DeleteBeforeReplace {
		t.Error("a changed dashboard's ConfigMap comes before the old one goes: both hold a file of one name, which the sidecar then removes")
	}
	for what, text := range map[string]string{"rules": rules, "dashboard": fileOf(board, "todo-dev.json")} {
		if strings.Contains(text, "NAMESPACE") || !strings.Contains(text, `namespace=`) || !strings.Contains(text, "todo-dev") {
			t.Errorf("the %s are not about the namespace todo-dev", what)
		}
	}
	other := observed(t, `{"metrics":"annotations","dashboard":true}`, map[string]string{"todo:namespace": "todo-two"}).Get(configMapType, "todo-observability-dashboard")
	type uid struct{ UID string }
	var one, two uid
	if err := json.Unmarshal([]byte(fileOf(board, "todo-dev.json")), &one); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(fileOf(other, "todo-two.json")), &two); err != nil {
		t.Fatal(err)
	}
	if one == two || one.UID == "UID" || len(one.UID) > 40 {
		t.Errorf("the dashboards of two stacks have the uids %q and %q: one would take the other's place in Grafana", one, two)
	}

	operator := observed(t, `{"metrics":"podMonitor","alerts":"prometheusRule","labels":{"release":"x"}}`, nil).Get(prometheusRuleType, "todo-observability-alerts")
	expect(t, operator, "spec.groups.0.name", `"todo-todo-dev"`, "the same rules")
	expect(t, operator, "spec.groups.0.rules.0.expr", `"absent(db_pool_connections_max{namespace=\"todo-dev\"})"`, "the same rules")
	expect(t, operator, "metadata.labels.release", `"x"`, "the operator selects by it")
}

func TestTracesGoToTheCollector(t *testing.T) {
	r := observed(t, `{"otlpEndpoint":"http://collector.monitoring:4318"}`, map[string]string{
		"todo:images":   `{"frontend-web":"registry.your-company.com:5000/web:1.2","frontend-chatbot":"chat@sha256:` + strings.Repeat("a", 64) + `"}`,
		"todo:services": `{"backend":{"env":{"OTEL_SERVICE_NAME":"todo-api"}}}`,
	})
	backendImage := r.Get(deploymentType, "todo-backend-deployment").Text(container + "image")
	for service, want := range map[string]struct{ name, version string }{
		"backend":      {"todo-api", backendImage[strings.LastIndex(backendImage, ":")+1:]},
		"frontend-web": {"frontend-web", "1.2"}, "frontend-chatbot": {"frontend-chatbot", "sha256:" + strings.Repeat("a", 64)},
	} {
		env := r.Get(configMapType, "todo-"+service+"-config-configmap")
		expect(t, env, "data.OTEL_EXPORTER_OTLP_ENDPOINT", `"http://collector.monitoring:4318"`, "as configured")
		expect(t, env, "data.OTEL_SERVICE_NAME", `"`+want.name+`"`, "the service's own name, or the one that it is given")
		expect(t, env, "data.OTEL_RESOURCE_ATTRIBUTES", `"service.namespace=todo-dev,service.version=`+want.version+`,k8s.namespace.name=todo-dev,deployment.environment.name=development"`,
			"what tells releases apart")
	}
}
