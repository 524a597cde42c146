//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

var errRoot = errors.New("not root: the lab starts container engines and changes the network; run it as root (sudo -E)")

// ports is every port that the lab's components listen on.
var ports = map[int]string{
	53: "coredns", 2379: "etcd", 2380: "etcd", 4443: "metrics-server", 5000: "registry", 6443: "kube-apiserver", 10248: "kubelet", 10249: "kube-proxy",
	10250: "kubelet", 10254: "coredns", 10256: "kube-proxy", 10257: "kube-controller-manager", 10259: "kube-scheduler", 10261: "provisioner", 20244: "kube-router",
}

// preflight looks at everything that would make a start fail, before anything is changed. All problems are returned,
// each with what is wrong, what is needed and how to get there. On another system than Debian only that is said.
func preflight(ctx context.Context) []error {
	osRelease, err := os.ReadFile("/etc/os-release")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return []error{err}
	}
	if err := systemProblem(runtime.GOARCH, string(osRelease)); err != nil {
		return []error{err}
	}
	var problems []error
	if os.Geteuid() != 0 {
		problems = append(problems, errRoot)
	}
	if _, err := cgroupRoots(); err != nil {
		problems = append(problems, fmt.Errorf("%w: pods need it; a container without it cannot be the machine", err))
	}
	if needs, err := clusterNeeds(ctx); err != nil {
		problems = append(problems, err)
	} else {
		problems = append(problems, diskProblems(diskOf, needs)...)
	}
	if os.Geteuid() != 0 {
		return problems // whose ports are taken only root can see
	}
	own, err := ownProcess()
	if err != nil {
		return append(problems, err)
	}
	problems = append(problems, kubernetesProblems(own)...)
	listeners, err := listening()
	if err != nil {
		return append(problems, err)
	}
	return append(problems, portProblems(listeners, own)...)
}

// debianRelease is the oldest release that the lab runs on.
const debianRelease = 12

// systemProblem is what keeps the lab from running on this system; nil on one of Debian's releases. osRelease is the
// text of /etc/os-release. Debian's next release has no number yet.
func systemProblem(arch, osRelease string) error {
	values := map[string]string{}
	for line := range strings.Lines(osRelease) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			values[key] = strings.Trim(value, `"'`)
		}
	}
	name := values["PRETTY_NAME"]
	if name == "" {
		name = "an unknown system (no PRETTY_NAME in /etc/os-release)"
	}
	const elsewhere = "elsewhere use Minikube, or a cluster that kubectl reaches"
	release := debianRelease
	if text := values["VERSION_ID"]; text != "" {
		var err error
		if release, err = strconv.Atoi(text); err != nil {
			release = 0
		}
	}
	switch {
	case arch != "amd64" && arch != "arm64":
		return fmt.Errorf("the processor is %s: the lab is built on amd64 and arm64; %s", arch, elsewhere)
	case values["ID"] != "debian" || release < debianRelease:
		return fmt.Errorf("the system is %s: the lab needs Debian %d or later, whose packages it installs; %s",
			name, debianRelease, elsewhere)
	}
	return nil
}

// listener is a socket that listens.
type listener struct {
	address string
	port    int
	inode   string
	pid     int // 0 when it cannot be found
	program string
}

// portProblems names each of the lab's ports that another process listens on. For DNS only its own address matters.
func portProblems(listeners []listener, own func(pid int) bool) []error {
	var problems []error
	seen := map[string]bool{}
	for _, l := range listeners {
		name, wanted := ports[l.port]
		if !wanted || l.pid > 0 && own(l.pid) || l.port == 53 && l.address != dnsAddr && l.address != "0.0.0.0" && l.address != "::" {
			continue
		}
		who := "a process that cannot be found"
		if l.pid > 0 {
			who = fmt.Sprintf("%s (pid %d)", l.program, l.pid)
		}
		problem := fmt.Errorf("port %d on %s is taken by %s: the lab's %s needs it; stop that process", l.port, l.address, who, name)
		if !seen[problem.Error()] { // TCP and UDP are one problem
			seen[problem.Error()] = true
			problems = append(problems, problem)
		}
	}
	return problems
}

// ownProcess returns a function that says whether a process is the lab's: recorded, or in one of its cgroups.
func ownProcess() (func(pid int) bool, error) {
	pids, err := labProcesses()
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(recordPath("*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		r, ok, err := readRecord(strings.TrimSuffix(filepath.Base(file), ".json"))
		if err == nil && ok && r.alive() {
			pids = append(pids, r.PID)
		}
	}
	return func(pid int) bool { return slices.Contains(pids, pid) }, nil
}

// listening lists the machine's listening TCP sockets and bound UDP sockets on the lab's ports, with their processes.
func listening() ([]listener, error) {
	var all []listener
	for _, file := range []string{"tcp", "tcp6", "udp", "udp6"} {
		text, err := os.ReadFile("/proc/net/" + file)
		if errors.Is(err, os.ErrNotExist) {
			continue // no IPv6
		}
		if err != nil {
			return nil, err
		}
		for _, l := range parseSockets(string(text), strings.HasPrefix(file, "tcp")) {
			if _, wanted := ports[l.port]; wanted {
				all = append(all, l)
			}
		}
	}
	if len(all) == 0 {
		return nil, nil
	}
	owners := socketOwners()
	for i := range all {
		if pid := owners[all[i].inode]; pid > 0 {
			all[i].pid, all[i].program = pid, programOf(pid)
		}
	}
	return all, nil
}

// socketOwners maps socket inodes to processes. Processes that end meanwhile, or may not be read, are left out.
func socketOwners() map[string]int {
	owners := map[string]int{}
	links, err := filepath.Glob("/proc/[0-9]*/fd/*")
	if err != nil {
		return owners
	}
	for _, link := range links {
		target, err := os.Readlink(link)
		if err != nil {
			continue
		}
		if inode, ok := strings.CutPrefix(target, "socket:["); ok {
			if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil {
				owners[strings.TrimSuffix(inode, "]")] = pid
			}
		}
	}
	return owners
}

func programOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "a process"
	}
	return strings.TrimSpace(string(text))
}
