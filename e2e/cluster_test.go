//go:build e2e

// Package e2e tests the whole product on a live cluster: it types the README's commands and looks at what they did.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// root is the checkout.
var root = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return filepath.Dir(dir)
}()

// try runs a command in the checkout and returns all it printed.
func try(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := start(t, cmd)
	return out.String(), err
}

// run is try for a command that must succeed.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := try(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return out
}

func start(t *testing.T, cmd *exec.Cmd) error {
	t.Helper()
	cmd.Dir, cmd.WaitDelay = root, 5*time.Second
	begin := time.Now()
	err := cmd.Run()
	t.Logf("$ %s  (%.1f s)", strings.Join(cmd.Args, " "), time.Since(begin).Seconds())
	return err
}

// kubectlTry runs kubectl in the environment that `make env` prints; what it returns is standard output alone, and
// after a failure what kubectl complained of too.
func kubectlTry(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", append([]string{"-c", `eval "$(make env)" && exec kubectl "$@"`, "kubectl"}, args...)...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := start(t, cmd); err != nil {
		return out.String() + complaint.String(), err
	}
	return out.String(), nil
}

func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := kubectlTry(t, args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

type pod struct {
	name, service string
	ready         bool
	restarts      int
}

// pods are the stack's pods that serve: neither on their way out, nor those of a Job that is done.
func pods(t *testing.T) []pod {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct {
				Name, DeletionTimestamp string
				Labels                  map[string]string
			}
			Status struct {
				Phase             string
				ContainerStatuses []struct {
					Ready        bool
					RestartCount int
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "get", "pods", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var all []pod
	for _, item := range list.Items {
		if item.Metadata.DeletionTimestamp != "" || item.Status.Phase == "Succeeded" {
			continue
		}
		p := pod{name: item.Metadata.Name, service: item.Metadata.Labels["app.kubernetes.io/name"], ready: len(item.Status.ContainerStatuses) > 0}
		for _, c := range item.Status.ContainerStatuses {
			p.ready = p.ready && c.Ready
			p.restarts += c.RestartCount
		}
		all = append(all, p)
	}
	return all
}

// samePods fails when a pod came or went, apart from those of one service.
func samePods(t *testing.T, before, after []pod, except string) {
	t.Helper()
	names := func(pods []pod) map[string]bool {
		set := map[string]bool{}
		for _, p := range pods {
			if p.service != except {
				set[p.name] = true
			}
		}
		return set
	}
	was, is := names(before), names(after)
	for name := range was {
		if !is[name] {
			t.Errorf("pod %s is gone, and nothing should have touched it", name)
		}
	}
	for name := range is {
		if !was[name] {
			t.Errorf("pod %s is new, and nothing should have made it", name)
		}
	}
}

// makeNamespace makes a namespace for as long as the test runs. Nobody waits for its end: that comes when every API has said that
// it has nothing in it, which can take minutes while a cluster is young and its metrics API does not answer yet.
func makeNamespace(t *testing.T, name string) {
	t.Helper()
	kubectl(t, "wait", "--for=delete", "namespace/"+name, "--timeout=300s") // of an earlier run; at once when there is none
	kubectl(t, "create", "namespace", name)
	t.Cleanup(func() {
		if out, err := kubectlTry(t, "delete", "namespace", name, "--wait=false"); err != nil {
			t.Errorf("removing namespace %s: %v\n%s", name, err, out)
		}
	})
}

// waitReady waits until every pod of the stack is Ready.
func waitReady(t *testing.T) {
	t.Helper()
	kubectl(t, "-n", "todo-dev", "rollout", "status", "statefulset/database", "--timeout=180s")
	// kubectl gives up when one of the pods it waits for goes, as those of the last release do.
	eventually(t, 3*time.Minute, "every pod is Ready", func() error {
		out, err := kubectlTry(t, "-n", "todo-dev", "wait", "pods", "--field-selector=status.phase!=Succeeded", "--for=condition=Ready", "--timeout=60s")
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	})
}

func eventually(t *testing.T, limit time.Duration, what string, try func() error) {
	t.Helper()
	var err error
	for begin := time.Now(); time.Since(begin) < limit; time.Sleep(500 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	t.Errorf("%s: not within %s: %v", what, limit, err)
}

// dumpBegins is what .ci/run looks for: what a step failed of is printed right before it.
const dumpBegins = "the cluster after the failure:"

// dump prints what a person would look at first; it is called only after a failure.
func dump(t *testing.T) {
	t.Log(dumpBegins)
	for _, args := range [][]string{
		{"-n", "todo-dev", "get", "all,events", "-o", "wide"},
		{"-n", "todo-dev", "describe", "pods"},
		{"-n", "todo-dev", "logs", "-l", "app.kubernetes.io/part-of=todo", "--all-containers", "--tail=30", "--prefix"},
	} {
		out, err := kubectlTry(t, args...)
		t.Logf("%v\n%s", err, out)
	}
	out, err := try(t, "make", "lab-status")
	t.Logf("%v\n%s", err, out)
}
