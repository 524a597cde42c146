//go:build e2e

package e2e

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	// labRecords is where the lab keeps a record of each process that it started.
	labRecords = "/var/lib/todo-lab/run/*.json"

	// burners is how many processes compute beside the start: a load of ten on each of two cores.
	burners = 20
	// burnersEnd ends them if the test cannot.
	burnersEnd = "1800"

	// startDelay is how long each component is stopped right after its start.
	startDelay = 5 * time.Second
)

// engines are the lab's components that are no part of Kubernetes.
var engines = []string{"containerd", "docker", "registry"}

// testSlowLab starts the lab's Kubernetes on a machine that is busy, with every component late, and without a Node
// object, as a first start has none. It needs a lab on which nothing runs: the pods of a deleted node are deleted too.
func testSlowLab(t *testing.T) {
	if _, err := exec.LookPath("minikube"); err == nil {
		t.Skip("the stack is on Minikube: there is no lab to start")
	}
	run(t, "make", "bin/lab") // not beside the load
	before := labProcesses(t)
	if len(before) < 10 {
		t.Fatalf("the lab has the processes %v, want at least 10", before)
	}
	kubectl(t, "delete", "node", "todo-lab")
	for name, pid := range before {
		if !slices.Contains(engines, name) {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
				t.Fatalf("killing %s: %v", name, err)
			}
		}
	}
	burn(t, burners)
	delayed := delayStarts(t, before)
	begin := time.Now()
	out := run(t, "make", "lab-up")
	t.Logf("the lab started in %.0f s:\n%s", time.Since(begin).Seconds(), out)

	late := delayed()
	after := labProcesses(t)
	for name, pid := range before {
		switch isEngine := slices.Contains(engines, name); {
		case isEngine && after[name] != pid:
			t.Errorf("%s was restarted (process %d, then %d) though it was alive", name, pid, after[name])
		case !isEngine && (after[name] == pid || after[name] == 0):
			t.Errorf("%s was not started again: process %d, then %d", name, pid, after[name])
		case !isEngine && late[name] == 0:
			t.Errorf("%s was not late: the test proves less than it says", name)
		}
	}
	t.Logf("starts by component: %v", late)
	run(t, "make", "lab-status") // it fails when a component is not healthy, also one that ended after it was
	testEtcdIsClosed(t)
}

// testEtcdIsClosed asks etcd without the certificate that it wants.
func testEtcdIsClosed(t *testing.T) {
	client := http.Client{Timeout: 30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for _, url := range []string{
		"http://127.0.0.1:2379/health", "https://127.0.0.1:2379/health", "https://127.0.0.1:2380/version",
	} {
		if response, err := client.Get(url); err == nil {
			response.Body.Close()
			t.Errorf("%s answers a client without a certificate: %s", url, response.Status)
		}
	}
}

// labProcesses reads the lab's records: component → process id.
func labProcesses(t *testing.T) map[string]int {
	t.Helper()
	files, err := filepath.Glob(labRecords)
	if err != nil {
		t.Fatal(err)
	}
	processes := map[string]int{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) {
			continue // it is being replaced
		}
		var record struct {
			Name string
			PID  int
		}
		if err == nil {
			err = json.Unmarshal(text, &record)
		}
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		processes[record.Name] = record.PID
	}
	return processes
}

// delayStarts stops each process of the lab that is not a known one for startDelay, from the moment of its record. The
// returned function ends that and returns how many processes of each component were stopped.
func delayStarts(t *testing.T, known map[string]int) (end func() map[string]int) {
	t.Helper()
	seen := map[int]bool{}
	for _, pid := range known {
		seen[pid] = true
	}
	stopped := map[string]int{}
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
			for name, pid := range labProcesses(t) {
				if seen[pid] {
					continue
				}
				seen[pid] = true
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
					continue // it has ended already
				}
				stopped[name]++
				all.Go(func() {
					select {
					case <-done: // the start is over, or the test: nothing may stay stopped
					case <-time.After(startDelay):
					}
					syscall.Kill(pid, syscall.SIGCONT)
				})
			}
		}
	})
	end = sync.OnceValue(func() map[string]int {
		close(done)
		all.Wait()
		return stopped
	})
	t.Cleanup(func() { end() })
	return end
}

// burn keeps n processes computing until the test ends.
func burn(t *testing.T, n int) {
	t.Helper()
	for range n {
		burner := exec.Command("timeout", burnersEnd, "sh", "-c", "while :; do :; done")
		burner.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := burner.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			syscall.Kill(-burner.Process.Pid, syscall.SIGKILL) // timeout and its shell
			burner.Wait()
		})
	}
}
