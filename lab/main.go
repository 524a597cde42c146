//go:build linux

// Command lab runs a real one-node Kubernetes cluster on a Debian machine that can reach neither an image registry nor
// a release download: the components are built from Go modules or come from Debian's packages.
//
//	go run ./lab up | down | status | kubeconfig | env | traefik up | traefik down | tools <name>…
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"todo/internal/step"
)

const usage = `usage: go run ./lab <command>

  up            start the cluster, or those of its components that do not run; exit 2 when it is refused
  down          stop it and remove what it made; the cache stays
  status        one line per component: healthy or not, since when; exit 1 when one is not
  kubeconfig    print the path of the admin kubeconfig
  env           print how to reach the cluster, as JSON
  traefik up    add an ingress and Gateway controller to the running cluster, class traefik; builds it first
  traefik down  take it away again
  tools <name>… build these tools, print the folder of each; after -built build none, and print those that are there
  python <folder> <command>…
                run a command in a folder, in a Debian system with the backend's libraries, pytest, mypy and PostgreSQL
`

func main() {
	// An interrupt ends the running commands; what is done stays done, and the next run continues from there.
	ctx, stop := signal.NotifyContext(context.Background(), interrupts()...)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		stop()
		os.Exit(exitCode(err))
	}
}

// interrupts are the signals that end a run. A closed terminal is one, unless the run was started with nohup.
func interrupts() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// refusal is an error that was found before anything was changed.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// exitCode is 2 for a refusal and 1 for a failure. `make up` continues its builds after a failure only.
func exitCode(err error) int {
	if errors.As(err, new(refusal)) {
		return 2
	}
	return 1
}

func run(ctx context.Context, args []string) error {
	if len(args) == 0 {
		fmt.Print(usage)
		return nil
	}
	switch command := args[0]; command {
	case "up":
		return up(ctx)
	case "down":
		return down(ctx)
	case "status":
		return status(ctx)
	case "env":
		return printEnv(ctx)
	case "kubeconfig":
		fmt.Println(adminConf)
		return nil
	case "traefik":
		switch {
		case len(args) == 2 && args[1] == "up":
			return traefikUp(ctx)
		case len(args) == 2 && args[1] == "down":
			return traefikDown(ctx)
		}
		return fmt.Errorf("traefik: up or down\n\n%s", usage)
	case "tools":
		return buildTools(ctx, args[1:])
	case "python":
		return inPython(ctx, args[1:])
	default:
		return fmt.Errorf("unknown command %q\n\n%s", command, usage)
	}
}

// buildTools builds the named tools and prints their folders on standard output, one a line; the steps go to standard
// error, so that a script can read the folders. After -built it builds nothing.
func buildTools(ctx context.Context, names []string) error {
	onlyBuilt := len(names) > 0 && names[0] == "-built"
	if onlyBuilt {
		names = names[1:]
	}
	var chosen []Tool
	for _, name := range names {
		tool, err := findTool(name)
		if err != nil {
			return err
		}
		chosen = append(chosen, tool)
	}
	if len(chosen) == 0 {
		return errors.New("tools: name at least one")
	}
	printer, err := newPrinter()
	if err != nil {
		return err
	}
	printer.Out = os.Stderr
	for _, tool := range chosen {
		dir, err := tool.dir(ctx)
		if err != nil {
			return err
		}
		if isDir(dir) { // nothing to do and nothing to say
			fmt.Println(dir)
			continue
		}
		if onlyBuilt {
			continue
		}
		err = printer.Run(tool.title(), func(s *step.Step) (err error) {
			dir, err = Build(ctx, s, tool)
			return err
		})
		if err != nil {
			return err
		}
		fmt.Println(dir)
	}
	return nil
}

// newPrinter prints the lab's steps, with their logs in the checkout's git-ignored state.
func newPrinter() (*step.Printer, error) {
	lab, err := labDir()
	if err != nil {
		return nil, err
	}
	return step.New(filepath.Join(filepath.Dir(lab), ".state", "logs", "lab")), nil
}
