package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"todo/internal/step"
)

// pulumi runs one Pulumi command on the stack with this terminal, to its end.
func (o *Ops) pulumi(ctx context.Context, args ...string) error {
	o.stateChanges()
	cmd := o.pulumiUpdate(append(args, "--stack", o.Stack, "--config-file", o.configFile())...)
	if isTerminal(os.Stdout) {
		// Pulumi draws its own live tree. It does not handle the SIGHUP of a closed terminal: that would end it half way.
		cmd.Args = append([]string{"sh", "-c", `trap "" HUP; exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = "/bin/sh"
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		return runToEnd(ctx, cmd, true)
	}
	ownGroup(cmd)
	lines, write := io.Pipe()
	cmd.Stdout, cmd.Stderr = write, write
	printed := make(chan error)
	go func() { printed <- printWithout(os.Stdout, lines, "from $PATH at ") }()
	err := runToEnd(ctx, cmd, false)
	return errors.Join(err, write.Close(), <-printed)
}

// pulumiStep runs one Pulumi command on the stack, to its end, with its output in a step's log.
func (o *Ops) pulumiStep(ctx context.Context, s *step.Step, args ...string) error {
	o.stateChanges()
	cmd := o.pulumiUpdate(args...)
	cmd.Stdout, cmd.Stderr = s, s
	ownGroup(cmd)
	err := runToEnd(ctx, cmd, false)
	if ctx.Err() != nil {
		return ctx.Err() // that it was stopped says more than how it ended
	}
	if err != nil {
		return fmt.Errorf("pulumi %s: %w", args[0], err)
	}
	return nil
}

// printWithout copies lines but those that contain noise. Pulumi warns of every plugin on PATH four times a run, and
// FindTools has said once which ones are used. What cannot be printed is still read: Pulumi would wait to write it.
func printWithout(w io.Writer, r io.Reader, noise string) error {
	reader := bufio.NewReader(r)
	var failed error
	for {
		line, err := reader.ReadString('\n')
		if failed == nil && !strings.Contains(line, noise) {
			_, failed = io.WriteString(w, line)
		}
		if errors.Is(err, io.EOF) {
			return failed
		} else if err != nil {
			return err
		}
	}
}

// ownGroup keeps a terminal's Ctrl-C from a command, so that an interrupt reaches it once, from here.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// pulumiCommand is a Pulumi command that changes nothing and may be killed.
func (o *Ops) pulumiCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, o.tools.Pulumi, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return o.onStack(cmd)
}

// pulumiUpdate is a Pulumi command for runToEnd.
func (o *Ops) pulumiUpdate(args ...string) *exec.Cmd {
	return o.onStack(exec.Command(o.tools.Pulumi, args...))
}

// onStack gives a command the stack's environment. Without a home it does not start: it would find another state.
func (o *Ops) onStack(cmd *exec.Cmd) *exec.Cmd {
	if _, err := o.home(); err != nil {
		cmd.Err = err
	}
	cmd.Dir, cmd.Env = o.Root, o.pulumiEnv()
	return cmd
}
