//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// labPIDs reads `lab status`: component → process id.
func labPIDs(t *testing.T) map[string]int {
	t.Helper()
	out, _ := try(t, "make", "lab-status") // it exits with 1 when a component is dead, which is what the caller looks at
	pids := map[string]int{}
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		for _, field := range fields {
			if pid, err := strconv.Atoi(field); err == nil && pid > 1 && len(fields) > 2 {
				pids[fields[0]] = pid
				break
			}
		}
	}
	return pids
}

func testLabHeals(t *testing.T) {
	if _, err := exec.LookPath("minikube"); err == nil {
		t.Skip("the stack is on Minikube: there is no lab to break")
	}
	// Whatever the network around the lab answers for, a Service's address is the cluster's.
	api := strings.Split(kubectl(t, "get", "service", "kubernetes", "-o", "jsonpath={.spec.clusterIP}"), ".")
	nobody := strings.Join(append(api[:2], "255", "254"), ".") + ":443"
	if connection, err := net.DialTimeout("tcp", nobody, 3*time.Second); err == nil {
		connection.Close()
		t.Errorf("%s is no Service's address, and somebody answers there", nobody)
	}
	before := labPIDs(t)
	if len(before) < 10 {
		t.Fatalf("lab status names %d components with a process, want at least 10: %v", len(before), before)
	}
	victims := []string{"coredns", "kubelet"}
	for _, name := range victims {
		if before[name] == 0 {
			t.Fatalf("lab status names no process of %s: %v", name, before)
		}
		if err := syscall.Kill(before[name], syscall.SIGKILL); err != nil {
			t.Fatalf("killing %s: %v", name, err)
		}
	}
	out, err := try(t, "make", "lab-status")
	if err == nil {
		t.Errorf("lab status calls a lab healthy whose %v are dead:\n%s", victims, out)
	}
	run(t, "make", "lab-up")
	after := labPIDs(t)
	for name, pid := range before {
		killed := name == victims[0] || name == victims[1]
		if killed && after[name] == pid {
			t.Errorf("%s was not restarted", name)
		}
		if !killed && after[name] != pid {
			t.Errorf("%s was restarted (process %d → %d) though it was alive", name, pid, after[name])
		}
	}
	// A kubelet that starts calls no pod Ready until it has asked it, so the Services are empty for a moment.
	eventually(t, time.Minute, "the smoke test is good again", func() error {
		out, err := try(t, "make", "smoke")
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		return nil
	})
}
