// Command ops is what `make up`, `make down`, `make smoke` and the other verbs of the Makefile run: it finds or builds
// the tools, chooses the cluster, prepares the Pulumi stack, and then lets Pulumi do the work.
//
//	ops up | down | preview | smoke | doctor | releases | rollback |
//	    ai | ai-check | logs | dev | db-shell | db-dump | db-restore | status | open | forward | stop | env |
//	    adopt
//
// The stack is the one in $STACK, `dev` by default. What ops has to remember lives in .state/, which git ignores.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"todo/internal/step"
)

// Ops is one run of one verb.
type Ops struct {
	Root  string // the checkout: the folder with Pulumi.yaml
	Stack string // Pulumi stack, also a folder below .state
	steps *step.Printer
	tools Tools

	changing bool      // this run holds the stack's lock
	chosen   *home     // where the stack keeps its state, once it is decided
	exported *snapshot // the stack's state, until Pulumi changes it
	outputs  *Outputs  // likewise
	settings []byte    // the configuration that Pulumi was given

	choice *labChoice // nil unless this run chooses the cluster
}

type verb struct {
	name, does string
	run        func(*Ops, context.Context) error
}

var verbs = []verb{
	{"up", "bring everything up: tools, cluster, images, workloads, smoke test", (*Ops).Up},
	{"down", "destroy the stack", (*Ops).Down},
	{"preview", "show what `up` would change; needs no cluster and no Docker", (*Ops).Preview},
	{"smoke", "probe every service, and add a task as a new user; in production only with JOURNEY=1", (*Ops).Smoke},
	{"doctor", "say why workloads are not Ready, and what to type", (*Ops).Doctor},
	{"releases", "list what a rollback can return to", (*Ops).Releases},
	{"rollback", "deploy the last good release again, or $RELEASE", (*Ops).Rollback},
	{"ai", "ask kubectl-ai, read-only; the doctor where it is missing", (*Ops).AI},
	{"ai-check", "say which AI DevOps tools can be used here", (*Ops).AICheck},
	{"logs", "print what the pods of $SERVICE, or all, say until interrupted", (*Ops).Logs},
	{"dev", "bring up, then deploy whenever a source of $SERVICE, or any, changes", (*Ops).Dev},
	{"db-shell", "psql on the stack's own database", (*Ops).DatabaseShell},
	{"db-dump", "write the database to $FILE, or below .state", (*Ops).DatabaseDump},
	{"db-restore", "replace the database's content by $FILE, all or nothing", (*Ops).DatabaseRestore},
	{"forward", "serve the stack's localhost URLs until interrupted", (*Ops).Forward},
	{"stop", "end the forward that `up` left in the background; the stack stays up", (*Ops).Stop},
	{"status", "print cluster, release, URLs, forward and state; fails when the stack is not up", (*Ops).Status},
	{"open", "open the web's URL in a browser", (*Ops).Open},
	{"env", "print the environment in which plain `pulumi` acts on the same stack", (*Ops).PrintEnv},
	{"adopt", "propose the services of the application in $SOURCE; WRITE=1 adds them to the stack", (*Ops).Adopt},
}

func main() {
	ctx, stop := untilStopped(context.Background())
	err := run(ctx, os.Args[1:])
	var by stopped
	interrupted := errors.As(context.Cause(ctx), &by)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "\nerror: %v%s\n", err, advice(err))
		if interrupted {
			os.Exit(130)
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) == 1 && slices.Contains([]string{"--help", "-h", "help"}, args[0]) {
		fmt.Println("ops <verb>, with the stack in $STACK (dev):" + usage())
		return nil
	}
	i := -1
	if len(args) == 1 {
		i = slices.IndexFunc(verbs, func(v verb) bool { return v.name == args[0] })
	}
	if i < 0 {
		return fmt.Errorf("one verb is needed:%s", usage())
	}
	ops, err := newOps()
	if err != nil {
		return err
	}
	unlock, err := ops.lock(args[0])
	if err != nil {
		return err
	}
	return errors.Join(verbs[i].run(ops, ctx), unlock())
}

func usage() string {
	var lines strings.Builder
	for _, v := range verbs {
		fmt.Fprintf(&lines, "\n  ops %-12s %s", v.name, v.does)
	}
	return lines.String()
}

// stackName is what Pulumi accepts and what is safe as a folder and a namespace suffix.
var stackName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)

func newOps() (*Ops, error) {
	root, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("finding the checkout: %w", err)
	}
	if _, err := os.Stat(filepath.Join(root, "Pulumi.yaml")); err != nil {
		return nil, errors.New("there is no Pulumi.yaml in this folder: run make in the folder of the checkout")
	}
	stack := os.Getenv("STACK")
	if stack == "" {
		stack = "dev"
	}
	if !stackName.MatchString(stack) {
		return nil, fmt.Errorf("STACK=%q: a stack's name is 1 to 40 of a-z, 0-9 and '-', such as dev; try: make up STACK=dev", stack)
	}
	if _, err := os.Stat(filepath.Join(root, "Pulumi."+stack+".yaml")); err != nil {
		return nil, fmt.Errorf("STACK=%s: there is no Pulumi.%s.yaml; a new stack starts as a copy: cp Pulumi.dev.yaml Pulumi.%s.yaml", stack, stack, stack)
	}
	if _, err := journeyAsked(false); err != nil {
		return nil, err
	}
	ops := &Ops{Root: root, Stack: stack}
	ops.steps = step.New(ops.state("logs"))
	return ops, nil
}

// state is a path below .state, where everything lives that a run leaves behind and git must not see.
func (o *Ops) state(parts ...string) string {
	return filepath.Join(append([]string{o.Root, ".state"}, parts...)...)
}

// stackState is a path below .state/<stack>.
func (o *Ops) stackState(name string) string { return o.state(o.Stack, name) }
