//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"slices"
	"syscall"
)

// outside lists what the components make at paths that cannot be chosen, folders before what is in them.
var outside = []string{
	"/etc/docker", "/etc/docker/key.json", // dockerd's identity
	"/run/docker", "/run/docker/plugins", // where dockerd looks for plugins
	"/run/containerd", "/run/containerd/s", // sockets of container shims
	"/var/lib/cni", "/var/lib/cni/results", // what the CNI library notes of each pod
	"/var/lib/kubelet", "/var/lib/kubelet/device-plugins", "/var/lib/kubelet/device-plugins/kubelet.sock",
	"/var/lib/kubelet/device-plugins/DEPRECATION", "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint",
	"/var/log/containers", // the kubelet's links to the logs of pods
}

func outsideNote() string { return state("outside.json") }

// noteOutside notes, before the first start, which of these are missing: those are the lab's to remove. A machine that
// runs Docker or is a node of another cluster keeps its own.
func noteOutside() error {
	if exists(outsideNote()) {
		return nil
	}
	absent := slices.DeleteFunc(slices.Clone(outside), func(path string) bool {
		_, err := os.Lstat(path)
		return !errors.Is(err, fs.ErrNotExist)
	})
	text, err := json.MarshalIndent(absent, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(outsideNote(), append(text, '\n'), 0o644)
}

// removeOutside removes what noteOutside noted, folders only when nothing is in them any more.
func removeOutside() error {
	text, err := os.ReadFile(outsideNote())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // never started
	}
	if err != nil {
		return err
	}
	var absent []string
	if err := json.Unmarshal(text, &absent); err != nil {
		return err
	}
	for _, path := range slices.Backward(absent) {
		err := os.Remove(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EEXIST) {
			return err
		}
	}
	return nil
}
