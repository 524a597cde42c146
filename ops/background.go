package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// assignment is what a forward serves, from its start to its end.
type assignment struct {
	Context    string            `json:"context"`
	Kubeconfig string            `json:"kubeconfig,omitempty"`
	Namespace  string            `json:"namespace"`
	Ports      map[string]string `json:"ports"` // on localhost, by service
}

// assignment is what a forward of the stack has to serve.
func (out Outputs) assignment(c Cluster) assignment {
	a := assignment{Context: c.Context, Kubeconfig: c.Kubeconfig, Namespace: out.Namespace, Ports: map[string]string{}}
	for _, f := range out.forwards() {
		a.Ports[f.service] = f.port
	}
	return a
}

// startForward leaves a forward running in the background, so that the URLs work when `up` ends. One that is running
// connects again by itself and stays, unless it serves something else than the stack has now.
func (o *Ops) startForward(ctx context.Context) error {
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if err != nil {
		return err
	}
	return o.forwardInBackground(out.assignment(cluster))
}

func (o *Ops) forwardInBackground(wanted assignment) error {
	if pid, serves := o.forwardRunning(); pid > 0 {
		if reflect.DeepEqual(serves, wanted) {
			return nil
		}
		fmt.Println("  The running forward serves earlier URLs of the stack: it is replaced.")
		if err := o.stopForward(); err != nil {
			return err
		}
	}
	if len(wanted.Ports) == 0 {
		return nil
	}
	if err := os.MkdirAll(o.state(o.Stack), 0o755); err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	log, err := os.OpenFile(o.forwardLog(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	defer log.Close()
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	cmd := exec.Command(self, "forward")
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Root, log, log
	cmd.Env = append(os.Environ(), "STACK="+o.Stack)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the forward: %w", err)
	}
	return cmd.Process.Release()
}

// heldForward is the file that makes this process the stack's forward.
type heldForward struct{ *os.File }

// holdForward makes this process the stack's forward for as long as it lives. The kernel frees the lock when the
// process ends, however it ends, so a held lock is a running forward, and the id and the assignment in the file are
// its own.
func (o *Ops) holdForward(serves assignment) (heldForward, error) {
	failed := func(err error) (heldForward, error) {
		return heldForward{}, fmt.Errorf("starting the forward of stack %s: %w", o.Stack, err)
	}
	text, err := json.Marshal(serves)
	if err != nil {
		return failed(err)
	}
	if err := os.MkdirAll(o.state(o.Stack), 0o755); err != nil {
		return failed(err)
	}
	file, err := os.OpenFile(o.stackState("forward"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return failed(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return failed(o.lockRefused(err))
	}
	if err := file.Truncate(0); err != nil {
		return failed(err)
	}
	if _, err := fmt.Fprintf(file, "%d\n%s\n", os.Getpid(), text); err != nil {
		return failed(err)
	}
	return heldForward{file}, nil
}

// lockRefused says why the forward's lock could not be had: another forward, or a file system without locks.
func (o *Ops) lockRefused(err error) error {
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("locking %s: %w", o.stackState("forward"), err)
	}
	pid, _ := o.forwardRunning()
	return fmt.Errorf("process %d forwards already; make stop ends it", pid)
}

// lost is why this process is not the stack's forward any more, or nil. The checkout, or its .state, may have been
// removed, and no command would find a forward whose file is gone.
func (h heldForward) lost() error {
	own, err := h.Stat()
	if err != nil {
		return fmt.Errorf("reading the forward's own file: %w", err)
	}
	if now, err := os.Stat(h.Name()); err != nil || !os.SameFile(own, now) {
		return fmt.Errorf("%s has been removed: the forward ends", h.Name())
	}
	return nil
}

// forwardRunning is the process id of the stack's running forward and what it serves, or 0.
func (o *Ops) forwardRunning() (pid int, serves assignment) {
	file, err := os.Open(o.stackState("forward"))
	if err != nil {
		return 0, serves
	}
	defer file.Close()
	// Any other error says nothing about a forward, and the file may name a process of long ago.
	if !errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		return 0, serves
	}
	text, err := io.ReadAll(file)
	id, rest, _ := bytes.Cut(text, []byte("\n"))
	pid, numberErr := strconv.Atoi(string(id))
	if err != nil || numberErr != nil {
		return 0, serves
	}
	if json.Unmarshal(rest, &serves) != nil {
		return pid, assignment{} // an older forward, which says only who it is
	}
	return pid, serves
}

// stopForward ends the stack's running forward, and no other process.
func (o *Ops) stopForward() error {
	pid, serves := o.forwardRunning()
	if pid == 0 {
		return nil
	}
	// Its kubectl processes end with it, also after SIGKILL (tiedScript).
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping the forward (process %d): %w", pid, err)
		}
		for range 100 {
			if now, _ := o.forwardRunning(); now != pid && (signal == syscall.SIGTERM || serves.portsFree()) {
				return nil
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
	return fmt.Errorf("the forward (process %d) does not end; see what it waits for: ps -o pid,stat,wchan,args -p %d",
		pid, pid)
}

// Stop ends the forward that `up` left in the background, and says what it ended. The stack stays up.
func (o *Ops) Stop(context.Context) error {
	pid, serves := o.forwardRunning()
	if pid == 0 {
		fmt.Printf("No forward of stack %s is running.\n", o.Stack)
		return nil
	}
	since := o.forwardSince()
	if err := o.stopForward(); err != nil {
		return err
	}
	fmt.Printf("✓ The forward of stack %s is stopped (process %d, since %s)%s.\n", o.Stack, pid,
		since.Format(time.DateTime), serves.urls())
	return nil
}

// forwardSince is when the running forward started: its file is written once.
func (o *Ops) forwardSince() time.Time {
	info, err := os.Stat(o.stackState("forward"))
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

// portsFree reports whether the ports that a forward served are free again.
func (a assignment) portsFree() bool {
	for _, port := range a.Ports {
		if number, err := strconv.Atoi(port); err == nil && errors.Is(tryPort(number), syscall.EADDRINUSE) {
			return false
		}
	}
	return true
}

// urls are what a forward serves, for the end of a line.
func (a assignment) urls() string {
	var all []string
	for _, port := range slices.Sorted(maps.Values(a.Ports)) {
		all = append(all, "http://localhost:"+port)
	}
	if len(all) == 0 {
		return ""
	}
	return ": " + strings.Join(all, ", ")
}

// podsRolled tells a running forward that new pods serve. It moves to those, and connects at once if it was waiting.
const podsRolled = syscall.SIGUSR1

// followRollout has the forward, if one runs, serve the URLs from the pods that the Services send requests to now. A
// port-forward holds on to its pod, and the pods of the last release serve for some seconds more.
func (o *Ops) followRollout() error {
	pid, _ := o.forwardRunning()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, podsRolled); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("telling the forward (process %d) of the new pods: %w", pid, err)
	}
	return nil
}
