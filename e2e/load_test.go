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
	"time"
)

// load is a constant stream of requests to all three services, half of it over connections that are kept, and half of it
// over a new connection each. Of six requests the backend gets four, and each front one: 30 a second, which their 200m of
// CPU serve with one pod of two as well.
type load struct {
	vegeta, targets, dir string
	addresses            map[string]string // of the Services, by name
}

const (
	loadRate = 90 // requests a second of each half
	// A scenario that is over sooner goes on until then: 10,800 requests.
	loadAtLeast = time.Minute
	// The last pod that a change ended is still on its way out when the change is over: 10 s of preStop, and its drain.
	loadAfter = 20 * time.Second
)

func newLoad(t *testing.T) load {
	t.Helper()
	l := load{dir: t.TempDir(), addresses: map[string]string{}}
	l.vegeta, l.targets = filepath.Join(l.dir, "vegeta"), filepath.Join(l.dir, "targets")
	run(t, "env", "GOWORK=off", "GOBIN="+l.dir, "go", "install", "github.com/tsenart/vegeta/v12@v12.12.0")
	var targets strings.Builder
	// Not /ready: a pod that is on its way out says no there, on purpose, over the connections that it still has.
	for service, path := range map[string]string{"backend": "/api/chat/status", "frontend-web": "/api/healthz", "frontend-chatbot": "/api/healthz"} {
		// The Service's own address: the forward of the localhost exposure holds on to one pod, as every port-forward does.
		address := kubectl(t, "-n", "todo-dev", "get", "service", service, "-o", "jsonpath={.spec.clusterIP}:{.spec.ports[0].port}")
		l.addresses[service] = address
		weight := map[string]int{"backend": 4}[service]
		targets.WriteString(strings.Repeat(fmt.Sprintf("GET http://%s%s\n", address, path), max(1, weight)))
	}
	if err := os.WriteFile(l.targets, []byte(targets.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// signedIn is the same load with a session in one of thirteen requests, which the backend looks up in the database. The web would
// be over its 200m of CPU with as many that it has to verify.
func (l load) signedIn(t *testing.T, token string) load {
	t.Helper()
	plain, err := os.ReadFile(l.targets)
	if err != nil {
		t.Fatal(err)
	}
	// A target with headers ends with an empty line.
	targets := strings.Repeat(strings.ReplaceAll(string(plain), "\n", "\n\n"), 2) + fmt.Sprintf(
		"GET http://%s/api/tasks\nAuthorization: Bearer %s\n\n", l.addresses["backend"], token)
	l.targets = filepath.Join(l.dir, "signed-in")
	if err := os.WriteFile(l.targets, []byte(targets), 0o600); err != nil {
		t.Fatal(err)
	}
	return l
}

// warmUp sends a few requests to pods that have just started: the first ones of each compile what answers them.
func (l load) warmUp(t *testing.T) {
	t.Helper()
	run(t, l.vegeta, "attack", "-targets="+l.targets, "-rate=20/s", "-duration=15s", "-timeout=10s", "-output="+filepath.Join(l.dir, "warm"))
}

// during runs the load from before change until the pods that it ended are gone; no request may fail.
func (l load) during(t *testing.T, change func()) outcome {
	t.Helper()
	o := l.around(t, loadAtLeast, loadAfter, change)
	for _, e := range o.errors {
		t.Errorf("a request failed: %s", e)
	}
	return o
}

// around runs the load from before change until some time after it, and for some time at least.
func (l load) around(t *testing.T, atLeast, after time.Duration, change func()) outcome {
	t.Helper()
	kept, fresh := l.results()
	attacks := []*exec.Cmd{l.attack(t, kept, "-keepalive=true"), l.attack(t, fresh, "-keepalive=false")}
	begin := time.Now()
	change()
	took := time.Since(begin)
	time.Sleep(max(after, atLeast-time.Since(begin)))
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
		o.errors = append(o.errors, report.Errors...)
	}
	return o
}

// results are where the two halves keep what came of each request.
func (l load) results() (kept, fresh string) {
	return filepath.Join(l.dir, "kept"), filepath.Join(l.dir, "fresh")
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
