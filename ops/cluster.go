package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Cluster is where a stack goes. It is kept in .state/<stack>/cluster.json, where the Pulumi program reads it as the
// default of its config keys kubeContext, kubeconfigPath, registry and dockerHost (config/cluster.go).
type Cluster struct {
	Kind       string `json:"kind"` // a target.Tool, or kubeconfig for a cluster that no tool of this machine runs
	Context    string `json:"context"`
	Name       string `json:"name,omitempty"`       // of the cluster in its tool, such as a Minikube profile
	Kubeconfig string `json:"kubeconfig,omitempty"` // path, as in the stack's config; empty: the user's own
	Registry   string `json:"registry,omitempty"`   // where images are pushed; empty: the program finds the way
	DockerHost string `json:"dockerHost,omitempty"` // empty: the program finds it
	Local      bool   `json:"local"`                // runs on this machine
	UID        string `json:"uid,omitempty"`        // of the namespace kube-system: differs in a cluster's successor
	// NodeAddress is where a node is reached, for the URLs of the nodePort exposure. The program knows Minikube's itself.
	NodeAddress string `json:"nodeAddress,omitempty"`

	started bool // by this run: its API server may need a while
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

// RecordCluster identifies the cluster, prints what is about to be changed, and keeps the choice. It returns the UID of
// the cluster that the stack was on before.
func (o *Ops) RecordCluster(ctx context.Context, c *Cluster) (previous string, err error) {
	if last, err := o.Cluster(); err == nil {
		previous = last.UID
	}
	if err := o.checkContext(ctx, *c); err != nil {
		return "", err
	}
	if c.UID, err = o.clusterUID(ctx, *c); err != nil {
		return "", err
	}
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
		text, err := o.kubectl(ctx, c, "get", "nodes", "-o",
			`jsonpath={.items[0].status.addresses[?(@.type=="`+kind+`")].address}`)
		if err != nil {
			return "", err
		}
		if addresses := strings.Fields(text); len(addresses) > 0 {
			return addresses[0], nil
		}
	}
	return "", nil // the program refuses it, with the fix
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

// kubeconfig is the absolute path of a cluster's kubeconfig: as in the program, ~ is the user's home, and a relative
// path starts at the project's folder.
func (o *Ops) kubeconfig(c Cluster) string {
	if rest, found := strings.CutPrefix(c.Kubeconfig, "~/"); found {
		return filepath.Join(os.Getenv("HOME"), rest)
	}
	if filepath.IsAbs(c.Kubeconfig) {
		return c.Kubeconfig
	}
	return filepath.Join(o.Root, c.Kubeconfig)
}
