//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// testRotation types what the runbook says of each secret, under a load with a session, while somebody signs in every second.
// What ran meanwhile, and all that is left, is then searched for the old and the new values.
func testRotation(t *testing.T) {
	path := filepath.Join(root, "Pulumi.dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	l := newLoad(t)
	t.Cleanup(func() {
		// Back to the database's first role and password, which the pod still has in its environment.
		query(t, "\\getenv first POSTGRES_PASSWORD\nALTER ROLE todo PASSWORD :'first'")
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Errorf("restoring %s: %v", path, err)
		}
		run(t, "make", "up")
		query(t, "DROP ROLE IF EXISTS todo_b")
	})
	values := map[string]string{}
	keep := func(t *testing.T, when string) {
		for key, value := range secretValues(t) {
			values[key+" "+when] = value
		}
	}
	keep(t, "before")
	seen := everyArgument(t)

	v := newVisitor(t, l)
	first := v.token
	apiKey := func() string { return "sk-" + rand.Text() + rand.Text() }
	for _, scenario := range []struct {
		name   string
		change func(*testing.T)
		rolls  []string
	}{
		{"the key that signs sessions is rotated", func(t *testing.T) {
			runbook(t, "The key that signs sessions", 0, "")
		}, []string{"backend", "frontend-web"}},
		{"an API key is rotated", func(t *testing.T) {
			runbook(t, "The key that signs sessions", 1, "") // nothing is signed with the old one any more
			runbook(t, "An API key", 0, apiKey())
			runbook(t, "An API key", 0, apiKey())
		}, []string{"backend", "frontend-web"}},
		{"the database's password is rotated", func(t *testing.T) {
			runbook(t, "The database's password", 0, "")
			keep(t, "after")
			eventually(t, 2*time.Minute, "the old pods are gone", func() error {
				ending, err := kubectlTry(t, "-n", "todo-dev", "get", "pods", "-o", "jsonpath={.items[*].metadata.deletionTimestamp}")
				if err == nil && ending != "" {
					err = errors.New("some are on their way out")
				}
				return err
			})
			runbook(t, "The database's password", 1, "")
		}, []string{"backend"}},
	} {
		t.Run(scenario.name, func(t *testing.T) {
			v.signIn(t) // with the key of the day: the load keeps this session to its end
			before := pods(t)
			stop := v.keepSigningIn()
			o := l.signedIn(t, v.token).during(t, func() { scenario.change(t) })
			defer conclude(t, scenario.name, &o)
			signedIn, failures := stop()
			t.Logf("signed in %d times meanwhile", signedIn)
			o.requests, o.failed = o.requests+signedIn, o.failed+len(failures)
			for _, failure := range failures {
				t.Errorf("a new session failed: %v", failure)
			}
			if o.failed > 0 || o.requests < 10_000 || signedIn < 20 {
				t.Errorf("%d of %d requests failed, %d of them new sessions; want none of at least 10,000, and 20", o.failed, o.requests, signedIn)
			}
			rolled(t, before, pods(t), scenario.rolls)
		})
	}
	t.Run("what was rotated away opens nothing", func(t *testing.T) {
		if err := v.use(first); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("a session of the first key: %v, want 401: then the key was never rotated", err)
		}
		out, err := kubectlTry(t, "-n", "todo-dev", "exec", "database-0", "--", "sh", "-c", `PGPASSWORD="$POSTGRES_PASSWORD" psql -h "$(hostname -i)" -U todo -d todo -c 'select 1'`)
		if err == nil || !strings.Contains(out, "password authentication failed") {
			t.Errorf("the first password of the database still opens it: %v\n%s", err, out)
		}
	})
	t.Run("a rollback does not bring it back", func(t *testing.T) {
		if out := run(t, "make", "rollback"); !strings.Contains(out, "serves again") {
			t.Errorf("make rollback to the release before the last rotation:\n%s", out)
		}
		if err := v.use(v.token); err != nil {
			t.Errorf("a session of the new key, after the rollback: %v", err)
		}
		if err := v.use(first); err == nil || !strings.Contains(err.Error(), "401") {
			t.Errorf("a session of the first key, after the rollback: %v, want 401", err)
		}
	})
	all := newNeedles(values)
	mustLack(t, all, seen(), "a process's arguments, at some time")
	searchOutside(t, values)
}

// runbook runs the n-th block of commands below a heading of docs/operations.md, with an answer to what it asks for.
func runbook(t *testing.T, heading string, n int, answer string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n### "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	section, _, _ = strings.Cut(section, "\n### ")
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(section, -1)
	if !found || n >= len(blocks) {
		t.Fatalf("docs/operations.md has %d blocks of commands below %q, want number %d", len(blocks), heading, n)
	}
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", `eval "$(make env)"`+"\n"+blocks[n][1])
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(answer), &out, &out
	if err := start(t, cmd); err != nil {
		t.Fatalf("%s, block %d: %v\n%s", heading, n, err, &out)
	}
}

// everyArgument collects the arguments of every process that runs for longer than a moment, until it is asked for them.
func everyArgument(t *testing.T) (seen func() []byte) {
	done, result := make(chan struct{}), make(chan []byte)
	go func() {
		lines := map[string]bool{}
		for {
			select {
			case <-done:
				var all []byte
				for line := range lines {
					all = append(append(all, line...), '\n')
				}
				result <- all
				return
			case <-time.After(100 * time.Millisecond):
				for line := range strings.SplitSeq(string(arguments()), "\n") {
					lines[line] = true
				}
			}
		}
	}()
	return func() []byte {
		close(done)
		all := <-result
		for _, known := range []string{"config\x00set\x00", "psql"} {
			if !bytes.Contains(all, []byte(known)) {
				t.Errorf("no process with %q was seen: the watch was too slow to mean anything", known)
			}
		}
		return all
	}
}

// visitor is somebody with an account, who comes through the Services.
type visitor struct {
	load            load
	email, password string
	token           string
}

func newVisitor(t *testing.T, l load) *visitor {
	t.Helper()
	v := &visitor{load: l, email: "rotation-" + strings.ToLower(rand.Text()) + "@example.com", password: rand.Text()}
	token, err := v.session("sign-up")
	if err != nil {
		t.Fatalf("signing up: %v", err)
	}
	v.token = token
	t.Cleanup(func() { query(t, fmt.Sprintf("delete from users where email = '%s'", v.email)) })
	return v
}

func (v *visitor) signIn(t *testing.T) {
	t.Helper()
	token, err := v.session("sign-in")
	if err != nil {
		t.Fatalf("signing in: %v", err)
	}
	v.token = token
}

// session asks the web for one, as a browser does, over a new connection: any pod may answer.
func (v *visitor) session(how string) (string, error) {
	body, err := json.Marshal(map[string]string{"email": v.email, "password": v.password, "name": "Rotation"})
	if err != nil {
		return "", err
	}
	response, err := anyPod.Post("http://"+v.load.addresses["frontend-web"]+"/api/auth/"+how, "application/json", bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.Name == "todo_session" {
			return cookie.Value, nil
		}
	}
	text, err := io.ReadAll(response.Body)
	return "", errors.Join(fmt.Errorf("%s: %s: %.300s", how, response.Status, text), err)
}

// use lists the tasks with a session, through the web and at the backend.
func (v *visitor) use(token string) error {
	for service, header := range map[string][2]string{"backend": {"Authorization", "Bearer " + token}, "frontend-web": {"Cookie", "todo_session=" + token}} {
		request, err := http.NewRequest(http.MethodGet, "http://"+v.load.addresses[service]+"/api/tasks", nil)
		if err != nil {
			return err
		}
		request.Header.Set(header[0], header[1])
		response, err := anyPod.Do(request)
		if err != nil {
			return err
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s, with a session: %s", service, response.Status)
		}
	}
	return nil
}

// keepSigningIn makes a session about once a second, and uses it at once, until it is stopped.
func (v *visitor) keepSigningIn() (stop func() (int, []error)) {
	done, ended := make(chan struct{}), make(chan struct{})
	times, failures := 0, []error(nil)
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-time.After(time.Second):
			}
			times++
			token, err := v.session("sign-in")
			if err == nil {
				err = v.use(token)
			}
			if err != nil {
				failures = append(failures, fmt.Errorf("%s: %w", time.Now().Format(time.TimeOnly), err))
			}
		}
	}()
	return func() (int, []error) {
		close(done)
		<-ended
		return times, failures
	}
}

// anyPod connects anew for each request.
var anyPod = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
