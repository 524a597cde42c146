//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"
)

// rolledBackWithin is the promise of `make rollback`.
const rolledBackWithin = time.Minute

func backendImage(t *testing.T) string {
	t.Helper()
	return strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=backend", "-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"))
}

// badRelease is a change that no pod survives. That whose migration fails has a step of its own (testMigration).
type badRelease struct {
	name  string
	spoil func(t *testing.T) // until the test ends
	says  []string           // what the failed update has to say
}

func badReleases() []badRelease {
	return []badRelease{
		{"a release whose workers crash", func(t *testing.T) {
			change(t, "app/backend/src/api/main.py", "raise SystemExit('a bad release')\n")
		}, []string{
			"ended 3 times (exit code 1)", "Crash (", "│ a bad release", "2 pods of the previous release serve",
		}},
		{"a release that ends when it starts", func(t *testing.T) {
			change(t, "Pulumi.dev.yaml", "  todo:services: {backend: {env: {WEB_CONCURRENCY: '0'}}}\n")
		}, []string{
			"ended 3 times (exit code ", "): the update was aborted", "BadSetting (", "2 pods of the previous release serve",
		}},
		{"a release whose image is not there", func(t *testing.T) {
			change(t, "Pulumi.dev.yaml", "  todo:images: {frontend-web: 'localhost:5000/todo/frontend-web:no-such-tag'}\n")
		}, []string{"cannot start (", "ImagePull", "There is no image", "2 pods of the previous release serve"}},
		// The one secret that a release cannot do without.
		{"a release with a wrong database password", func(t *testing.T) {
			change(t, "Pulumi.dev.yaml", "  todo:migration: {command: [python, -m, src.migrate, --wait, '10']}\n")
			run(t, "bash", "-c", `eval "$(make env)" && pulumi config set -s dev --secret DATABASE_URL postgresql://todo:not-the-password@database:5432/todo`)
		}, []string{"DatabasePassword", "password authentication failed"}},
	}
}

// testRollback deploys releases that cannot work, looks at what still serves, returns to the last good one, and goes forward.
func testRollback(t *testing.T) {
	for _, release := range badReleases() {
		if !t.Run(release.name, func(t *testing.T) { testBadRelease(t, release) }) {
			return
		}
	}
	good := backendImage(t)
	change(t, "app/backend/src/api/main.py", "# good again\n")
	run(t, "make", "up")
	if now := backendImage(t); now == good {
		t.Error("make up after a rollback does not go forward to the sources as they are")
	}
	t.Logf("\n%s", run(t, "make", "releases"))
}

func testBadRelease(t *testing.T, release badRelease) {
	good, before := backendImage(t), pods(t)
	release.spoil(t)
	var up, back outcome
	begin := time.Now()
	out, err := try(t, "make", "up")
	up.took = time.Since(begin)
	if err == nil {
		t.Fatalf("make up ended well:\n%s", out)
	}
	for _, want := range append(release.says, "▸ make doctor", "make rollback returns to release") {
		if !strings.Contains(out, want) {
			t.Errorf("the failed make up does not say %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "not-the-password") {
		t.Error("the failed make up prints the password")
	}
	ready := map[string]bool{}
	for _, p := range pods(t) {
		ready[p.name] = p.ready
	}
	for _, p := range before {
		if !ready[p.name] && p.service != "migration" {
			t.Errorf("pod %s of the good release is gone or not Ready: a bad release must not take it away", p.name)
		}
	}
	run(t, "make", "smoke")
	if out := run(t, "make", "releases"); !strings.Contains(out, "make rollback returns to release") {
		t.Errorf("make releases does not say that the last update did not end well:\n%s", out)
	}
	conclude(t, release.name+" is aborted", &up)

	begin = time.Now()
	out = run(t, "make", "rollback")
	back.took = time.Since(begin)
	defer conclude(t, "rollback from "+release.name, &back)
	if back.took > rolledBackWithin {
		t.Errorf("the rollback took %.0f s, want %v at most", back.took.Seconds(), rolledBackWithin)
	}
	if !strings.Contains(out, "serves again") || backendImage(t) != good {
		t.Errorf("the backend runs %s after the rollback, want %s:\n%s", backendImage(t), good, out)
	}
	if out := run(t, "make", "doctor"); strings.Contains(out, "✗") {
		t.Errorf("not all is well after the rollback:\n%s", out)
	}
	if out := run(t, "make", "releases"); !strings.Contains(out, "back to ") {
		t.Errorf("make releases does not show the rollback:\n%s", out)
	}
}
