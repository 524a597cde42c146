//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// load is a constant stream of requests to all three services, half of it over connections that are kept, and half of it
// over a new connection each. Of six requests the backend gets four, and each front one: 30 a second, which their 200m of
// CPU serve with one pod of two as well.
type load struct {
	vegeta, targets, dir string
}

const (
	loadRate = 90 // requests a second of each half
	// A scenario that is over sooner goes on until then: 10,800 requests.
	loadAtLeast = time.Minute
	// The last pod that a change ended is still on its way out when the change is over: 10 s of preStop, and its drain.
	loadAfter = 20 * time.Second
)

// outcome is what the load saw while something changed.
type outcome struct {
	name             string
	requests, failed int
	p99              time.Duration // of the half over new connections
	took             time.Duration // the change itself
}

// testNoDowntime changes everything that changes on an ordinary day, and counts the requests that were lost meanwhile.
func testNoDowntime(t *testing.T) {
	path := filepath.Join(root, "Pulumi.dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Errorf("restoring %s: %v", path, err)
		}
		run(t, "make", "up")
	})
	deploy := func(config string) func(*testing.T) {
		return func(t *testing.T) {
			if err := os.WriteFile(path, append(append([]byte{}, text...), config...), 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, "make", "up")
		}
	}
	everyService := func(setting string) string {
		return fmt.Sprintf("  todo:services: {backend: {%[1]s}, frontend-web: {%[1]s}, frontend-chatbot: {%[1]s}}\n", setting)
	}
	l := newLoad(t)
	var outcomes []outcome
	for _, scenario := range []struct {
		name   string
		change func(*testing.T)
		rolls  []string
	}{
		{"a rolling update of each service", deploy(everyService("env: {RELEASE: next}")), []string{"backend", "frontend-web", "frontend-chatbot"}},
		{"a config change", deploy("  todo:LOG_LEVEL: WARNING\n" + everyService("env: {RELEASE: next}")), []string{"backend"}},
		{"from two pods to three, and back", func(t *testing.T) {
			deploy(everyService("env: {RELEASE: next}, replicas: 3"))(t)
			deploy(everyService("env: {RELEASE: next}, replicas: 2"))(t)
		}, nil},
		{"every pod is evicted, one after the other", evictEverything, []string{"backend", "frontend-web", "frontend-chatbot"}},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			before := pods(t)
			o := l.during(t, func() { scenario.change(t) })
			o.name = scenario.name
			outcomes = append(outcomes, o)
			if o.failed > 0 || o.requests < 10_000 {
				t.Errorf("%d of %d requests failed, want none of at least 10,000", o.failed, o.requests)
			}
			rolled(t, before, pods(t), scenario.rolls)
		})
	}
	t.Logf("\n%s", table(outcomes))
}

func newLoad(t *testing.T) load {
	t.Helper()
	l := load{dir: t.TempDir()}
	l.vegeta, l.targets = filepath.Join(l.dir, "vegeta"), filepath.Join(l.dir, "targets")
	run(t, "env", "GOWORK=off", "GOBIN="+l.dir, "go", "install", "github.com/tsenart/vegeta/v12@v12.12.0")
	var targets strings.Builder
	// Not /ready: a pod that is on its way out says no there, on purpose, over the connections that it still has.
	for service, path := range map[string]string{"backend": "/api/chat/status", "frontend-web": "/api/healthz", "frontend-chatbot": "/api/healthz"} {
		// The Service's own address: the forward of the localhost exposure holds on to one pod, as every port-forward does.
		address := kubectl(t, "-n", "todo-dev", "get", "service", service, "-o", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}")
		weight := map[string]int{"backend": 4}[service]
		targets.WriteString(strings.Repeat(fmt.Sprintf("GET http://%s%s\n", address, path), max(1, weight)))
	}
	if err := os.WriteFile(l.targets, []byte(targets.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// during runs the load from before change until the pods that it ended are gone.
func (l load) during(t *testing.T, change func()) outcome {
	t.Helper()
	kept, fresh := filepath.Join(l.dir, "kept"), filepath.Join(l.dir, "fresh")
	attacks := []*exec.Cmd{l.attack(t, kept, "-keepalive=true"), l.attack(t, fresh, "-keepalive=false")}
	begin := time.Now()
	change()
	took := time.Since(begin)
	time.Sleep(max(loadAfter, loadAtLeast-time.Since(begin)))
	o := outcome{took: took}
	for _, attack := range attacks {
		if err := attack.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := attack.Wait(); err != nil {
			t.Fatalf("vegeta: %v", err)
		}
	}
	for _, results := range []string{kept, fresh} {
		var report struct {
			Requests  int
			Success   float64
			Latencies struct {
				P99 time.Duration `json:"99th"`
			}
			Errors []string
		}
		if err := json.Unmarshal([]byte(run(t, l.vegeta, "report", "-type=json", results)), &report); err != nil {
			t.Fatal(err)
		}
		o.requests += report.Requests
		o.failed += report.Requests - int(report.Success*float64(report.Requests)+0.5)
		o.p99 = report.Latencies.P99
		for _, e := range report.Errors {
			t.Errorf("a request failed: %s", e)
		}
	}
	return o
}

func (l load) attack(t *testing.T, results string, flags ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(l.vegeta, append([]string{"attack", "-targets=" + l.targets, fmt.Sprintf("-rate=%d/s", loadRate), "-duration=0",
		"-timeout=10s", "-redirects=-1", "-output=" + results}, flags...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it has ended, unless the test has not got that far
	return cmd
}

// evictEverything does to each pod of the three services what `kubectl drain` does to those of a node. The disruption
// budgets make it wait for each replacement.
func evictEverything(t *testing.T) {
	for _, p := range pods(t) {
		if p.service == "database" {
			continue
		}
		body := fmt.Sprintf(`{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":%q,"namespace":"todo-dev"}}`, p.name)
		eventually(t, 2*time.Minute, "pod "+p.name+" is evicted", func() error {
			out, err := try(t, "bash", "-c", `eval "$(make env)" && printf %s "$1" | kubectl create --raw "$2" -f -`,
				"evict", body, "/api/v1/namespaces/todo-dev/pods/"+p.name+"/eviction")
			if err != nil {
				return fmt.Errorf("%w: %s", err, out)
			}
			return nil
		})
	}
	waitReady(t)
}

// rolled fails unless all pods of the named services are new. Those of the others may have come and gone with a scale only.
func rolled(t *testing.T, before, after []pod, services []string) {
	t.Helper()
	old := map[string]bool{}
	for _, p := range before {
		old[p.name] = true
	}
	for _, p := range after {
		for _, service := range services {
			if p.service == service && old[p.name] {
				t.Errorf("pod %s was there before: the load saw no change of %s", p.name, service)
			}
		}
	}
}

func table(outcomes []outcome) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SCENARIO\tREQUESTS\tFAILED\tP99\tSECONDS\tVERDICT")
	for _, o := range outcomes {
		verdict := "good"
		if o.failed > 0 {
			verdict = "BAD"
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d ms\t%.0f\t%s\n", o.name, o.requests, o.failed, o.p99.Milliseconds(), o.took.Seconds(), verdict)
	}
	w.Flush()
	return text.String()
}
