package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"todo/internal/step"
	kube "todo/target"
)

// thisHost decides whether the lab can be started; tests are not root.
var thisHost = kube.Host{OS: runtime.GOOS, Root: os.Geteuid() == 0}

// newCluster starts a cluster where none runs. The lab changes the machine, so make up starts it for root on Debian
// only.
func (o *Ops) newCluster(ctx context.Context, off []kube.Cluster, k kube.Kubeconfig) (Cluster, error) {
	m := o.machine()
	switch kube.Startable(ctx, m, thisHost) {
	case kube.Minikube:
		profile := kube.MinikubeProfile(ctx, m)
		return o.startCluster(ctx, kube.Cluster{Tool: kube.Minikube, Name: profile, Context: profile, State: kube.Stopped})
	case kube.Kind:
		return o.createKind(ctx)
	case kube.Lab:
		return o.startLab(ctx)
	}
	lines := []string{fmt.Sprintf("stack %s has no cluster to go to: no local one runs, and none can be started from here. "+
		"Do one of these:", o.Stack)}
	for _, c := range off {
		lines = append(lines, fmt.Sprintf("  %s (context %s) does not answer: %s", c.Tool.Title(), c.Context, c.Tool.On()))
	}
	lines = append(lines,
		"  enable Kubernetes in Docker Desktop, OrbStack, Rancher Desktop or Colima",
		"  install Minikube (https://minikube.sigs.k8s.io/docs/start) or kind (https://kind.sigs.k8s.io): make up starts it")
	if len(k.Contexts) > 0 {
		lines = append(lines, "  use a cluster of the kubeconfig: "+o.setContext()+"; known: "+k.Names())
	}
	if thisHost.OS == "linux" {
		lines = append(lines,
			"  on Debian 12 or later, start the lab as root (it installs packages and changes the network): "+
				"make lab-up && make up")
	}
	return Cluster{}, errors.New(strings.Join(lines, "\n"))
}

// startCluster makes sure that a local cluster runs.
func (o *Ops) startCluster(ctx context.Context, c kube.Cluster) (Cluster, error) {
	if c.Tool == kube.Lab {
		return o.startLab(ctx)
	}
	chosen := Cluster{Kind: string(c.Tool), Context: c.Context, Name: c.Name, Local: true}
	if c.State == kube.Off {
		return Cluster{}, fmt.Errorf("%s (context %s) does not answer: %s, and run make up again; for another cluster: %s",
			c.Tool.Title(), c.Context, c.Tool.On(), o.setContext())
	}
	if c.Tool == kube.Kind && !c.Exported {
		// The user's own kubeconfig would get kind's context as the current one.
		chosen.Kubeconfig = filepath.Join(".state", o.Stack, "kubeconfig")
	}
	if c.State == kube.Running {
		return chosen, nil
	}
	chosen.started = true
	err := o.steps.Run("Start "+c.Tool.Title()+" ("+c.Name+")", func(s *step.Step) error {
		switch c.Tool {
		case kube.Minikube:
			return s.Command(ctx, o.Root, nil, "minikube", kube.MinikubeStart(ctx, o.machine(), c.Name)...)
		case kube.K3d:
			return s.Command(ctx, o.Root, nil, "k3d", "cluster", "start", c.Name)
		}
		return o.startKind(ctx, s, c, chosen)
	})
	return chosen, err
}

// startKind starts the containers of a stopped cluster, and writes the kubeconfig of one that the user's has not.
func (o *Ops) startKind(ctx context.Context, s *step.Step, c kube.Cluster, chosen Cluster) error {
	out, err := exec.CommandContext(ctx, "kind", "get", "nodes", "--name", c.Name).Output()
	if err != nil {
		return fmt.Errorf("kind get nodes: %w%s", err, stderrOf(err))
	}
	// Docker leaves a container alone that runs.
	if err := s.Command(ctx, o.Root, nil, "docker", append([]string{"start"},
		strings.Fields(string(out))...)...); err != nil {
		return err
	}
	if chosen.Kubeconfig == "" {
		return nil
	}
	if err := os.MkdirAll(o.state(o.Stack), 0o755); err != nil {
		return fmt.Errorf("creating .state/%s: %w", o.Stack, err)
	}
	return s.Command(ctx, o.Root, nil, "kind", "export", "kubeconfig", "--name", c.Name, "--kubeconfig",
		o.kubeconfig(chosen))
}

// kindName is the cluster that make up creates, for all stacks.
const kindName = "todo"

func (o *Ops) createKind(ctx context.Context) (Cluster, error) {
	c := Cluster{Kind: string(kube.Kind), Context: "kind-" + kindName, Name: kindName, Local: true,
		Kubeconfig: filepath.Join(".state", o.Stack, "kubeconfig"), started: true}
	err := o.steps.Run("Create a kind cluster ("+kindName+")", func(s *step.Step) error {
		if err := os.MkdirAll(o.state(o.Stack), 0o755); err != nil {
			return fmt.Errorf("creating .state/%s: %w", o.Stack, err)
		}
		return s.Command(ctx, o.Root, nil, "kind", "create", "cluster", "--name", kindName, "--kubeconfig", o.kubeconfig(c))
	})
	return c, err
}

// startLab brings the lab up; it prints its own steps.
func (o *Ops) startLab(ctx context.Context) (Cluster, error) {
	o.choice.set(true)
	if err := o.labCommand(ctx, "up").Run(); err != nil {
		return Cluster{}, fmt.Errorf("the lab did not start (%w); run make up again to continue where it stopped, "+
			"or choose another cluster: %s", err, o.setContext())
	}
	env, err := o.labEnv(ctx)
	if err != nil {
		return Cluster{}, err
	}
	return Cluster{Kind: string(kube.Lab), Context: env.Context, Kubeconfig: env.Kubeconfig, Registry: env.Registry,
		DockerHost: env.DockerHost, Local: true}, nil
}
