package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"todo/internal/doctor"
)

// kubectlLimit ends a kubectl that only reads. --request-timeout does not bound all of it: a VPN that drops packets,
// or a program that fetches credentials, can hold it up without end.
var kubectlLimit = 30 * time.Second

// asking returns a function that reads from a namespace of the cluster, each time within kubectlLimit.
func (o *Ops) asking(c Cluster, namespace string) doctor.Kubectl {
	return func(ctx context.Context, args ...string) ([]byte, error) {
		limited, cancel := context.WithTimeout(ctx, kubectlLimit)
		defer cancel()
		cmd := o.kubectlCommand(limited, c, append([]string{"-n", namespace, "--request-timeout=15s"}, args...)...)
		cmd.WaitDelay = time.Second // its own child, which it leaves behind, may hold the output open
		text, err := cmd.Output()
		if err != nil && ctx.Err() == nil && errors.Is(limited.Err(), context.DeadlineExceeded) {
			return nil, fmt.Errorf("kubectl %s: cluster %s has not answered within %v",
				args[0], c.Context, kubectlLimit)
		}
		if err != nil {
			return nil, fmt.Errorf("kubectl %s: %w%s", args[0], err, stderrOf(err))
		}
		return text, nil
	}
}

// machine is the load of this machine when the cluster runs on it; zero elsewhere, and on systems without /proc.
func machine(c Cluster) doctor.Machine {
	text, err := os.ReadFile("/proc/loadavg")
	if !c.Local || err != nil {
		return doctor.Machine{}
	}
	m := doctor.Machine{CPUs: runtime.NumCPU()}
	if _, err := fmt.Sscan(string(text), &m.Load); err != nil {
		return doctor.Machine{}
	}
	return m
}
