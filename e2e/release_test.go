//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func backendImage(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=backend", "-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"))
}

// testRollback deploys a release that crashes, looks at what still serves, returns to the last good one, and goes forward.
func testRollback(t *testing.T) {
	path := filepath.Join(root, "Pulumi.dev.yaml")
	settings, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	impatient := regexp.MustCompile(`rolloutTimeoutSeconds: \d+`).ReplaceAllString(string(settings), "rolloutTimeoutSeconds: 120")
	if impatient == string(settings) {
		t.Fatal("Pulumi.dev.yaml has no rolloutTimeoutSeconds to shorten")
	}
	t.Cleanup(func() {
		if err := os.WriteFile(path, settings, 0o644); err != nil {
			t.Errorf("restoring %s: %v", path, err)
		}
	})
	if err := os.WriteFile(path, []byte(impatient), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "make", "up")
	good, before := backendImage(t), pods(t)

	restore := change(t, "app/backend/src/api/main.py", "raise SystemExit('a bad release')\n")
	begin := time.Now()
	out, err := try(t, "make", "up")
	t.Logf("the bad release was given up after %.0f s", time.Since(begin).Seconds())
	if err == nil {
		t.Fatalf("make up ended well with a backend that crashes:\n%s", out)
	}
	for _, want := range []string{"▸ make doctor", "Crash (", "│ a bad release", "make rollback", "2 pods of the previous release serve"} {
		if !strings.Contains(out, want) {
			t.Errorf("the failed make up does not say %q:\n%s", want, out)
		}
	}
	ready := map[string]bool{}
	for _, p := range pods(t) {
		ready[p.name] = p.ready
	}
	for _, p := range before {
		if !ready[p.name] {
			t.Errorf("pod %s of the good release is gone or not Ready: a bad release must not take it away", p.name)
		}
	}
	run(t, "make", "smoke")
	if out := run(t, "make", "releases"); !strings.Contains(out, "make rollback returns to release") {
		t.Errorf("make releases does not say that the last update did not end well:\n%s", out)
	}

	begin = time.Now()
	out = run(t, "make", "rollback")
	t.Logf("rollback: %.0f s", time.Since(begin).Seconds())
	if !strings.Contains(out, "serves again") || backendImage(t) != good {
		t.Errorf("the backend runs %s after the rollback, want %s:\n%s", backendImage(t), good, out)
	}
	if out := run(t, "make", "doctor"); strings.Contains(out, "✗") {
		t.Errorf("not all is well after the rollback:\n%s", out)
	}
	if out := run(t, "make", "releases"); !strings.Contains(out, "back to ") {
		t.Errorf("make releases does not show the rollback:\n%s", out)
	}

	restore()
	change(t, "app/backend/src/api/main.py", "# the bad line is gone\n")
	run(t, "make", "up")
	if now := backendImage(t); now == good {
		t.Error("make up after a rollback does not go forward to the sources as they are")
	}
	t.Logf("\n%s", run(t, "make", "releases"))
}
