package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

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
	if last.Kubeconfig != "" && last.Local { // a kind cluster that make up created
		if c, found, err := o.inKubeconfig(ctx, last); found || err != nil {
			return c, err
		}
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
			if err == nil && c.Exported {
				chosen.Kubeconfig = keys.KubeconfigPath
			}
			return chosen, err
		}
	}
	return named, o.checkContext(ctx, named) // before tools are looked for, which may take minutes
}

// inKubeconfig starts the last run's cluster if its own kubeconfig still leads to it.
func (o *Ops) inKubeconfig(ctx context.Context, last Cluster) (chosen Cluster, found bool, err error) {
	kubeconfig, _, err := o.readKubeconfig(last)
	if err != nil {
		return Cluster{}, false, err
	}
	for _, c := range kube.Find(ctx, o.machine(), kubeconfig) {
		if c.Exported && last.is(c) {
			if chosen, err = o.startCluster(ctx, c); err == nil {
				chosen.Kubeconfig = last.Kubeconfig
			}
			return chosen, true, err
		}
	}
	return Cluster{}, false, nil
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
