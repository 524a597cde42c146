package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/term"

	"todo/internal/doctor"
)

// Doctor prints why the stack's workloads are not Ready, and fails when one is not. NAMESPACE looks at another
// namespace of the same cluster; FORMAT=json prints for a program.
func (o *Ops) Doctor(ctx context.Context) error {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return err
	}
	format := os.Getenv("FORMAT")
	if format != "" && format != "json" && format != "text" {
		return fmt.Errorf("FORMAT=%q; allowed: text, json", format)
	}
	target, err := o.doctorTarget(cluster, os.Getenv("NAMESPACE"))
	if err != nil {
		return err
	}
	findings, err := o.examine(ctx, cluster, target)
	if err != nil {
		return err
	}
	if format == "json" {
		err = doctor.PrintJSON(os.Stdout, findings)
	} else {
		err = o.printFindings(cluster, target, findings)
	}
	if err != nil {
		return fmt.Errorf("printing what is wrong: %w", err)
	}
	if len(findings) == 0 {
		return fmt.Errorf("namespace %s has no workload; make up makes the stack's", target.Namespace)
	}
	if !doctor.Healthy(findings) {
		return fmt.Errorf("%d of %d workloads are not Ready", unready(findings), len(findings))
	}
	return nil
}

// doctorTarget is the stack's namespace, or another one, about which the configuration has no say.
func (o *Ops) doctorTarget(c Cluster, namespace string) (doctor.Target, error) {
	keys, err := o.stackConfig()
	if err != nil {
		return doctor.Target{}, err
	}
	target := doctor.Target{Namespace: namespace, Context: c.Context, Machine: machine(c)}
	if c.Kubeconfig != "" {
		target.Kubeconfig = o.kubeconfig(c)
	}
	own := keys.namespace(o.Stack)
	if namespace != "" && namespace != own {
		return target, nil
	}
	releases, err := o.releases(c.UID)
	if err != nil {
		return doctor.Target{}, err
	}
	target.Namespace, target.Stack = own, o.Stack
	target.Managed, target.First = keys.managesDatabase(), len(releases) == 0
	if images, ok := keys.Images.(map[string]any); ok {
		target.Images = slices.Sorted(maps.Keys(images))
	}
	return target, nil
}

func (o *Ops) examine(ctx context.Context, c Cluster, target doctor.Target) ([]doctor.Finding, error) {
	kubectl := o.asking(c, target.Namespace)
	if _, err := kubectl(ctx, "get", "namespace", target.Namespace); err != nil {
		return nil, err
	}
	return doctor.Examine(ctx, target, kubectl)
}

func (o *Ops) printFindings(c Cluster, target doctor.Target, findings []doctor.Finding) error {
	var paint doctor.Paint
	if isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == "" {
		paint = doctor.Colours
	}
	fmt.Printf("namespace %s on cluster %s\n", target.Namespace, c.Context)
	if err := doctor.Print(os.Stdout, findings, paint); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return !f.Ready && !strings.HasPrefix(f.Fix, "make ") }) {
		fmt.Printf("Before a command with pulumi, or where kubectl is not installed: %s\n", o.evalEnv())
	}
	return nil
}

// evalEnv is the command after which plain pulumi and kubectl act on this stack and its cluster.
func (o *Ops) evalEnv() string {
	if o.Stack == "dev" {
		return `eval "$(make env)"`
	}
	return fmt.Sprintf(`eval "$(make env STACK=%s)"`, o.Stack)
}

// explain prints, after a failed update, why the workloads that are not Ready are not. It adds to an error that is reported
// anyway: a failure of its own is one line, and no other error.
func (o *Ops) explain(ctx context.Context, c Cluster) {
	if ctx.Err() != nil {
		return
	}
	target, err := o.doctorTarget(c, "")
	if err != nil {
		return // the error that is being reported already
	}
	findings, err := o.examine(ctx, c, target)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit): // there is no namespace yet, or no cluster
	case err != nil:
		fmt.Printf("  The doctor cannot say more: %v\n", err)
	case !doctor.Healthy(findings):
		fmt.Println("\n▸ make doctor")
		if err := o.printFindings(c, target, findings); err != nil {
			fmt.Printf("  The doctor cannot say more: %v\n", err)
		}
	}
}

// deployed finds kubectl and the cluster of a stack that is up.
func (o *Ops) deployed(ctx context.Context) (Cluster, error) {
	cluster, err := o.locate(ctx)
	if err != nil {
		return cluster, err
	}
	if err := o.findKubectl(ctx); err != nil {
		return cluster, err
	}
	return cluster, o.needContext(ctx, cluster)
}

func unready(findings []doctor.Finding) int {
	n := 0
	for _, f := range findings {
		if !f.Ready {
			n++
		}
	}
	return n
}

// isTerminal tells a terminal from a pipe, a file and /dev/null.
func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }
