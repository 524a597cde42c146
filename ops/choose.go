package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"todo/internal/step"
	kube "todo/target"
)

// ChooseCluster decides where the stack goes and makes sure that it runs. In this order: the context that the stack's
// config names; the last run's choice, if that cluster still exists; the only local cluster, or of several the current
// context; a new one. The user's current context never changes.
func (o *Ops) ChooseCluster(ctx context.Context) (Cluster, error) {
	keys, err := o.stackConfig()
	if err != nil {
		return Cluster{}, err
	}
	if err := o.refuseCluster(keys); err != nil {
		return Cluster{}, err
	}
	if keys.KubeContext != "" {
		return o.namedCluster(ctx, keys)
	}
	last, err := o.Cluster()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Cluster{}, err
	}
	if last.Kind == string(kube.Lab) {
		return o.startLab(ctx) // also after make lab-down: the stack stays where it was
	}
	kubeconfig, _, err := o.readKubeconfig(Cluster{})
	if err != nil {
		return Cluster{}, err
	}
	found := kube.Find(ctx, o.machine(), kubeconfig)
	for _, c := range found {
		if last.is(c) {
			return o.startCluster(ctx, c)
		}
	}
	if lab, runs := o.runningLab(ctx); runs {
		found = append(found, lab)
	}
	if c, taken := kube.Choose(found, kubeconfig.Current); taken {
		return o.startCluster(ctx, c)
	}
	if usable := kube.Usable(found); len(usable) > 1 {
		return Cluster{}, o.several(usable)
	}
	return o.newCluster(ctx, found, kubeconfig)
}

// refuseCluster explains why a stack's config leaves no choice to make here.
func (o *Ops) refuseCluster(keys stackKeys) error {
	switch {
	case keys.RenderYAML != "":
		return fmt.Errorf("stack %s renders manifests into %s and has no cluster to bring up: "+
			"eval \"$(make env)\" && pulumi up -s %s", o.Stack, keys.RenderYAML, o.Stack)
	case keys.Kubeconfig != nil || keys.KubeStack != "":
		return fmt.Errorf("stack %s has its kubeconfig in its config or in another stack, where only Pulumi reads it: "+
			"eval \"$(make env STACK=%s)\" && pulumi up", o.Stack, o.Stack)
	case keys.KubeContext != "":
		return nil
	case keys.KubeconfigPath != "":
		return fmt.Errorf("kubeconfigPath: %s; which of its contexts to use is not set: %s", keys.KubeconfigPath,
			o.setContext())
	case bool(keys.Production):
		return fmt.Errorf("stack %s is a production stack and names no cluster: %s; kubectl config get-contexts lists them",
			o.Stack, o.setContext())
	}
	return nil
}

// setContext is how a stack names its cluster. `pulumi config set` works once the stack exists, and the line always.
func (o *Ops) setContext() string {
	return fmt.Sprintf("add \"todo:kubeContext: <context>\" "+
		"below \"config:\" in Pulumi.%s.yaml (or, once the stack exists, "+
		"pulumi config set kubeContext <context> -s %s)", o.Stack, o.Stack)
}

// namedCluster is the one that the stack's config names. A stopped one of this machine is started.
func (o *Ops) namedCluster(ctx context.Context, keys stackKeys) (Cluster, error) {
	named := Cluster{Kind: "kubeconfig", Context: keys.KubeContext, Kubeconfig: keys.KubeconfigPath}
	kubeconfig, _, err := o.readKubeconfig(named)
	if err != nil {
		return Cluster{}, err
	}
	e, known := kubeconfig.Contexts[keys.KubeContext]
	if !known && keys.KubeContext == kube.LabContext && keys.KubeconfigPath == "" {
		return o.startLab(ctx) // it has a kubeconfig of its own
	}
	if tool, _ := e.Tool(keys.KubeContext); known && tool == "" {
		return named, nil
	}
	for _, c := range kube.Find(ctx, o.machine(), kubeconfig) {
		if c.Context == keys.KubeContext && (c.Exported || keys.KubeconfigPath == "") {
			chosen, err := o.startCluster(ctx, c)
			if c.Exported {
				chosen.Kubeconfig = keys.KubeconfigPath
			}
			return chosen, err
		}
	}
	return named, nil
}

// is reports whether a local cluster is the chosen one.
func (c Cluster) is(found kube.Cluster) bool {
	return c.Kind == string(found.Tool) && (c.Name == found.Name || c.Name == "" && c.Context == found.Context)
}

// runningLab is the lab when its API server answers. Its kubeconfig is not among the user's.
func (o *Ops) runningLab(ctx context.Context) (kube.Cluster, bool) {
	cmd := o.labCommand(ctx, "kubeconfig")
	cmd.Stdout, cmd.Stderr = nil, nil
	path, err := cmd.Output()
	if err != nil { // this is not Linux
		return kube.Cluster{}, false
	}
	k, _, err := kube.ReadKubeconfig(o.machine(), strings.TrimSpace(string(path)))
	e, known := k.Contexts[kube.LabContext]
	runs := err == nil && known && kube.Answers(ctx, o.machine(), e)
	return kube.Cluster{Tool: kube.Lab, Name: kube.LabContext, Context: kube.LabContext}, runs
}

// several lists the local clusters when none of them is the current context.
func (o *Ops) several(clusters []kube.Cluster) error {
	lines := []string{fmt.Sprintf("stack %s names no cluster, and this machine has %d; "+
		"add one of these lines below \"config:\" in Pulumi.%s.yaml:",
		o.Stack, len(clusters), o.Stack)}
	for _, c := range clusters {
		what := c.Tool.Title()
		if c.Name != c.Context || c.Tool == kube.Minikube {
			what += " " + c.Name
		}
		if c.State == kube.Stopped {
			what += " (stopped)"
		}
		lines = append(lines, fmt.Sprintf("  %-34s # %s", "todo:kubeContext: "+c.Context, what))
	}
	lines = append(lines, "  or make one of them the current context: kubectl config use-context <context>")
	return errors.New(strings.Join(lines, "\n"))
}

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

// machine is what target asks of this computer.
func (o *Ops) machine() kube.Machine { return kube.This() }

// readKubeconfig reads the cluster's kubeconfig, or the user's own.
func (o *Ops) readKubeconfig(c Cluster) (k kube.Kubeconfig, files []string, err error) {
	m := o.machine()
	files = m.KubeconfigFiles()
	if c.Kubeconfig != "" {
		files = []string{o.kubeconfig(c)}
	}
	k, _, err = kube.ReadKubeconfig(m, slices.DeleteFunc(files, func(name string) bool { return name == "" })...)
	if err != nil {
		return k, files, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	return k, files, nil
}
