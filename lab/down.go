//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"todo/internal/step"
)

// down stops the lab and removes all that it made; where there is no lab it changes nothing. It acts on what exists, so
// a lab that is half up, killed or stopped by a reboot goes the same way. Nothing is found by a process's name:
// components are found by their records, the rest by the lab's cgroups.
func down(ctx context.Context) error {
	if there, err := anyLab(); err != nil || !there {
		if err == nil {
			fmt.Println("There is no lab on this machine: nothing was changed.")
		}
		return err
	}
	if os.Geteuid() != 0 {
		return refusal{errRoot}
	}
	unlock, err := lock()
	if err != nil {
		return refusal{err}
	}
	defer unlock()
	printer, err := newPrinter()
	if err != nil {
		return err
	}
	if err := printer.Run("Stop the components", func(*step.Step) error { return stopAll(ctx) }); err != nil {
		return err
	}
	if err := printer.Run("Stop pods and containers", func(*step.Step) error { return killLabProcesses(ctx) }); err != nil {
		return err
	}
	keep, started, err := readFirewall()
	if err != nil {
		return err
	}
	if keep.other, err = otherKubernetes("/proc", func(int) bool { return false }); err != nil { // the lab's own has ended
		return err
	}
	if keep.other != "" {
		fmt.Printf("    The KUBE-* rules and kernel settings stay: %s of another Kubernetes uses them.\n", keep.other)
	}
	// Each of these is tried even when another one failed, so that as little as possible is left behind.
	rules := error(nil)
	if started {
		rules = printer.Run("Remove firewall rules", func(s *step.Step) error { return removeRules(ctx, s, keep) })
	}
	network := printer.Run("Remove network and kernel settings", func(s *step.Step) error {
		return removeNetwork(ctx, s, keep)
	})
	notes := rules == nil && network == nil // they are needed to try again
	files := printer.Run("Remove mounts, cgroups and files", func(s *step.Step) error {
		return removeFiles(ctx, s, notes)
	})
	if err := errors.Join(rules, network, files); err != nil {
		return fmt.Errorf("%w\n`make lab-down` tries again what is left", err)
	}
	if err := leftovers(ctx, keep, started); err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	fmt.Println("The lab is removed: no process, mount or firewall rule of it is left.")
	fmt.Printf("The cache %s and the Debian packages stay.\n", cache)
	return nil
}

// anyLab reports whether a lab left a trace on this machine: one of its folders, or its cgroups.
func anyLab() (bool, error) {
	if exists(stateDir) || exists(runDir) {
		return true, nil
	}
	roots, err := cgroupRoots()
	if err != nil {
		return false, nil // without cgroups no lab ever started
	}
	return slices.ContainsFunc(roots, func(root string) bool { return exists(filepath.Join(root, cgroupName)) }), nil
}

// stopAll stops the recorded processes, side by side: nothing of what they keep is needed any more.
func stopAll(ctx context.Context) error {
	files, err := filepath.Glob(recordPath("*"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return step.ErrDone
	}
	failed := make([]error, len(files))
	var wait sync.WaitGroup
	for i, file := range files {
		r, _, err := readRecord(strings.TrimSuffix(filepath.Base(file), ".json"))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		wait.Go(func() { failed[i] = r.stop(ctx, stopGrace) })
	}
	wait.Wait()
	return errors.Join(failed...)
}

// stopGrace is how long a component has to end by itself when the lab goes down.
const stopGrace = 5 * time.Second

// removeRules removes the firewall rules, chains and sets that the lab's components made.
func removeRules(ctx context.Context, s *step.Step, keep firewall) error {
	var failed []error
	for _, family := range families {
		saved, err := iptablesSave(ctx, family)
		if err != nil {
			failed = append(failed, err)
			continue
		}
		script := cleanupScript(saved, keep)
		if script == "" {
			continue
		}
		fmt.Fprint(s, script)
		restore := exec.CommandContext(ctx, family+"-restore", "-w", lockWait, "--noflush")
		restore.Stdin, restore.Stdout, restore.Stderr = strings.NewReader(script), s, s
		if err := restore.Run(); err != nil {
			failed = append(failed, fmt.Errorf("%s-restore: %w", family, err))
		}
	}
	for _, name := range kubernetesSets(ctx) {
		if !keep.keepsSet(name) {
			failed = append(failed, s.Command(ctx, "", nil, "ipset", "destroy", name))
		}
	}
	return errors.Join(failed...)
}

// removeNetwork removes the lab's interfaces and addresses, and puts kernel settings back.
func removeNetwork(ctx context.Context, s *step.Step, keep firewall) error {
	var failed []error
	for _, bridge := range []string{podBridge, dockerBridge} {
		if exists("/sys/class/net/" + bridge) {
			failed = append(failed, s.Command(ctx, "", nil, "ip", "link", "delete", bridge))
		}
	}
	if hasAddress("lo", dnsAddr) && exists(state("network.json")) {
		failed = append(failed, s.Command(ctx, "", nil, "ip", "address", "delete", dnsAddr+"/32", "dev", "lo"))
	}
	if keep.other == "" {
		failed = append(failed, restoreSysctls(s))
	}
	return errors.Join(failed...)
}

// removeFiles unmounts and removes the lab's folders, and the few things that its components keep elsewhere because
// their paths cannot be chosen. The notes of what the machine had before go only when nothing needs them any more.
func removeFiles(ctx context.Context, s *step.Step, notes bool) error {
	fmt.Fprintf(s, "removing %s and %s; images are many small files\n", runDir, stateDir)
	failed := []error{removeShimSockets(), removePodLinks(), removeCNIResults(), removeOutside()}
	failed = append(failed, removeCgroups(ctx), removeTree(runDir))
	if notes {
		return errors.Join(append(failed, removeTree(stateDir))...)
	}
	entries, err := os.ReadDir(stateDir)
	failed = append(failed, err)
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".json") {
			failed = append(failed, removeTree(state(entry.Name())))
		}
	}
	return errors.Join(failed...)
}

// removeShimSockets removes the sockets of container shims, which containerd names in its own state folder.
func removeShimSockets() error {
	files, err := filepath.Glob(runDir + "/containerd/io.containerd.runtime.v2.task/*/*/address")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := removeIfThere(strings.TrimPrefix(strings.TrimSpace(string(text)), "unix://")); err != nil {
			return err
		}
	}
	return nil
}

// removePodLinks removes the kubelet's links to the logs of the lab's pods.
func removePodLinks() error {
	links, err := filepath.Glob("/var/log/containers/*.log")
	if err != nil {
		return err
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && strings.HasPrefix(target, stateDir+"/") {
			if err := removeIfThere(link); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeCNIResults removes what the CNI library noted of the lab's pods: each note names the pod's network namespace,
// which lies below the lab's folder.
func removeCNIResults() error {
	files, err := filepath.Glob("/var/lib/cni/results/*")
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(text), runDir+"/") {
			err = removeIfThere(file)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// leftovers looks for what must not exist after a down.
func leftovers(ctx context.Context, keep firewall, started bool) error {
	pids, err := labProcesses()
	if err != nil {
		return err
	}
	points, err := mountsBelow(stateDir, runDir)
	if err != nil {
		return err
	}
	var paths []string
	for _, path := range []string{stateDir, runDir, "/sys/class/net/" + podBridge, "/sys/class/net/" + dockerBridge} {
		if exists(path) {
			paths = append(paths, path)
		}
	}
	for _, family := range families {
		if !started {
			break
		}
		if saved, err := iptablesSave(ctx, family); err == nil && cleanupScript(saved, keep) != "" {
			paths = append(paths, "rules of "+family)
		}
	}
	if len(pids)+len(points)+len(paths) > 0 {
		return fmt.Errorf("left behind: processes %v, mounts %v, others %v", pids, points, paths)
	}
	return nil
}
