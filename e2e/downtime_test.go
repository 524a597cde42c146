//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

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
			defer conclude(t, scenario.name, &o)
			if o.failed > 0 || o.requests < 10_000 {
				t.Errorf("%d of %d requests failed, want none of at least 10,000", o.failed, o.requests)
			}
			rolled(t, before, pods(t), scenario.rolls)
		})
	}
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
