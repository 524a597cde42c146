package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strconv"
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

// portsFree refuses a stack whose localhost URLs another program serves. `up` asks before it changes anything.
func (o *Ops) portsFree() error {
	keys, err := o.stackConfig()
	if err != nil || (keys.Exposure != "" && keys.Exposure != "localhost") {
		return err
	}
	pid, serves := o.forwardRunning()
	if pid > 0 && serves.Ports == nil { // an older forward, whose ports are not known
		return nil
	}
	own := slices.Collect(maps.Values(serves.Ports))
	var taken []error
	for service, port := range keys.localPorts() {
		if slices.Contains(own, strconv.Itoa(port)) {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			taken = append(taken, fmt.Errorf("port %d is taken by another program, and http://localhost:%d needs it; find it with: ss -ltnp 'sport = :%d', or take another: pulumi config set -s %s --path services.%s.localPort %d",
				port, port, port, o.Stack, service, port+10000))
		} else if err := listener.Close(); err != nil {
			return fmt.Errorf("trying port %d: %w", port, err)
		}
	}
	return errors.Join(taken...)
}

// startForward leaves a forward running in the background, so that the URLs work when `up` ends. One that is running
// heals by itself and stays, unless it serves something else than the stack has now.
func (o *Ops) startForward(ctx context.Context) error {
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if err != nil {
		return err
	}
	wanted := out.assignment(cluster)
	if pid, serves := o.forwardRunning(); pid > 0 {
		if reflect.DeepEqual(serves, wanted) {
			return nil
		}
		fmt.Println("  The forward that runs serves what the stack had before: ending it.")
		if err := o.stopForward(); err != nil {
			return err
		}
	}
	if len(wanted.Ports) == 0 {
		return nil
	}
	log, err := os.Create(o.state("logs", "forward.log"))
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

// holdForward makes this process the stack's forward for as long as it lives. The kernel frees the lock when the process
// ends, however it ends, so a held lock is a running forward, and the id and the assignment in the file are its own.
func (o *Ops) holdForward(serves assignment) (release func() error, err error) {
	file, err := os.OpenFile(o.stackState("forward"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, fmt.Errorf("stack %s is being forwarded by another process already", o.Stack)
	}
	if err := file.Truncate(0); err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	text, err := json.Marshal(serves)
	if err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	if _, err := fmt.Fprintf(file, "%d\n%s\n", os.Getpid(), text); err != nil {
		return nil, fmt.Errorf("starting the forward: %w", err)
	}
	return file.Close, nil
}

// forwardRunning is the process id of the stack's running forward and what it serves, or 0.
func (o *Ops) forwardRunning() (pid int, serves assignment) {
	file, err := os.Open(o.stackState("forward"))
	if err != nil {
		return 0, serves
	}
	defer file.Close()
	if syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
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
	pid, _ := o.forwardRunning()
	if pid == 0 {
		return nil
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stopping the forward (process %d): %w", pid, err)
	}
	for range 100 {
		if pid, _ := o.forwardRunning(); pid == 0 {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("the forward (process %d) does not stop: kill -9 %d", pid, pid)
}

// podsRolled tells a running forward that new pods serve, so that it leaves those that are on their way out.
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
