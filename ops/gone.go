package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// presence is what is known of a cluster that a stack is on.
type presence struct {
	answers bool
	gone    bool   // the tool that made it says that it does not exist any more
	what    string // it is, when it does not answer
	start   string // the command that starts it; "" when nothing here knows one
}

// presence asks for a cluster: its API, and when that does not answer, the tool that made it. Only that tool can say
// that a cluster is gone: a context is also missing while Minikube is stopped, or when another kubeconfig is in use.
func (o *Ops) presence(ctx context.Context, c Cluster) presence {
	if c.gone() {
		return presence{gone: true, what: "the lab was removed from this machine"}
	}
	contexts, err := o.kubectl(ctx, Cluster{Kubeconfig: c.Kubeconfig}, "config", "get-contexts", "-o", "name")
	p := presence{what: fmt.Sprintf("context %s is not in the kubeconfig", c.Context)}
	if err != nil {
		p.what = fmt.Sprintf("the kubeconfig cannot be read (%v)", err)
	} else if slices.Contains(strings.Fields(contexts), c.Context) {
		_, err := o.kubectl(ctx, c, "get", "--raw", "/version", "--request-timeout=15s")
		// A refusal is an answer; what it is about, the next command says better.
		if err == nil || strings.Contains(err.Error(), "Unauthorized") || strings.Contains(err.Error(), "orbidden") {
			return presence{answers: true}
		}
		p.what = fmt.Sprintf("cluster %s does not answer (%s)", c.Context, oneLine(err.Error()))
	}
	if maker, found := makerOf(c); found {
		return maker.ask(ctx, p)
	}
	return p
}

// maker is a tool that makes local clusters.
type maker struct {
	tool  string
	list  []string // arguments with which it tells what it has
	has   func(exit int, output string) (exists, knows bool)
	what  string // the cluster, for people
	start string
}

// makerOf is the tool that made a cluster, by what the cluster is called.
func makerOf(c Cluster) (maker, bool) {
	listed := func(name string) func(int, string) (bool, bool) {
		return func(exit int, output string) (exists, knows bool) {
			for line := range strings.Lines(output) {
				if fields := strings.Fields(line); len(fields) > 0 && fields[0] == name {
					return true, true
				}
			}
			return false, exit == 0
		}
	}
	if c.Kind == "lab" {
		exists := func(int, string) (exists, knows bool) { return true, true }
		return maker{what: "the lab", start: "make lab-up", has: exists}, true
	}
	if c.Kind == "minikube" || c.Context == "minikube" {
		return maker{tool: "minikube", list: []string{"-p", c.Context, "status"},
			what: "Minikube (profile " + c.Context + ")", start: "minikube start -p " + c.Context,
			has: func(exit int, _ string) (bool, bool) { return exit != noMinikubeProfile, true }}, true
	}
	if name, ok := strings.CutPrefix(c.Context, "kind-"); ok {
		return maker{tool: "kind", list: []string{"get", "clusters"}, has: listed(name), what: "kind's cluster " + name,
			start: "docker start " + name + "-control-plane"}, true
	}
	if name, ok := strings.CutPrefix(c.Context, "k3d-"); ok {
		return maker{tool: "k3d", list: []string{"cluster", "list", "--no-headers"}, has: listed(name),
			what: "k3d's cluster " + name, start: "k3d cluster start " + name}, true
	}
	return maker{}, false
}

// noMinikubeProfile is the exit code of `minikube status` for a profile that does not exist; a stopped one has 7.
const noMinikubeProfile = 85

func (m maker) ask(ctx context.Context, p presence) presence {
	var exit *exec.ExitError
	var output []byte
	if m.tool != "" {
		var err error
		if output, err = exec.CommandContext(ctx, m.tool, m.list...).Output(); err != nil && !errors.As(err, &exit) {
			return p // there is no such tool here
		}
	}
	code := 0
	if exit != nil {
		code = exit.ExitCode()
	}
	switch exists, knows := m.has(code, string(output)); {
	case !knows || ctx.Err() != nil:
	case exists:
		p.what, p.start = m.what+" is stopped", m.start
	default:
		p.gone, p.what = true, m.what+" does not exist any more"
	}
	return p
}

// needContext refuses a cluster whose context is missing, and says why; kubectl would only say that it does not exist.
func (o *Ops) needContext(ctx context.Context, c Cluster) error {
	contexts, err := o.kubectl(ctx, Cluster{Kubeconfig: c.Kubeconfig}, "config", "get-contexts", "-o", "name")
	if !c.gone() && (err != nil || slices.Contains(strings.Fields(contexts), c.Context)) {
		return nil
	}
	switch p := o.presence(ctx, c); {
	case p.answers:
		return nil
	case p.gone:
		return fmt.Errorf("%s: make up makes a new one, make down forgets what ran on it", p.what)
	case p.start != "":
		return fmt.Errorf("%s: make up starts it", p.what)
	default:
		return fmt.Errorf("%s; kubectl config get-contexts lists what is", p.what)
	}
}
