//go:build e2e

package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The lab's node is this machine: what runs in a container is a process here.

type container struct {
	pod, uid, id string
	ready        bool
	restarts     int
	ended        string // why the process before this one ended
}

// containers are those of a service's pods that are not on their way out.
func containers(t *testing.T, service string) []container {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name, UID, DeletionTimestamp string }
			Status   struct {
				ContainerStatuses []struct {
					ContainerID  string
					Ready        bool
					RestartCount int
					LastState    struct{ Terminated struct{ Reason string } }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "get", "pods", "-l", "app.kubernetes.io/name="+service, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var all []container
	for _, p := range list.Items {
		if p.Metadata.DeletionTimestamp != "" {
			continue
		}
		one := container{pod: p.Metadata.Name, uid: p.Metadata.UID}
		for _, c := range p.Status.ContainerStatuses {
			_, one.id, _ = strings.Cut(c.ContainerID, "://")
			one.ready, one.restarts, one.ended = c.Ready, c.RestartCount, c.LastState.Terminated.Reason
		}
		all = append(all, one)
	}
	return all
}

type process struct {
	pid  int
	main bool // the container's first process
	args string
}

// processes are those of a container, its first one first.
func (c container) processes(t *testing.T) []process {
	t.Helper()
	groups, err := filepath.Glob("/proc/[0-9]*/cgroup")
	if err != nil {
		t.Fatal(err)
	}
	var all []process
	for _, file := range groups {
		dir := filepath.Dir(file)
		group, _ := os.ReadFile(file) // a process that has ended meanwhile is in no container
		if !strings.Contains(string(group), c.id) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		args, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		p := process{pid: pid, args: strings.ReplaceAll(string(args), "\x00", " ")}
		status, _ := os.ReadFile(filepath.Join(dir, "status"))
		for line := range strings.Lines(string(status)) {
			if fields := strings.Fields(line); len(fields) > 2 && fields[0] == "NSpid:" {
				p.main = fields[len(fields)-1] == "1"
			}
		}
		if p.main {
			all = append([]process{p}, all...)
		} else {
			all = append(all, p)
		}
	}
	if len(all) == 0 || !all[0].main {
		t.Fatalf("this machine has no process of container %s of pod %s: %v", c.id, c.pod, all)
	}
	return all
}

// workers are the backend's processes that answer requests.
func (c container) workers(t *testing.T) []process {
	t.Helper()
	var all []process
	for _, p := range c.processes(t) {
		if strings.Contains(p.args, "spawn_main") {
			all = append(all, p)
		}
	}
	return all
}

func signal(t *testing.T, p process, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.pid, s); err != nil {
		t.Fatalf("sending %v to %q: %v", s, p.args, err)
	}
}

// exhaust makes a process use up the memory of a container's group until the kernel has killed the container's first process.
func (c container) exhaust(t *testing.T) {
	t.Helper()
	main := c.processes(t)[0]
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", main.pid))
	if err != nil {
		t.Fatal(err)
	}
	group := ""
	for line := range strings.Lines(string(text)) {
		// Of cgroups v2 there is one line, which begins with 0 and names no controller.
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if controllers, path := parts[1], parts[2]; controllers == "memory" {
			group = filepath.Join("/sys/fs/cgroup/memory", path)
		} else if controllers == "" && group == "" {
			group = filepath.Join("/sys/fs/cgroup", path)
		}
	}
	// `tail` keeps what it reads until a line ends, and none does. The kernel kills what has most memory for its score: the
	// kubelet gives the container's processes a high one, and this process has the test's.
	hog := exec.Command("bash", "-c", `echo $$ > "$1" && exec tail /dev/zero`, "hog", filepath.Join(group, "cgroup.procs"))
	hog.Stderr = os.Stderr
	if err := hog.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- hog.Wait() }()
	for begin := time.Now(); syscall.Kill(main.pid, 0) == nil && time.Since(begin) < time.Minute; time.Sleep(20 * time.Millisecond) {
	}
	if err := hog.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) { // cgroups v2 end the group as a whole
		t.Errorf("ending what used up the memory: %v", err)
	}
	<-ended
	if syscall.Kill(main.pid, 0) == nil {
		t.Errorf("pod %s lives on with its memory used up", c.pod)
	}
}
