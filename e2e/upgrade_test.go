//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// firstRelease is the last commit of the first landing: the first one whose own end-to-end tests passed as a whole. Its Pulumi
// program and its backend are those of some commits earlier (4c098fc); before that, the Docker plugin was given build contexts
// with the files that should be ignored.
const firstRelease = "50ea6848c1b15a39a7c621216026b5c7d0fc44e0"

// closedByTheOldRelease are the requests that its pods lose whenever they go, in its own rolling update too: they serve for five
// seconds after they have left the endpoints, and two cores that roll everything at once need more for the news to spread. 12 of
// 10,803 were measured, which is why it is ten seconds now. No upgrade can change the pods that are there. Anything else that fails is
// the upgrade's fault.
var closedByTheOldRelease = regexp.MustCompile(`connection (reset by peer|refused)$|EOF$`)

// testUpgrade brings up the first release's program where this one's is, with data, and then this one's on top of it.
func testUpgrade(t *testing.T) {
	old := checkout(t, firstRelease)
	// Today's images of the fronts spare two builds of Next.js on a machine that has not made the old ones. All that the
	// cluster has is the old program's, and so is the backend, which the schema is about.
	images := strings.TrimSpace(shell(t, "pulumi stack output -s dev images --json"))
	appendTo(t, filepath.Join(old, "Pulumi.dev.yaml"), "  todo:images: "+regexp.MustCompile(`"backend":"[^"]*",?`).ReplaceAllString(images, "")+"\n")
	run(t, "make", "down")
	out := run(t, "bash", "-c", `eval "$(make env)" && cd "$1" && pulumi up -s dev --yes --skip-preview`, "old", old)
	if got := summary(out); got["created"] == "" {
		t.Fatalf("the first release created nothing:\n%s", out)
	}
	waitReady(t)

	l := newLoad(t)
	web := "http://" + l.addresses["frontend-web"]
	user := newCaller(t, web)
	user.must(t, http.MethodPost, "/api/auth/sign-up", `{"email":"upgrade@example.com","password":"first release's own","name":"Upgrade"}`)
	user.must(t, http.MethodPost, "/api/tasks", `{"title":"outlive an upgrade"}`)
	l.warmUp(t)
	kept := databaseObjects(t)

	var o outcome
	defer conclude(t, "an upgrade from the first release", &o)
	stop := user.visits(t)
	o = l.around(t, loadAtLeast, loadAfter, func() { out = run(t, "make", "up") })
	for _, e := range o.errors {
		if !closedByTheOldRelease.MatchString(e) {
			t.Errorf("a request failed: %s", e)
		}
	}
	asked, failed := stop()
	o.requests, o.failed = o.requests+asked, o.failed+failed
	if o.failed > o.requests/500 || o.requests < 10_000 {
		t.Errorf("%d of %d requests failed, want at most one of 500 of at least 10,000", o.failed, o.requests)
	}
	if got := databaseObjects(t); got != kept {
		t.Errorf("the database's objects are other ones:\n%s\nwant\n%s", got, kept)
	}
	if replaced := regexp.MustCompile(`(?m)^.*todo-database.*(replac|delet).*$`).FindAllString(out, -1); len(replaced) > 0 {
		t.Errorf("Pulumi replaced what belongs to the database:\n%s", strings.Join(replaced, "\n"))
	}
	if got := user.must(t, http.MethodGet, "/api/tasks", ""); !strings.Contains(got, "outlive an upgrade") {
		t.Errorf("who signed up before the upgrade sees %s, want the task from before", got)
	}
	user.must(t, http.MethodDelete, "/api/auth/me", "")
	testPods(t)
}

// checkout is another commit's files, with this checkout's state.
func checkout(t *testing.T, commit string) string {
	t.Helper()
	if _, err := try(t, "git", "cat-file", "-e", commit); err != nil { // a shallow clone
		if out, err := try(t, "git", "fetch", "--quiet", "--depth=1", "origin", commit); err != nil {
			t.Fatalf("this clone has no commit %s, from which the upgrade starts, and cannot fetch it (git fetch --unshallow gets everything): %v\n%s", commit, err, out)
		}
	}
	dir := t.TempDir()
	run(t, "bash", "-c", `set -o pipefail; git archive "$1" | tar -x -C "$2"`, "archive", commit, dir)
	if err := os.Symlink(filepath.Join(root, ".state"), filepath.Join(dir, ".state")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(before, text...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// databaseObjects are the identities of what holds the data, and of the pod that serves it: an upgrade that restarts Postgres
// without need is an outage.
func databaseObjects(t *testing.T) string {
	t.Helper()
	return kubectl(t, "-n", "todo-dev", "get", "statefulsets,persistentvolumeclaims,secrets,services,pods", "-l", "app.kubernetes.io/name=database",
		"-o", `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid} {.spec.volumeName}{"\n"}{end}`)
}

// caller is a browser's session at the web front.
type caller struct {
	web    string
	client *http.Client
}

func newCaller(t *testing.T, web string) caller {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return caller{web, &http.Client{Jar: jar, Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (v caller) do(method, path, body string) (string, error) {
	request, err := http.NewRequest(method, v.web+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := v.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return string(text), err
}

func (v caller) must(t *testing.T, method, path, body string) string {
	t.Helper()
	text, err := v.do(method, path, body)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return text
}

// visits reloads the list of tasks once a second until it is stopped: through the web front and the backend to the database, on
// the pods' own network, where NetworkPolicies are.
func (v caller) visits(t *testing.T) (stop func() (asked, failed int)) {
	ctx, cancel := context.WithCancel(t.Context())
	type count struct{ asked, failed int }
	counted := make(chan count, 1)
	go func() {
		var c count
		for {
			select {
			case <-ctx.Done():
				counted <- c
				return
			case <-time.After(time.Second):
			}
			c.asked++
			if text, err := v.do(http.MethodGet, "/api/tasks", ""); err != nil || !strings.Contains(text, "outlive an upgrade") {
				c.failed++
				t.Errorf("%s the list of tasks: %v %s", time.Now().Format(time.TimeOnly), err, text)
			}
		}
	}()
	return func() (int, int) { cancel(); c := <-counted; return c.asked, c.failed }
}
