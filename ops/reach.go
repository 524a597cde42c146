package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	kube "todo/target"
)

// startedWithin is how long a cluster's API may take after its containers were started, on a slow machine.
const startedWithin = 3 * time.Minute

// clusterUID identifies the cluster by its namespace kube-system. An API server that this run has started refuses
// connections for a while, so it is asked again.
func (o *Ops) clusterUID(ctx context.Context, c Cluster) (string, error) {
	deadline := time.Now().Add(startedWithin)
	for {
		uid, err := o.kubectl(ctx, c, "get", "namespace", "kube-system", "--request-timeout=15s", "-o",
			"jsonpath={.metadata.uid}")
		if err == nil {
			return strings.TrimSpace(uid), nil
		}
		if !c.started || time.Now().After(deadline) {
			return "", o.unreachable(c, err)
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// unreachable says what to check when a cluster does not answer.
func (o *Ops) unreachable(c Cluster, err error) error {
	check := "check the VPN and your login"
	if c.Local {
		check = kube.Tool(c.Kind).On()
	}
	return fmt.Errorf("cluster %s does not answer: %w; %s, then try: %s", c.Context, err, check,
		o.kubectlLine(c)+" cluster-info")
}

// kubectlLine is kubectl as a user types it for this cluster.
func (o *Ops) kubectlLine(c Cluster) string {
	line := "kubectl --context " + c.Context
	if c.Kubeconfig != "" {
		line += " --kubeconfig " + o.kubeconfig(c)
	}
	return line
}

// checkContext refuses a context that the kubeconfig does not have. It never proposes another one: the first context of
// a kubeconfig may be anybody's cluster.
func (o *Ops) checkContext(ctx context.Context, c Cluster) error {
	k, files, err := o.readKubeconfig(c)
	if err != nil {
		return err
	}
	if _, known := k.Contexts[c.Context]; known {
		return nil
	}
	message := fmt.Sprintf("kubeContext: %q is not in %s", c.Context, strings.Join(files, ", "))
	if why, _ := kube.Missing(ctx, o.machine(), c.Context); why != "" {
		message += "; " + why
	}
	if len(k.Contexts) == 0 {
		return fmt.Errorf("%s; it has no context at all: create one, or let make up find a cluster: "+
			"remove the line from Pulumi.%[2]s.yaml (or pulumi config rm kubeContext -s %[2]s)", message, o.Stack)
	}
	return errors.New(message + "; known: " + k.Names() + "; " + o.setContext())
}

// printTarget prints which cluster is about to be changed.
func (o *Ops) printTarget(ctx context.Context, c Cluster) error {
	server, err := o.kubectl(ctx, c, "config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	what := "named in Pulumi." + o.Stack + ".yaml"
	if c.Local {
		what = kube.Tool(c.Kind).Title() + " on this machine"
	}
	fmt.Printf("→ stack %s will change cluster %s at %s (%s)\n", o.Stack, c.Context, server, what)
	return nil
}

// gone reports that the cluster was the lab, and that the lab has been removed from this machine.
func (c Cluster) gone() bool {
	if c.Kind != string(kube.Lab) {
		return false
	}
	_, err := os.Stat(c.Kubeconfig)
	return errors.Is(err, os.ErrNotExist)
}
