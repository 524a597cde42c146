package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// gone waits until a process has ended; its parent may not have reaped it yet.
func gone(t *testing.T, pid int) {
	t.Helper()
	comesTrue(t, fmt.Sprintf("the end of process %d", pid), func() error {
		if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("it runs (%v)", err)
		}
		return nil
	})
}

// started waits for the process ids that fake programs write into a file.
func started(t *testing.T, file string) (pid int) {
	t.Helper()
	comesTrue(t, "the start of the command", func() error {
		text, err := os.ReadFile(file)
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(text)))
		}
		return err
	})
	return pid
}

// TestMain runs this in another process: `forward-child <command> <file>` starts the command tied to itself, and waits.
func forwardChild(command string) {
	cmd := exec.CommandContext(context.Background(), command)
	if err := startTied(cmd); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("started")
	cmd.Wait()
}

// kill -9 of the forward left kubectl behind, which kept the ports, and the next make up called it another program.
func TestACommandDoesNotOutliveThisProcess(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pid")
			parent := exec.Command(os.Args[0], "forward-child", script(t, "kubectl", "echo $$ >"+file+"; exec sleep 600"))
			if err := parent.Start(); err != nil {
				t.Fatal(err)
			}
			pid := started(t, file)
			if err := parent.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := parent.Wait(); err == nil {
				t.Error("the parent ended well, and was to be killed")
			}
			gone(t, pid)
		})
	}
}

func TestATiedCommandEndsAsItself(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = script(t, "kubectl", `echo "arguments: $*"; echo "a complaint" >&2; exit 3`)
	cmd := ops.kubectlCommand(t.Context(), Cluster{Context: "a b"}, "it's", "$HOME")
	var said, complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &complaint
	if err := startTied(cmd); err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != 3 {
		t.Errorf("the command ended with %v, want its own exit code 3", err)
	}
	if want := "arguments: --context a b it's $HOME\n"; said.String() != want {
		t.Errorf("the command was %q, want %q", said.String(), want)
	}
	if complaint.String() != "a complaint\n" {
		t.Errorf("standard error has %q, want the command's own words", complaint.String())
	}
	if err := startTied(exec.CommandContext(t.Context(), "no-such-program-anywhere")); err == nil {
		t.Error("a program that does not exist was started")
	}
}

func TestAClusterThatDoesNotAnswerIsALimitedWait(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = script(t, "kubectl", "exec sleep 600")
	_, err := ops.kubectlWithin(t.Context(), 50*time.Millisecond, Cluster{Context: "vpn"}, "-n", "todo-dev", "get", "pods")
	if want := "kubectl get: cluster vpn did not answer within 50ms"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %q", err, want)
	}
}

// A command that is stopped while it starts must not be left behind either.
func TestACommandThatIsStoppedAtOnceEnds(t *testing.T) {
	for i := range 100 {
		file := filepath.Join(t.TempDir(), "pid")
		ctx, stop := context.WithCancel(t.Context())
		cmd := exec.CommandContext(ctx, script(t, "kubectl", "echo $$ >"+file+"; exec sleep 600"))
		if err := startTied(cmd); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(i) * 50 * time.Microsecond) // a different moment of the start each time
		stop()
		if err := cmd.Wait(); err == nil {
			t.Error("the command ended well, and was to be stopped")
		}
		if text, err := os.ReadFile(file); err == nil {
			if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
				gone(t, pid)
			}
		}
	}
}
