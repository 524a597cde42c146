//go:build linux

package main

import (
	"os"
	"path/filepath"
)

const (
	clusterName  = "todo-lab" // context, cluster and user of the admin kubeconfig
	nodeName     = "todo-lab"
	registryAddr = "localhost:5000"
)

// Everything of the lab lives below the first two folders, so that `down` knows what is its own. Tests move them.
var (
	stateDir = "/var/lib/todo-lab" // what a restart needs
	runDir   = "/run/todo-lab"     // sockets and runtime state; gone after a reboot

	dockerSocket = runDir + "/docker.sock"
	criSocket    = runDir + "/containerd/containerd.sock"
	adminConf    = stateDir + "/admin.conf"
	volumesDir   = stateDir + "/volumes"
)

// state returns a path below the state folder.
func state(elem ...string) string {
	return filepath.Join(append([]string{stateDir}, elem...)...)
}

// writeFile writes a file whole or not at all, with its folder; an unchanged file is not touched.
func writeFile(path string, text []byte, mode os.FileMode) error {
	if old, err := os.ReadFile(path); err == nil && string(old) == string(text) {
		return os.Chmod(path, mode)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600: a key is never readable in between
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err = tmp.Write(text); err == nil {
		err = tmp.Chmod(mode)
	}
	if closeErr := tmp.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
