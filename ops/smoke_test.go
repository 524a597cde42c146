package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// deployment is what kubectl prints of one, with the probes that are given as "live ready".
func deployment(service, port string, replicas int, paths string) string {
	live, ready, _ := strings.Cut(paths, " ")
	return fmt.Sprintf(`{"metadata":{"name":"todo-%[1]s-deployment"},"spec":{"replicas":%[3]d,"template":{"metadata":{"labels":{"app.kubernetes.io/name":"%[1]s"}},
		"spec":{"containers":[{"livenessProbe":{"httpGet":{"path":"%[4]s","port":%[2]s}},"readinessProbe":{"httpGet":{"path":"%[5]s","port":%[2]s}}}]}}}}`,
		service, port, replicas, live, ready)
}

// cluster is a kubectl that knows deployments, one serving pod of each service that pods names, and ways to those pods' ports.
// Whatever else it is asked fails, with what it was asked.
type cluster struct {
	deployments []string
	pods        map[string]string // by service: what the EndpointSlices name
	forwards    map[string]string // by pod and port: what `kubectl port-forward` does
}

func (c cluster) kubectl(t *testing.T) string {
	t.Helper()
	text := "case \"$*\" in\n*\"get deployments -n todo-dev -l app.kubernetes.io/part-of=todo \"*) cat <<'JSON'\n{\"items\":[" + strings.Join(c.deployments, ",") + "]}\nJSON\n;;\n"
	for service, pods := range c.pods {
		text += "*\"get endpointslices -l kubernetes.io/service-name=" + service + " \"*) " + pods + " ;;\n"
	}
	for port, does := range c.forwards {
		pod, port, _ := strings.Cut(port, ":")
		text += "*\"port-forward pod/" + pod + " :" + port + "\"*) " + does + " ;;\n"
	}
	return script(t, "kubectl", text+"*) echo \"error: unexpected: $*\" >&2; exit 1 ;;\nesac\n")
}

// forwardTo is a port-forward that ends at an HTTP server of this test.
func forwardTo(server *httptest.Server) string {
	return "echo 'Forwarding from " + server.Listener.Addr().String() + " -> 8000'; exec sleep 60"
}

// probed is a server that answers each path with a status, and others with 404.
func probed(t *testing.T, answers map[string]int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := answers[r.URL.Path]
		if status == 0 {
			status = http.StatusNotFound
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	return server
}

// The API server's proxy is stopped by the stack's own NetworkPolicies wherever the API server is on no pod's node; a port-forward
// ends inside the pod. This kubectl knows no other way.
func TestProbesAreAskedThroughPortForwards(t *testing.T) {
	backend := probed(t, map[string]int{"/health": 200, "/ready": 200})
	web := probed(t, map[string]int{"/api/healthz": 200})
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = cluster{
		deployments: []string{deployment("backend", `"http"`, 2, "/health /ready"), deployment("frontend-web", "3000", 2, "/api/healthz /api/healthz")},
		pods:        map[string]string{"backend": "echo backend-new backend-other", "frontend-web": "echo web-1"},
		forwards:    map[string]string{"backend-new:http": forwardTo(backend), "web-1:3000": forwardTo(web)},
	}.kubectl(t)
	checks, err := ops.checks(t.Context(), Cluster{}, Outputs{Namespace: "todo-dev"})
	if err != nil {
		t.Fatal(err)
	}
	want := []check{
		{what: "backend liveness", where: "service/backend/health", status: "200"},
		{what: "backend readiness", where: "service/backend/ready", status: "200"},
		{what: "frontend-web liveness", where: "service/frontend-web/api/healthz", status: "200"},
		{what: "frontend-web readiness", where: "service/frontend-web/api/healthz", status: "200"},
	}
	if len(checks) != len(want) {
		t.Fatalf("the checks are %+v, want %d", checks, len(want))
	}
	for i, c := range checks {
		if c.what != want[i].what || c.where != want[i].where || c.status != want[i].status || !c.ok {
			t.Errorf("check %d is %+v, want %+v and good", i, c, want[i])
		}
	}
}

func TestAProbeThatFailsSaysWhy(t *testing.T) {
	bad := probed(t, map[string]int{"/health": 200, "/ready": 503})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, test := range map[string]struct{ pods, forward, live, ready string }{
		"no pod": {"true", "", "no pod is Ready", "no pod is Ready"},
		"no rights": {"echo 'Error: endpointslices is forbidden' >&2; exit 1", "",
			"looking for the pods of backend: kubectl get: Error: endpointslices is forbidden", "forbidden"},
		"the pod has gone":  {"echo backend-1", `echo 'Error: pods "backend-1" not found' >&2; exit 1`, `connecting to port http of pod backend-1: Error: pods "backend-1" not found`, "not found"},
		"nothing is said":   {"echo backend-1", "true", `connecting to port http of pod backend-1: kubectl port-forward said "" within 10s, and no address`, "no address"},
		"nobody listens":    {"echo backend-1", "echo 'an error occurred forwarding: connection refused' >&2; " + forwardTo(closed), "kubectl: an error occurred forwarding: connection refused", "kubectl: an error"},
		"the pod is unwell": {"echo backend-1", forwardTo(bad), "", "503"},
		"another language":  {"echo backend-1", "echo 'Forwarding from nowhere'; exec sleep 60", `said "Forwarding from nowhere\n" within`, "no address"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Kubectl = cluster{pods: map[string]string{"backend": test.pods}, forwards: map[string]string{"backend-1:http": test.forward}}.kubectl(t)
			checks := ops.ask(t.Context(), Cluster{}, "todo-dev", target{service: "backend", port: "http", probes: []probe{{"liveness", "/health"}, {"readiness", "/ready"}}})
			for i, want := range []string{test.live, test.ready} {
				if checks[i].ok != (want == "") || !strings.Contains(checks[i].status, want) {
					t.Errorf("%s is %+v, want %q", checks[i].what, checks[i], want)
				}
			}
		})
	}
}

// A pod that is replaced in this moment takes its port-forward with it; the next attempt takes a pod that serves then.
func TestTheSmokeTestWaitsForAPodThatIsBeingReplaced(t *testing.T) {
	backend := probed(t, map[string]int{"/health": 200, "/ready": 200})
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	tried := filepath.Join(t.TempDir(), "tried")
	ops.tools.Kubectl = cluster{
		pods:     map[string]string{"backend": "test -e " + tried + " && echo backend-new || echo backend-old"},
		forwards: map[string]string{"backend-old:http": "echo >>" + tried + "; echo 'error: lost connection to pod' >&2; exit 1", "backend-new:http": forwardTo(backend)},
	}.kubectl(t)
	checks := ops.askAll(t.Context(), Cluster{}, "todo-dev", []target{{service: "backend", port: "http", probes: []probe{{"liveness", "/health"}}}})
	if _, err := os.Stat(tried); err != nil || len(checks) != 1 || !checks[0].ok {
		t.Errorf("the checks are %+v (%v), want a good one from the pod that came", checks, err)
	}
}

// 0 replicas are how a service is switched off: nothing is wrong with it, nor with what needs it.
func TestAServiceThatIsSwitchedOffIsNotAsked(t *testing.T) {
	ok := probed(t, map[string]int{"/health": 200, "/ready": 200, "/api/healthz": 200, "/": 200}) // and no account can be made
	on := func(service string) string { return deployment(service, `"http"`, 2, "/api/healthz /api/healthz") }
	off := func(service string) string { return deployment(service, `"http"`, 0, "/api/healthz /api/healthz") }
	for name, test := range map[string]struct {
		deployments []string
		lines       []string // that the table has, with single spaces
		fails       bool     // the journey is made, and this web signs nobody up
	}{
		"chatbot": {[]string{on("backend"), off("frontend-chatbot"), on("frontend-web")},
			[]string{"– frontend-chatbot service/frontend-chatbot off: 0 replicas", "✓ backend liveness", "✗ sign up"}, true},
		"backend": {[]string{off("backend"), on("frontend-web")},
			[]string{"– backend service/backend off: 0 replicas", "✓ frontend-web readiness", "– a new user " + ok.URL + " not asked: backend is off"}, false},
		"web": {[]string{on("backend"), off("frontend-web")},
			[]string{"– frontend-web service/frontend-web off: 0 replicas", "– a new user " + ok.URL + " not asked: frontend-web is off"}, false},
		"both": {[]string{off("backend"), off("frontend-web")},
			[]string{"– backend service/backend off: 0 replicas", "– frontend-web service/frontend-web off: 0 replicas"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Kubectl = cluster{
				deployments: test.deployments,
				pods:        map[string]string{"backend": "echo backend-1", "frontend-web": "echo web-1"},
				forwards:    map[string]string{"backend-1:http": forwardTo(ok), "web-1:http": forwardTo(ok)},
			}.kubectl(t)
			checks, err := ops.checks(t.Context(), Cluster{}, Outputs{Namespace: "todo-dev", WebURL: ok.URL, APIURL: ok.URL})
			if err != nil {
				t.Fatal(err)
			}
			var table strings.Builder
			if err := printChecks(&table, checks); (err != nil) != test.fails {
				t.Errorf("the smoke test ends with %v", err)
			}
			for _, line := range test.lines {
				if !strings.Contains(strings.Join(strings.Fields(table.String()), " "), line) {
					t.Errorf("the table has no %q:\n%s", line, &table)
				}
			}
		})
	}
}

func TestTheReasonOfAFailureDoesNotWidenTheTable(t *testing.T) {
	var table strings.Builder
	err := printChecks(&table, []check{
		{what: "backend liveness", where: "service/backend/health", status: "200", took: 7 * time.Millisecond, ok: true},
		{what: "backend readiness", where: "service/backend/ready", status: strings.Repeat("no database ", 20), took: 30 * time.Millisecond},
		{what: "frontend-web", where: "service/frontend-web", status: "off: 0 replicas", off: true},
	})
	if err == nil || err.Error() != "smoke test: 1 of 2 checks failed" {
		t.Errorf("error = %v, want it to count what was asked", err)
	}
	want := `
   CHECK              WHERE                   HTTP  LATENCY
✓  backend liveness   service/backend/health  200   7 ms
✗  backend readiness  service/backend/ready   ` + strings.Repeat("no database ", 20) + ` (30 ms)
–  frontend-web       service/frontend-web    off: 0 replicas
`
	if table.String() != want {
		t.Errorf("the table is%s\nwant%s", &table, want)
	}
}
