//go:build e2e

package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStack walks one stack through its life, each step on what the step before left: the order is the test.
func TestStack(t *testing.T) {
	t.Cleanup(func() { printReport(t) })
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"make up ends with every check of the smoke table good", testUp},
		{"all pods are Ready without a restart in a restricted namespace", testPods},
		{"only the topology's connections get through", testNetworkPolicies},
		{"the images are within their budgets", testImageSizes},
		{"a second make up changes nothing", testSecondUp},
		{"a new mtime changes nothing", testTouch},
		{"one changed line rolls one Deployment", testOneLine},
		{"the schema's Job runs once, and a failing one stops the update", testMigration},
		{"plain pulumi sees the same stack", testPlainPulumi},
		{"the API server takes every rendered manifest", testManifests},
		{"browser: the application does what it is for", testBrowser},
		{"no secret is anywhere but in its Secret", testSecrets},
		{"the forward survives the loss of its pod", testForwardHeals},
		{"data survives the loss of the database pod", testDatabasePod},
		{"make dev deploys a saved file", testDev},
		{"the database is dumped and restored, all or nothing", testDatabaseVerbs},
		{"make ai asks kubectl-ai, which can only read", testAI},
		{"Prometheus scrapes the backend and fires an alert when it is gone", testObservability},
		{"kagent comes when it is asked for, and its tools can only read", testKagent},
		{"no request is lost while things change", testNoDowntime},
		{"a pod that fails is back in 30 s, and the other one serves", testHealing},
		{"every secret is rotated, and nobody notices", testRotation},
		{"the doctor names every seeded failure", testDoctor},
		{"a bad release leaves the old pods, and a rollback returns to the good one", testRollback},
		{"bad input is refused in one line and changes nothing", testBadInput},
		{"a killed lab component is reported and restarted alone", testLabHeals},
		{"an upgrade from the first release keeps the data and drops nothing", testUpgrade},
		{"make down and make up again", testDownUp},
		{"production, rehearsed in a namespace of its own", testProduction},
		{"every exposure serves what its URLs promise", testExposures},
		{"applications that are not ours", testForeign},
		{"the checkout is clean", testCleanCheckout},
	} {
		if !t.Run(step.name, step.test) {
			dump(t)
			t.FailNow() // what follows would only fail with it
		}
	}
}

var smokeLine = regexp.MustCompile(`(?m)^([✓✗])\s+(\S.*?)\s{2,}`)

// smokeChecks returns the smoke table of a run: check → good.
func smokeChecks(out string) map[string]bool {
	checks := map[string]bool{}
	for _, m := range smokeLine.FindAllStringSubmatch(out, -1) {
		checks[m[2]] = m[1] == "✓"
	}
	return checks
}

func testUp(t *testing.T) {
	out := run(t, "make", "up")
	checks := smokeChecks(out)
	for _, want := range []string{"backend liveness", "backend readiness", "frontend-web liveness", "frontend-web readiness",
		"frontend-chatbot liveness", "frontend-chatbot readiness", "web page", "sign up", "add a task", "list the tasks", "delete the task", "remove the account"} {
		if !checks[want] {
			t.Errorf("the smoke table has no good line %q:\n%s", want, out)
		}
	}
	for _, url := range []string{"http://localhost:3000", "http://localhost:3001", "http://localhost:8000"} {
		if !strings.Contains(out, url) {
			t.Errorf("make up does not print %s", url)
		}
	}
	devImages = shell(t, "pulumi stack output -s dev images --json")
	if !regexp.MustCompile(`stack dev will change cluster \S+ at https://\S+`).MatchString(out) {
		t.Error("make up does not say which cluster it is about to change")
	}
}

func testPods(t *testing.T) {
	pods := pods(t)
	want := map[string]int{"backend": 2, "frontend-web": 2, "frontend-chatbot": 2, "database": 1}
	got := map[string]int{}
	for _, p := range pods {
		got[p.service]++
		if !p.ready || p.restarts != 0 {
			t.Errorf("pod %s: ready=%v restarts=%d, want ready and 0", p.name, p.ready, p.restarts)
		}
	}
	for service, n := range want {
		if got[service] != n {
			t.Errorf("%s has %d pods, want %d", service, got[service], n)
		}
	}
	label := kubectl(t, "get", "namespace", "todo-dev", "-o", `jsonpath={.metadata.labels.pod-security\.kubernetes\.io/enforce}`)
	if label != "restricted" {
		t.Errorf("the namespace enforces %q, want restricted", label)
	}
	out, err := kubectlTry(t, "-n", "todo-dev", "run", "intruder", "--image=registry.k8s.io/pause:3.10", "--privileged")
	if err == nil || !strings.Contains(out, "violates PodSecurity") {
		t.Errorf("a privileged pod was not refused: %v\n%s", err, out)
	}
}

// resources reads Pulumi's own summary: what a run created, updated and left alone.
var resources = regexp.MustCompile(`(?m)^\s+([+~-]{0,2})\s*(\d+) (created|updated|replaced|deleted|unchanged)`)

func summary(out string) map[string]string {
	counts := map[string]string{}
	for _, m := range resources.FindAllStringSubmatch(out, -1) {
		counts[m[3]] = m[2]
	}
	return counts
}

func testSecondUp(t *testing.T) {
	before := pods(t)
	out := run(t, "make", "up")
	if got := summary(out); len(got) != 1 || got["unchanged"] == "" {
		t.Errorf("Pulumi's summary is %v, want only unchanged:\n%s", got, out)
	}
	samePods(t, before, pods(t), "")
}

func testTouch(t *testing.T) {
	before := pods(t)
	now := time.Now()
	for _, name := range []string{"app/backend/src/api/main.py", "app/frontend-web/package.json", "dockerfiles/backend.Dockerfile"} {
		if err := os.Chtimes(filepath.Join(root, name), now, now); err != nil {
			t.Fatal(err)
		}
	}
	out := run(t, "make", "up")
	if got := summary(out); len(got) != 1 || got["unchanged"] == "" {
		t.Errorf("Pulumi's summary is %v, want only unchanged:\n%s", got, out)
	}
	samePods(t, before, pods(t), "")
}

func testOneLine(t *testing.T) {
	before := pods(t)
	restore := change(t, "app/backend/src/api/main.py", "# one more line\n")
	out := run(t, "make", "up")
	after := pods(t)
	samePods(t, before, after, "backend")
	old := map[string]bool{}
	for _, p := range before {
		old[p.name] = true
	}
	for _, p := range after {
		if p.service == "backend" && old[p.name] {
			t.Errorf("pod %s still runs the old code", p.name)
		}
	}
	for kind, want := range map[string]string{
		"docker:index:Image": "todo-backend-image-build", "kubernetes:apps/v1:Deployment": "todo-backend-deployment",
	} {
		changed := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^\s*[+~-]+\s+`+regexp.QuoteMeta(kind)+`\s+(\S+)`).FindAllStringSubmatch(out, -1) {
			changed[m[1]] = true
		}
		if len(changed) != 1 || !changed[want] {
			t.Errorf("%s that changed: %v, want only %s", kind, changed, want)
		}
	}
	restore()
	run(t, "make", "up") // the next steps begin with a stack that is what the checkout says
}

func testPlainPulumi(t *testing.T) {
	path := filepath.Join(root, "Pulumi.dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Plain pulumi keeps the stack's salt in its config file, as it always does; the test puts the file back.
	t.Cleanup(func() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Errorf("restoring %s: %v", path, err)
		}
	})
	out := run(t, "bash", "-c", `eval "$(make env)" && pulumi preview -s dev && pulumi stack output -s dev webUrl && kubectl -n todo-dev get pods`)
	if got := summary(out); !strings.Contains(out, "http://localhost:3000") || got["created"] != "" {
		t.Errorf("plain pulumi does not act on the stack of make up: %v\n%s", got, out)
	}
}

func testForwardHeals(t *testing.T) {
	kubectl(t, "-n", "todo-dev", "delete", "pods", "-l", "app.kubernetes.io/name=frontend-web", "--wait=true")
	eventually(t, 90*time.Second, "http://localhost:3000 answers after its pods were replaced", func() error {
		response, err := http.Get("http://localhost:3000/api/healthz")
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("status %s", response.Status)
		}
		return nil
	})
	waitReady(t)
}

func testDatabasePod(t *testing.T) {
	query(t, "create table e2e_survivor (text text); insert into e2e_survivor values ('written before'); select 1")
	t.Cleanup(func() { query(t, "drop table if exists e2e_survivor; select 1") })
	users := query(t, "select count(*) from users")
	backends := containers(t, "backend")
	// Each pod is asked by itself, through the API server: its Service leaves out those that say no.
	allReady := func() error {
		for _, c := range backends {
			if out, err := kubectlTry(t, "get", "--raw", "/api/v1/namespaces/todo-dev/pods/"+c.pod+":8000/proxy/ready"); err != nil {
				return fmt.Errorf("%s: %s", c.pod, out)
			}
		}
		return nil
	}
	if err := allReady(); err != nil {
		t.Fatalf("/ready is red before the loss: %v", err)
	}
	lost := containers(t, "database")[0]
	var o outcome
	defer conclude(t, "the database's pod is deleted", &o)
	begin := time.Now()
	kubectl(t, "-n", "todo-dev", "delete", "pod", lost.pod, "--wait=false")
	eventually(t, time.Minute, "/ready goes red without a database", func() error {
		err := allReady()
		if err == nil {
			return errors.New("it is green")
		}
		t.Logf("/ready %.1f s after the loss: %v", time.Since(begin).Seconds(), err)
		return nil
	})
	eventually(t, 2*time.Minute, "the database is back, and /ready green", func() error {
		if now := containers(t, "database"); len(now) != 1 || now[0].uid == lost.uid || !now[0].ready {
			return fmt.Errorf("the database's pods are %+v", now)
		}
		for _, p := range pods(t) {
			if !p.ready {
				return fmt.Errorf("pod %s is not Ready", p.name)
			}
		}
		return allReady()
	})
	o.took = time.Since(begin)
	if got := query(t, "select text from e2e_survivor"); got != "written before" {
		t.Errorf("after the database pod was lost the note says %q", got)
	}
	if got := query(t, "select count(*) from users"); got != users {
		t.Errorf("%s users after the database pod was lost, want %s", got, users)
	}
	now := containers(t, "backend")
	for _, was := range backends {
		if i := slices.IndexFunc(now, func(c container) bool { return c.uid == was.uid }); i < 0 || now[i].restarts != was.restarts {
			t.Errorf("pod %s was restarted because the database was away: %+v", was.pod, now)
		}
	}
	run(t, "make", "smoke")
}

func testDownUp(t *testing.T) {
	users := query(t, "select count(*) from users")
	run(t, "make", "down")
	if out, err := kubectlTry(t, "get", "namespace", "todo-dev"); err == nil {
		t.Errorf("make down left the namespace:\n%s", out)
	}
	if _, err := http.Get("http://localhost:3000"); err == nil {
		t.Error("make down left the forward running")
	}
	t.Run("the lab starts on a busy machine, every component late", testSlowLab)
	testUp(t)
	testPods(t)
	if dump := newestDump(t, "-before-down.dump"); dump != "" {
		run(t, "make", "db-restore", "FORCE=1", "FILE="+dump)
		if got := query(t, "select count(*) from users"); got != users {
			t.Errorf("%s users from before make down came back, want %s", got, users)
		}
	}
}

func testCleanCheckout(t *testing.T) {
	if out := run(t, "git", "status", "--porcelain"); strings.TrimSpace(out) != "" {
		t.Errorf("the checkout changed:\n%s", out)
	}
}
