//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const watchers = "todo-e2e-monitoring" // namespace

// prometheus runs in a namespace of its own, as it does on a real cluster. The alert rules are those that the stack wrote.
const prometheus = `
apiVersion: v1
kind: Pod
metadata: {name: prometheus, namespace: ` + watchers + `}
spec:
  terminationGracePeriodSeconds: 1
  securityContext: {runAsUser: 65534, fsGroup: 65534}
  containers:
  - name: prometheus
    image: IMAGE
    command: [prometheus, --config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/data, --web.listen-address=0.0.0.0:9090]
    readinessProbe: {httpGet: {path: /-/ready, port: 9090}, periodSeconds: 1}
    resources: {requests: {cpu: 50m, memory: 64Mi}}
    volumeMounts: [{name: config, mountPath: /etc/prometheus}, {name: data, mountPath: /data}]
  volumes: [{name: config, configMap: {name: prometheus}}, {name: data, emptyDir: {}}]
`

// The relabelling is that of Prometheus' own example, documentation/examples/prometheus-kubernetes.yml. Debian's build lacks
// kubernetes_sd, so the test lists the pods in its place (listPods).
const prometheusConfig = `
global: {scrape_interval: 2s, evaluation_interval: 2s}
rule_files: [/etc/prometheus/*.rules.yaml]
scrape_configs:
- job_name: pods
  http_sd_configs: [{url: "PODS", refresh_interval: 3s}]
  relabel_configs:
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape], action: keep, regex: "true"}
  - {source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path], action: replace, target_label: __metrics_path__, regex: (.+)}
  - {source_labels: [__address__, __meta_kubernetes_pod_annotation_prometheus_io_port], action: replace, regex: '([^:]+)(?::\d+)?;(\d+)', replacement: "$1:$2", target_label: __address__}
  - {source_labels: [__meta_kubernetes_namespace], target_label: namespace}
  - {source_labels: [__meta_kubernetes_pod_name], target_label: pod}
  - {source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name], target_label: service}
`

// listPods serves the stack's pods as kubernetes_sd would find them, and returns where.
func listPods(t *testing.T) (url string) {
	t.Helper()
	invalid := regexp.MustCompile(`[^a-zA-Z0-9_]`)
	return serveNode(t, func(w http.ResponseWriter, r *http.Request) {
		cmd := exec.CommandContext(r.Context(), "bash", "-c", `eval "$(make env)" && kubectl -n todo-dev get pods -o json`)
		cmd.Dir = root
		text, err := cmd.Output()
		var list struct {
			Items []struct {
				Metadata struct {
					Name                string
					Labels, Annotations map[string]string
				}
				Status struct{ PodIP, Phase string }
			}
		}
		if err == nil {
			err = json.Unmarshal(text, &list)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		groups := []object{}
		for _, pod := range list.Items {
			if pod.Status.PodIP == "" || pod.Status.Phase == "Succeeded" || pod.Status.Phase == "Failed" {
				continue // kubernetes_sd finds the finished ones too, and Prometheus' chart drops them
			}
			meta := map[string]string{"__meta_kubernetes_namespace": "todo-dev", "__meta_kubernetes_pod_name": pod.Metadata.Name}
			for name, value := range pod.Metadata.Labels {
				meta["__meta_kubernetes_pod_label_"+invalid.ReplaceAllString(name, "_")] = value
			}
			for name, value := range pod.Metadata.Annotations {
				meta["__meta_kubernetes_pod_annotation_"+invalid.ReplaceAllString(name, "_")] = value
			}
			groups = append(groups, object{"targets": []string{pod.Status.PodIP}, "labels": meta})
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(groups); err != nil {
			return // Prometheus is gone
		}
	})
}

// testObservability has a real Prometheus find the backend by its annotations, through the NetworkPolicies, ask what the
// dashboard asks, and fire an alert when the backend is gone.
func testObservability(t *testing.T) {
	kubectl(t, "create", "namespace", watchers)
	t.Cleanup(func() {
		if out, err := kubectlTry(t, "delete", "namespace", watchers, "--timeout=120s"); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	})
	image := prometheusImage(t)
	traces := collectTraces(t)
	restore := change(t, "Pulumi.dev.yaml", "  todo:observability: {metrics: annotations, namespace: "+watchers+", alerts: configMap, dashboard: true, otlpEndpoint: '"+traces.url+"'}\n")
	t.Cleanup(func() { // before the file is restored again
		restore()
		run(t, "make", "up")
	})
	run(t, "make", "up")

	folder := t.TempDir()
	rules := configMapFile(t, "app.kubernetes.io/name=observability,!grafana_dashboard")
	// How long an alert waits is tested with Prometheus' own engine in conformance/alerts; here nobody waits.
	rules = regexp.MustCompile(`(?m)^( +for: ).*$`).ReplaceAllString(rules, "${1}10s")
	for name, text := range map[string]string{"todo.rules.yaml": rules, "prometheus.yml": strings.Replace(prometheusConfig, "PODS", listPods(t), 1), "pod.yaml": strings.Replace(prometheus, "IMAGE", image, 1)} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kubectl(t, "-n", watchers, "create", "configmap", "prometheus", "--from-file="+filepath.Join(folder, "todo.rules.yaml"), "--from-file="+filepath.Join(folder, "prometheus.yml"))
	kubectl(t, "apply", "-f", filepath.Join(folder, "pod.yaml"))
	kubectl(t, "-n", watchers, "wait", "pod/prometheus", "--for=condition=Ready", "--timeout=120s")

	eventually(t, time.Minute, "both pods of the backend are scraped, and no other", func() error {
		return holds(t, `up`, func(found []sample) bool {
			return len(found) == 2 && found[0].Metric["service"] == "backend" && found[1].Metric["service"] == "backend" && found[0].Value[1] == "1" && found[1].Value[1] == "1"
		})
	})
	eventually(t, time.Minute, "the pods of before are gone", func() error {
		if leaving := strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "pods", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}")); leaving != "" {
			return fmt.Errorf("they have been leaving since %s", leaving)
		}
		return nil
	})
	testMetricsAreNotPublic(t)
	run(t, "make", "smoke")
	testDashboard(t)
	testTraces(t, traces)

	backend := strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=backend", "-o", "name"))
	kubectl(t, "-n", "todo-dev", "scale", backend, "--replicas=0")
	eventually(t, 90*time.Second, "the alert fires when the backend is gone", func() error {
		return holds(t, `ALERTS{alertname="TodoBackendDown", alertstate="firing", namespace="todo-dev"}`, func(found []sample) bool { return len(found) == 1 })
	})
	kubectl(t, "-n", "todo-dev", "scale", backend, "--replicas=2")
	kubectl(t, "-n", "todo-dev", "rollout", "status", backend, "--timeout=180s")
	eventually(t, time.Minute, "the alert ends when the backend is back", func() error {
		return holds(t, `ALERTS{alertname="TodoBackendDown"}`, func(found []sample) bool { return len(found) == 0 })
	})
}

// prometheusImage is in the registry of the node. On the lab it is made from Debian's package, which needs no other.
func prometheusImage(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("minikube"); err == nil {
		return "prom/prometheus:v3.5.0"
	}
	var cluster struct{ DockerHost, Registry string }
	text, err := os.ReadFile(filepath.Join(root, ".state", "dev", "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cluster); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	run(t, "sh", "-c", `cd "$1" && chmod 755 . && (apt-get -q download prometheus || { apt-get -q update && apt-get -q download prometheus; }) && dpkg -x prometheus_*.deb files`, "sh", folder)
	dockerfile := "FROM " + baseImage(t, "backend") + "\nCOPY prometheus /usr/bin/\n"
	context := filepath.Join(folder, "files", "usr", "bin")
	if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		t.Fatal(err)
	}
	image := cluster.Registry + "/todo-e2e/prometheus:1"
	t.Setenv("DOCKER_HOST", cluster.DockerHost)
	t.Setenv("DOCKER_BUILDKIT", "0") // Docker's command line may lack the plugin that BuildKit needs
	run(t, "docker", "build", "--quiet", "--tag", image, context)
	run(t, "docker", "push", "--quiet", image)
	return image
}

// configMapFile is the one file of the one ConfigMap that the labels select.
func configMapFile(t *testing.T, labels string) string {
	t.Helper()
	var list struct {
		Items []struct{ Data map[string]string }
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "get", "configmaps", "-l", labels, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 1 || len(list.Items[0].Data) != 1 {
		t.Fatalf("%s selects %d ConfigMaps, want one with one file", labels, len(list.Items))
	}
	for _, text := range list.Items[0].Data {
		return text
	}
	return ""
}

// sample is one of an instant query's: its labels, and the time and the value.
type sample struct {
	Metric map[string]string
	Value  [2]any
}

// ask is an instant query, through the API server.
func ask(t *testing.T, query string) ([]sample, error) {
	t.Helper()
	text, err := kubectlTry(t, "get", "--raw", "/api/v1/namespaces/"+watchers+"/pods/prometheus:9090/proxy/api/v1/query?query="+url.QueryEscape(query))
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", query, err, text)
	}
	var answer struct {
		Status string
		Data   struct{ Result []sample }
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Status != "success" {
		return nil, fmt.Errorf("%s: %v: %s", query, err, text)
	}
	return answer.Data.Result, nil
}

func holds(t *testing.T, query string, good func([]sample) bool) error {
	t.Helper()
	found, err := ask(t, query)
	if err != nil {
		return err
	}
	if !good(found) {
		return fmt.Errorf("%s is %v", query, found)
	}
	return nil
}

// testMetricsAreNotPublic looks for the numbers where everybody gets, and knocks at their port from pods that have no business there.
func testMetricsAreNotPublic(t *testing.T) {
	answer, err := http.Get("http://localhost:8000/metrics")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNotFound {
		t.Errorf("the API's own port answers /metrics with %s: an exposure would make the numbers public", answer.Status)
	}
	at := places(t)
	at["stranger"] = stranger(t)
	const port = 9090
	if open, said := at["backend"].connect(t, at["backend"].ip, port); !open {
		t.Fatalf("the backend does not serve metrics to its own pod (%s): the closed ports below would prove nothing", said)
	}
	for _, from := range []string{"frontend-web", "frontend-chatbot", "stranger"} {
		if open, _ := at[from].connect(t, at["backend"].ip, port); open {
			t.Errorf("%s reaches the backend's metrics", from)
		}
	}
}

// testDashboard asks what each panel asks. What is not the backend's own comes from programs that do not run here.
func testDashboard(t *testing.T) {
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(configMapFile(t, "grafana_dashboard=1")), &board); err != nil {
		t.Fatal(err)
	}
	others := regexp.MustCompile(`\b(kube|kubelet|container)_`)
	// Nobody chats in the smoke test.
	quiet := regexp.MustCompile(`\b(chat_answers|tool_calls|model_call)`)
	asked, answered := 0, 0
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			if others.MatchString(target.Expr) {
				continue
			}
			found, err := ask(t, strings.ReplaceAll(target.Expr, "$__rate_interval", "1m"))
			if err != nil {
				t.Errorf("panel %q: %v", panel.Title, err)
				continue
			}
			asked++
			if len(found) > 0 {
				answered++
			} else if !quiet.MatchString(target.Expr) {
				t.Errorf("panel %q is empty: %s", panel.Title, target.Expr)
			}
		}
	}
	t.Logf("%d queries of the dashboard were asked, %d had an answer", asked, answered)
	if answered < 10 {
		t.Errorf("only %d of the dashboard's queries have an answer", answered)
	}
}
