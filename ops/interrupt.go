package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopped is why a run ends early: the signal that it got.
type stopped struct{ signal os.Signal }

func (s stopped) Error() string { return "stopped by signal: " + s.signal.String() }

// sameMoment is within which two signals are one wish to stop.
const sameMoment = 300 * time.Millisecond

// secondSignal is the context key of the channel that the second signal closes.
type secondSignal struct{}

// untilStopped returns a context that the first signal to stop ends. A closed terminal is one too (SIGHUP), and so is a
// closed pipe (SIGPIPE, `make up | head`): this process has to outlive Pulumi, or nobody waits for what Pulumi does.
func untilStopped(parent context.Context) (ctx context.Context, stop func()) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	second := make(chan struct{})
	ctx, cancel := context.WithCancelCause(context.WithValue(parent, secondSignal{}, (<-chan struct{})(second)))
	go func() {
		first, open := <-signals
		if !open {
			return
		}
		cancel(stopped{first})
		at := time.Now()
		for again := range signals {
			// A closed terminal or pipe comes along with a first signal, and with some shells twice.
			if time.Since(at) > sameMoment && (again == os.Interrupt || again == syscall.SIGTERM) {
				close(second)
				break
			}
		}
		if _, open := <-signals; open {
			os.Exit(130)
		}
	}()
	return ctx, func() { signal.Stop(signals); close(signals); cancel(nil) }
}

const waitsForPulumi = "\nstopping: waiting for Pulumi to finish the step it is in (a build may take minutes); " +
	"press Ctrl-C again to kill it, the next make up repairs the state"

// runToEnd runs Pulumi and does not leave it half way. When ctx ends, Pulumi gets an interrupt, upon which it starts
// nothing new and saves its state, and this says what it waits for. The second signal kills it, with what it started.
// onTerminal is for a command that shares this process's terminal: Ctrl-C there reaches it without help, and a second
// interrupt would make it leave its step.
func runToEnd(ctx context.Context, cmd *exec.Cmd, onTerminal bool) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	fmt.Fprintln(os.Stderr, waitsForPulumi)
	var by stopped
	if !onTerminal || !errors.As(context.Cause(ctx), &by) || by.signal != os.Interrupt {
		if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
			fmt.Fprintf(os.Stderr, "stopping Pulumi: %v\n", err)
		}
	}
	second, _ := ctx.Value(secondSignal{}).(<-chan struct{})
	select {
	case err := <-ended:
		return err
	case <-second:
	}
	fmt.Fprintln(os.Stderr, "killing Pulumi; run make up again to repair the state")
	killTree(cmd.Process.Pid)
	return <-ended
}

// killTree kills a process and all that it started: Pulumi's plugins are in process groups of their own.
func killTree(pid int) {
	text, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		fmt.Fprintf(os.Stderr, "looking for what process %d started: %v\n", pid, err)
	}
	for _, p := range slices.Backward(tree(string(text), pid)) {
		if err := syscall.Kill(p, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			fmt.Fprintf(os.Stderr, "killing process %d: %v\n", p, err)
		}
	}
}

// tree is a process with its descendants, parents first, from lines of "pid parent".
func tree(processes string, root int) []int {
	children := map[int][]int{}
	for line := range strings.Lines(processes) {
		fields := strings.Fields(line)
		if len(fields) != 2 {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		parent, parentErr := strconv.Atoi(fields[1])
		if err == nil && parentErr == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	all := []int{root}
	for i := 0; i < len(all); i++ {
		all = append(all, children[all[i]]...)
	}
	return all
}
