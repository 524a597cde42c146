package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"todo/internal/step"
)

// Cluster is where a stack goes. It is kept in .state/<stack>/cluster.json, where the Pulumi program reads it as the
// default of its config keys kubeContext, kubeconfigPath, registry and dockerHost (config/cluster.go).
type Cluster struct {
	Kind       string `json:"kind"` // lab, minikube or kubeconfig
	Context    string `json:"context"`
	Kubeconfig string `json:"kubeconfig,omitempty"` // path, as the stack's config has it; empty: the user's own ($KUBECONFIG or ~/.kube/config)
	Registry   string `json:"registry,omitempty"`   // where images are pushed; empty: built into the cluster's daemon
	DockerHost string `json:"dockerHost,omitempty"` // empty: the user's own
	Local      bool   `json:"local"`                // runs on this machine
	UID        string `json:"uid,omitempty"`        // of the namespace kube-system: tells a cluster from its successor
	// NodeAddress is where a node is reached, for the URLs of the nodePort exposure. The program knows Minikube's itself.
	NodeAddress string `json:"nodeAddress,omitempty"`
}

// Cluster reads what the last `up` chose; the error is os.ErrNotExist before the first.
func (o *Ops) Cluster() (Cluster, error) {
	var c Cluster
	text, err := os.ReadFile(o.stackState("cluster.json"))
	if err != nil {
		return c, fmt.Errorf("reading which cluster stack %s is on: %w", o.Stack, err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return c, fmt.Errorf("%s is damaged (%w): remove it and run make up", o.stackState("cluster.json"), err)
	}
	return c, nil
}

// ChooseCluster decides where the stack goes and makes sure that it runs: the context that the stack's config names, or
// what the last run chose, or Minikube when it is installed, or the lab.
func (o *Ops) ChooseCluster(ctx context.Context) (Cluster, error) {
	keys, err := o.stackConfig()
	if err != nil {
		return Cluster{}, err
	}
	if keys.RenderYAML != "" {
		return Cluster{}, fmt.Errorf("stack %s renders manifests into %s and has no cluster to bring up: eval \"$(make env)\" && pulumi up -s %s", o.Stack, keys.RenderYAML, o.Stack)
	}
	if keys.Kubeconfig != nil || keys.KubeStack != "" {
		return Cluster{}, fmt.Errorf("stack %s has its kubeconfig in its config or in another stack, where only Pulumi reads it: eval \"$(make env STACK=%s)\" && pulumi up", o.Stack, o.Stack)
	}
	if keys.KubeContext != "" {
		return Cluster{Kind: "kubeconfig", Context: keys.KubeContext, Kubeconfig: keys.KubeconfigPath}, nil
	}
	if keys.KubeconfigPath != "" {
		return Cluster{}, fmt.Errorf("kubeconfigPath: %s; which of its contexts to use is not set: pulumi config set kubeContext <context> -s %s", keys.KubeconfigPath, o.Stack)
	}
	if keys.Production {
		return Cluster{}, fmt.Errorf("stack %s is a production stack and names no cluster: pulumi config set kubeContext <context> -s %s (kubectl config get-contexts lists them)", o.Stack, o.Stack)
	}
	last, err := o.Cluster()
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return Cluster{}, err
	}
	if _, err := exec.LookPath("minikube"); err == nil && last.Kind != "lab" {
		return o.startMinikube(ctx)
	}
	return o.startLab(ctx)
}

func (o *Ops) startMinikube(ctx context.Context) (Cluster, error) {
	profile := "minikube"
	if text, err := exec.CommandContext(ctx, "minikube", "profile").Output(); err == nil {
		if name := strings.TrimSpace(string(text)); name != "" && !strings.ContainsAny(name, " \n") {
			profile = name
		}
	}
	err := o.steps.Run("Starting Minikube ("+profile+")", func(s *step.Step) error {
		if exec.CommandContext(ctx, "minikube", "-p", profile, "status").Run() == nil {
			return step.ErrDone
		}
		return s.Command(ctx, o.Root, nil, "minikube", minikubeStart(ctx, profile)...)
	})
	return Cluster{Kind: "minikube", Context: profile, Local: true}, err
}

// minikubeStart gives a new profile the runtime whose daemon builds the images; newer versions of Minikube default to
// containerd. The runtime of a profile that is there cannot be changed.
func minikubeStart(ctx context.Context, profile string) []string {
	start := []string{"start", "-p", profile}
	var list struct{ Valid, Invalid []struct{ Name string } }
	text, err := exec.CommandContext(ctx, "minikube", "profile", "list", "--light", "-o", "json").Output()
	if err == nil && json.Unmarshal(text, &list) == nil {
		for _, p := range append(list.Valid, list.Invalid...) {
			if p.Name == profile {
				return start
			}
		}
	}
	return append(start, "--container-runtime=docker")
}

// startLab brings the lab up; it prints its own steps.
func (o *Ops) startLab(ctx context.Context) (Cluster, error) {
	o.choice.set(true)
	if err := o.labCommand(ctx, "up").Run(); err != nil {
		return Cluster{}, fmt.Errorf("there is no Minikube on this machine and the lab did not start: %w", err)
	}
	env, err := o.labEnv(ctx)
	if err != nil {
		return Cluster{}, err
	}
	return Cluster{Kind: "lab", Context: env.Context, Kubeconfig: env.Kubeconfig, Registry: env.Registry, DockerHost: env.DockerHost, Local: true}, nil
}

// RecordCluster asks the cluster who it is, says what is about to be changed, and keeps the choice. It returns the UID
// of the cluster that the stack was on before.
func (o *Ops) RecordCluster(ctx context.Context, c *Cluster) (previous string, err error) {
	if last, err := o.Cluster(); err == nil {
		previous = last.UID
	}
	if err := o.checkContext(ctx, *c); err != nil {
		return "", err
	}
	text, err := o.kubectl(ctx, *c, "get", "namespace", "kube-system", "--request-timeout=15s", "-o", "jsonpath={.metadata.uid}")
	if err != nil {
		return "", fmt.Errorf("cluster %s does not answer: %w", c.Context, err)
	}
	c.UID = strings.TrimSpace(text)
	if c.NodeAddress, err = o.nodeAddress(ctx, *c); err != nil {
		return "", err
	}
	if err := o.printTarget(ctx, *c); err != nil {
		return "", err
	}
	out, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return "", fmt.Errorf("keeping the chosen cluster: %w", err)
	}
	if err := writeFile(o.stackState("cluster.json"), append(out, '\n')); err != nil {
		return "", fmt.Errorf("keeping the chosen cluster: %w", err)
	}
	return previous, nil
}

// nodeAddress is that of the first node, its public one if it has one; "" when the stack's URLs do not hold it.
func (o *Ops) nodeAddress(ctx context.Context, c Cluster) (string, error) {
	keys, err := o.stackConfig()
	if err != nil || keys.Exposure != "nodePort" || c.Kind == "minikube" {
		return "", err
	}
	for _, kind := range []string{"ExternalIP", "InternalIP"} {
		text, err := o.kubectl(ctx, c, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="`+kind+`")].address}`)
		if err != nil {
			return "", err
		}
		if addresses := strings.Fields(text); len(addresses) > 0 {
			return addresses[0], nil
		}
	}
	return "", nil // the program refuses it, with what to do
}

// checkContext refuses a context that the kubeconfig does not have, with those that it has.
func (o *Ops) checkContext(ctx context.Context, c Cluster) error {
	text, err := o.kubectl(ctx, Cluster{Kubeconfig: c.Kubeconfig}, "config", "get-contexts", "-o", "name")
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	known := strings.Fields(text)
	if slices.Contains(known, c.Context) {
		return nil
	}
	if len(known) == 0 {
		return fmt.Errorf("kubeContext: %q is not there: the kubeconfig has no context at all; make one, or leave the choice to make up: pulumi config rm kubeContext -s %s", c.Context, o.Stack)
	}
	return fmt.Errorf("kubeContext: %q is not in the kubeconfig; allowed: %s; pulumi config set kubeContext %s -s %s", c.Context, strings.Join(known, ", "), known[0], o.Stack)
}

// printTarget says which cluster is about to be changed.
func (o *Ops) printTarget(ctx context.Context, c Cluster) error {
	server, err := o.kubectl(ctx, c, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	what := map[string]string{"lab": "the lab on this machine", "minikube": "Minikube", "kubeconfig": "named by the stack's config"}[c.Kind]
	fmt.Printf("→ stack %s will change cluster %s at %s (%s)\n", o.Stack, c.Context, server, what)
	return nil
}

// gone tells that the cluster was the lab and that the lab has been removed from this machine.
func (c Cluster) gone() bool {
	if c.Kind != "lab" {
		return false
	}
	_, err := os.Stat(c.Kubeconfig)
	return errors.Is(err, os.ErrNotExist)
}

// kubectl runs kubectl on a cluster and returns its output.
func (o *Ops) kubectl(ctx context.Context, c Cluster, args ...string) (string, error) {
	text, err := o.kubectlCommand(ctx, c, args...).Output()
	if err != nil {
		if args[0] == "-n" {
			args = args[2:]
		}
		return "", fmt.Errorf("kubectl %s: %w%s", args[0], err, stderrOf(err))
	}
	return string(text), nil
}

func (o *Ops) kubectlCommand(ctx context.Context, c Cluster, args ...string) *exec.Cmd {
	if c.Context != "" {
		args = append([]string{"--context", c.Context}, args...)
	}
	cmd := exec.CommandContext(ctx, o.tools.Kubectl, args...)
	cmd.Env = os.Environ()
	if c.Kubeconfig != "" {
		cmd.Env = append(cmd.Env, "KUBECONFIG="+o.kubeconfig(c))
	}
	return cmd
}

// kubeconfig is the absolute path of a cluster's kubeconfig: as in the program, ~ is the user's home, and a relative path
// starts at the project's folder.
func (o *Ops) kubeconfig(c Cluster) string {
	if rest, found := strings.CutPrefix(c.Kubeconfig, "~/"); found {
		return filepath.Join(os.Getenv("HOME"), rest)
	}
	if filepath.IsAbs(c.Kubeconfig) {
		return c.Kubeconfig
	}
	return filepath.Join(o.Root, c.Kubeconfig)
}
