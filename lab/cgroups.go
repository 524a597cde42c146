//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The lab's processes, its pods and its Docker containers live in cgroups of this name. It is what tells the lab's
// processes from others when the lab is taken down, whoever started them.
const cgroupName = "todo-lab"

var cgroupMount = "/sys/fs/cgroup" // tests move it

// cgroupRoots lists the mount of each hierarchy: one with cgroup v2, one per controller with v1 or the hybrid layout.
func cgroupRoots() ([]string, error) {
	if _, err := os.Stat(cgroupMount + "/cgroup.controllers"); err == nil {
		return []string{cgroupMount}, nil
	}
	files, err := filepath.Glob(cgroupMount + "/*/cgroup.procs")
	if err != nil {
		return nil, err
	}
	var roots []string
	seen := map[string]bool{}
	for _, file := range files {
		root, err := filepath.EvalSymlinks(filepath.Dir(file)) // cpu is often a link to cpu,cpuacct
		if err != nil {
			return nil, err
		}
		if !seen[root] {
			seen[root] = true
			roots = append(roots, root)
		}
	}
	if len(roots) == 0 {
		return nil, errors.New("no cgroup hierarchy is mounted on " + cgroupMount)
	}
	return roots, nil
}

// trackingRoot is the hierarchy in which the lab's own processes are kept: the only one with v2; with v1 that of a
// controller which the container runtime always uses, and which limits nothing by itself.
func trackingRoot(roots []string) string {
	for _, root := range roots {
		if filepath.Base(root) == "pids" {
			return root
		}
	}
	return roots[0]
}

// makeCgroups makes the lab's cgroup in every hierarchy, since the kubelet wants its root to exist in each, and returns
// those that a component of the lab must enter. They are leaves: with v2 only leaves may hold processes.
func makeCgroups() ([]string, error) {
	roots, err := cgroupRoots()
	if err != nil {
		return nil, err
	}
	for _, root := range roots {
		if err := os.MkdirAll(filepath.Join(root, cgroupName), 0o755); err != nil {
			return nil, err
		}
	}
	leaf := filepath.Join(trackingRoot(roots), cgroupName, "system")
	return []string{leaf}, os.MkdirAll(leaf, 0o755)
}

// cgroupFolders lists the lab's cgroups, innermost first.
func cgroupFolders() ([]string, error) {
	roots, err := cgroupRoots()
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, root := range roots {
		var found []string
		err := filepath.WalkDir(filepath.Join(root, cgroupName), func(path string, entry fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) { // gone while walking
				return nil
			}
			if err == nil && entry.IsDir() {
				found = append([]string{path}, found...)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		folders = append(folders, found...)
	}
	return folders, nil
}

// labProcesses lists the processes in the lab's cgroups.
func labProcesses() ([]int, error) {
	folders, err := cgroupFolders()
	if err != nil {
		return nil, err
	}
	var pids []int
	seen := map[int]bool{}
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "cgroup.procs"))
		if err != nil {
			continue // gone meanwhile
		}
		for _, line := range strings.Fields(string(text)) {
			pid, err := strconv.Atoi(line)
			if err != nil || seen[pid] || pid == os.Getpid() {
				continue
			}
			if _, zombie, err := processStart(pid); err != nil || zombie {
				continue
			}
			seen[pid] = true
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// killPatience is how long the kernel gets to end killed processes and to release their cgroups. A moment is enough on
// an idle machine.
const killPatience = 2 * time.Minute

// killLabProcesses kills whatever is left in the lab's cgroups: pods, containers and their shims, which outlive the
// component that started them.
func killLabProcesses(ctx context.Context) error {
	for deadline := time.Now().Add(killPatience); ; {
		pids, err := labProcesses()
		if err != nil || len(pids) == 0 {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("processes %v do not end", pids)
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("killing %d: %w", pid, err)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// removeCgroups removes the lab's cgroups, which are empty by now. The kernel may need a moment to let go of one.
func removeCgroups(ctx context.Context) error {
	for deadline := time.Now().Add(killPatience); ; {
		folders, err := cgroupFolders()
		if err != nil || len(folders) == 0 {
			return err
		}
		var failed error
		for _, folder := range folders {
			if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed = err
			}
		}
		if failed == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return failed
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
