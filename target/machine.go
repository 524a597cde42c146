// Package target finds out where a stack goes: which local cluster, which Docker Engine builds, and how an image
// reaches the nodes. The Pulumi program and the commands behind make share it, so it does not use the Pulumi SDK.
package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// Machine is what is read of the computer that the program runs on. Tests bring their own.
type Machine struct {
	Home     string // $HOME
	Account  string // home folder in the user database; differs from Home in some containers and under sudo
	Getenv   func(string) string
	ReadFile func(string) ([]byte, error)
	// Run returns a command's standard output. An error holds the first line of its standard error.
	Run  func(ctx context.Context, name string, args ...string) ([]byte, error)
	Dial func(ctx context.Context, network, address string) error
}

// This is the machine that the program runs on.
func This() Machine {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/" // without a home folder there is no kubeconfig in it either
	}
	account := home
	if u, err := user.Current(); err == nil {
		account = u.HomeDir
	}
	return Machine{Home: home, Account: account, Getenv: os.Getenv, ReadFile: os.ReadFile, Run: run, Dial: dial}
}

// dial reports whether a connection is accepted.
func dial(ctx context.Context, network, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0") // no prompt: there is no terminal to answer on
	cmd.WaitDelay = time.Second                             // a child that inherited the pipe must not hold it open
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(string(failed.Stderr)), "\n")
		return out, fmt.Errorf("%w: %s", err, first)
	}
	return out, err
}

// exitCode is that of a failed command, 0 after success and -1 when the command did not run.
func exitCode(err error) int {
	var exited interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exited):
		return exited.ExitCode()
	}
	return -1
}

// KubeconfigFiles follows kubectl's rule.
func (m Machine) KubeconfigFiles() []string {
	if list := m.Getenv("KUBECONFIG"); list != "" {
		return filepath.SplitList(list)
	}
	return []string{filepath.Join(m.Home, ".kube", "config")}
}

// Expand makes a path absolute as the Kubernetes provider's plugin does: it runs in the project's folder, and takes ~
// from the user database, whatever $HOME is.
func (m Machine) Expand(root, path string) string {
	if rest, home := strings.CutPrefix(path, "~/"); home {
		return filepath.Join(m.Account, rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}
