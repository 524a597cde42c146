//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// kubernetesPrograms are the programs that write Kubernetes' firewall chains.
var kubernetesPrograms = []string{"kubelet", "kube-proxy", "kube-router",
	"k3s", "k3s-server", "k3s-agent", "rke2", "k0s", "kubelite"}

// otherKubernetes names a process of another Kubernetes that works in this machine's network, such as "k3s-server (pid
// 7)"; "" when there is none. A node in a container (Minikube, kind, k3d) has a network of its own and is not meant.
// proc is /proc.
func otherKubernetes(proc string, own func(pid int) bool) (string, error) {
	network, err := os.Readlink(filepath.Join(proc, "self/ns/net"))
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(proc)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		name, err := os.ReadFile(filepath.Join(proc, entry.Name(), "comm"))
		if err != nil || !slices.Contains(kubernetesPrograms, strings.TrimSpace(string(name))) {
			continue
		}
		if link, err := os.Readlink(filepath.Join(proc, entry.Name(), "ns/net")); err != nil || link != network || own(pid) {
			continue
		}
		return fmt.Sprintf("%s (pid %d)", strings.TrimSpace(string(name)), pid), nil
	}
	return "", nil
}

// kubernetesProblems refuses to start beside another Kubernetes: both would write the chains of the same names.
func kubernetesProblems(own func(pid int) bool) []error {
	other, err := otherKubernetes("/proc", own)
	if err != nil {
		return []error{err}
	}
	if other == "" {
		return nil
	}
	return []error{fmt.Errorf("another Kubernetes runs on this machine, %s: the lab would overwrite its firewall rules; "+
		"use that cluster (pulumi config set kubeContext <context>), or stop it", other)}
}
