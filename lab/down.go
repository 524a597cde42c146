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
	"strings"
	"sync"
	"time"

	"todo/internal/step"
)

// down stops the lab and removes all that it made. It works on what is there, so a lab that is half up, killed or gone
// with a reboot goes the same way. Nothing is found by a process's name: components by their records, the rest by the
// lab's cgroups.
func down(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errRoot
	}
	unlock, err := lock()
	if err != nil {
		return err
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
	// Each of these is tried even when another failed: what is left is then as little as possible.
	if err := errors.Join(
		printer.Run("Remove network, rules and kernel settings", func(s *step.Step) error { return removeNetwork(ctx, s) }),
		printer.Run("Remove mounts, cgroups and files", func(s *step.Step) error { return removeFiles(ctx, s) }),
	); err != nil {
		return err
	}
	if err := leftovers(); err != nil {
		return err
	}
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	fmt.Printf("The lab is gone: no process, mount or rule of it is left. Kept: the cache %s and the Debian packages.\n", cache)
	return nil
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

// removeNetwork takes back rules, sets, interfaces, addresses and kernel settings.
func removeNetwork(ctx context.Context, s *step.Step) error {
	var failed []error
	for _, family := range []string{"iptables", "ip6tables"} {
		saved, err := exec.CommandContext(ctx, family+"-save").Output()
		if errors.Is(err, exec.ErrNotFound) {
			continue // never installed, so nothing of it to remove
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s-save: %w", family, err))
			continue
		}
		script := cleanupScript(string(saved))
		if script == "" {
			continue
		}
		fmt.Fprint(s, script)
		restore := exec.CommandContext(ctx, family+"-restore", "-w", "10", "--noflush")
		restore.Stdin, restore.Stdout, restore.Stderr = strings.NewReader(script), s, s
		if err := restore.Run(); err != nil {
			failed = append(failed, fmt.Errorf("%s-restore: %w", family, err))
		}
	}
	if out, err := exec.CommandContext(ctx, "ipset", "list", "-n").Output(); err == nil {
		for _, name := range strings.Fields(string(out)) {
			if ownIPSet(name) {
				failed = append(failed, s.Command(ctx, "", nil, "ipset", "destroy", name))
			}
		}
	}
	for _, bridge := range []string{podBridge, dockerBridge} {
		if _, err := os.Stat("/sys/class/net/" + bridge); err == nil {
			failed = append(failed, s.Command(ctx, "", nil, "ip", "link", "delete", bridge))
		}
	}
	if hasAddress("lo", dnsAddr) {
		failed = append(failed, s.Command(ctx, "", nil, "ip", "address", "delete", dnsAddr+"/32", "dev", "lo"))
	}
	return errors.Join(append(failed, restoreSysctls())...)
}

// removeFiles unmounts and removes the lab's folders, and the few things that its components keep elsewhere because
// their paths cannot be chosen.
func removeFiles(ctx context.Context, s *step.Step) error {
	fmt.Fprintf(s, "removing %s and %s; images are many small files\n", runDir, stateDir)
	failed := []error{removeShimSockets(), removePodLinks(), removeCNIResults(), removeOutside()}
	failed = append(failed, removeCgroups(ctx), removeTree(runDir), removeTree(stateDir))
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

// leftovers looks for what must not be there after a down.
func leftovers() error {
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
		if _, err := os.Lstat(path); err == nil {
			paths = append(paths, path)
		}
	}
	for _, family := range []string{"iptables", "ip6tables"} {
		if saved, err := exec.Command(family + "-save").Output(); err == nil && cleanupScript(string(saved)) != "" {
			paths = append(paths, "rules of "+family)
		}
	}
	if len(pids)+len(points)+len(paths) > 0 {
		return fmt.Errorf("left behind: processes %v, mounts %v, others %v", pids, points, paths)
	}
	return nil
}
