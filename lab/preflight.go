//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

var errRoot = errors.New("not root: the lab starts container engines and changes the network; run it as root (sudo -E)")

// minimumFree is what the binaries, images and pods of a first start need, with room to work.
const minimumFree = 10 << 30

// ports is every port that the lab's components listen on.
var ports = map[int]string{
	53: "coredns", 2379: "etcd", 2380: "etcd", 4443: "metrics-server", 5000: "registry", 6443: "kube-apiserver", 10248: "kubelet", 10249: "kube-proxy",
	10250: "kubelet", 10254: "coredns", 10256: "kube-proxy", 10257: "kube-controller-manager", 10259: "kube-scheduler", 10261: "provisioner", 20244: "kube-router",
}

// preflight looks at everything that would make a start fail, before anything is changed. All problems are returned,
// each with what is wrong, what is needed and how to get there.
func preflight() []error {
	if runtime.GOOS != "linux" {
		return []error{fmt.Errorf("the operating system is %s: the lab needs Linux with Debian's packages; elsewhere use Minikube", runtime.GOOS)}
	}
	var problems []error
	if os.Geteuid() != 0 {
		problems = append(problems, errRoot)
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		problems = append(problems, errors.New("apt-get is not there: the lab needs Debian 12 or later; elsewhere use Minikube or a kubeconfig"))
	}
	if _, err := cgroupRoots(); err != nil {
		problems = append(problems, fmt.Errorf("%w: pods need it; a container without it cannot be the machine", err))
	}
	cache, err := cacheDir()
	if err != nil {
		problems = append(problems, err)
	} else {
		problems = append(problems, diskProblems(freeBytes, stateDir, cache)...)
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

// diskProblems names the folders that lie on too full a disk, one line for each.
func diskProblems(free func(string) (uint64, error), folders ...string) []error {
	var problems []error
	for _, folder := range folders {
		bytes, err := free(folder)
		if err != nil {
			problems = append(problems, fmt.Errorf("free space below %s: %w", folder, err))
		} else if bytes < minimumFree {
			problems = append(problems, fmt.Errorf("only %.1f GB are free below %s: at least %d GB are needed; make room there", float64(bytes)/(1<<30), folder, minimumFree>>30))
		}
	}
	return problems
}

// freeBytes is the space free for root on the disk that a folder is on or would be made on.
func freeBytes(folder string) (uint64, error) {
	for {
		var info syscall.Statfs_t
		err := syscall.Statfs(folder, &info)
		if errors.Is(err, syscall.ENOENT) && folder != "/" {
			folder = filepath.Dir(folder)
			continue
		}
		return info.Bfree * uint64(info.Bsize), err
	}
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
