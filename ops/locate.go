package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// locate is the cluster that the stack runs on: what `make up` recorded, or else, after a plain `pulumi up` or on
// another machine, the context of the stack's config or of its outputs. It changes nothing.
func (o *Ops) locate(ctx context.Context) (Cluster, error) {
	return o.locateBy(func() (Outputs, error) {
		if err := o.findReaders(ctx); err != nil {
			return Outputs{}, err
		}
		return o.currentOutputs(ctx)
	})
}

// locateBy is locate with a way to the outputs, which is used only when nothing else names the cluster.
func (o *Ops) locateBy(outputs func() (Outputs, error)) (Cluster, error) {
	cluster, err := o.Cluster()
	if !errors.Is(err, os.ErrNotExist) {
		return cluster, err
	}
	keys, err := o.stackConfig()
	switch {
	case err != nil:
		return Cluster{}, err
	case keys.RenderYAML != "":
		return Cluster{}, fmt.Errorf("stack %s renders manifests into %s: which cluster runs them is not known here",
			o.Stack, keys.RenderYAML)
	case keys.Kubeconfig != nil || keys.KubeStack != "":
		return Cluster{}, fmt.Errorf("stack %s has its kubeconfig in its config or in another stack, "+
			"where only Pulumi reads it; use kubectl with a kubeconfig of that cluster", o.Stack)
	case keys.KubeContext != "":
		return Cluster{Kind: "kubeconfig", Context: keys.KubeContext, Kubeconfig: keys.KubeconfigPath}, nil
	}
	out, err := outputs()
	if err != nil {
		return Cluster{}, err
	} else if out.KubeContext == "" {
		return Cluster{}, o.noRecord(keys, errors.New("its outputs name no kubeContext"))
	}
	return Cluster{Kind: "kubeconfig", Context: out.KubeContext, Kubeconfig: keys.KubeconfigPath}, nil
}

// noRecord says that this machine knows nothing of a deployment. Of a production stack that does not mean that there
// is none, so deploying it is no advice.
func (o *Ops) noRecord(keys stackKeys, cause error) error {
	text := fmt.Sprintf("there is no record of stack %s on this machine", o.Stack)
	if keys.Production {
		text += fmt.Sprintf("; if another machine deployed it, name its cluster in Pulumi.%[1]s.yaml: "+
			"pulumi config set kubeContext <context> -s %[1]s", o.Stack)
	} else {
		text += ": make up" + o.stackArgument() + " deploys it; " +
			"if plain pulumi did, run this with the same PULUMI_BACKEND_URL"
	}
	return fmt.Errorf("%s (%w)", text, cause)
}

// stackArgument is what a make command needs to act on this stack.
func (o *Ops) stackArgument() string {
	if o.Stack == "dev" {
		return ""
	}
	return " STACK=" + o.Stack
}

// recorded is the cluster of a `make up` on this machine, for what only that leaves here: releases.
func (o *Ops) recorded(ctx context.Context) (Cluster, error) {
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		return cluster, fmt.Errorf("there is no record of stack %[1]s on this machine; its releases are in .state/%[1]s "+
			"of the checkout that ran make up: run this there", o.Stack)
	} else if err != nil {
		return cluster, err
	}
	return cluster, o.findKubectl(ctx)
}

// running finds the tools, the cluster and the outputs of a stack that is up.
func (o *Ops) running(ctx context.Context) (Cluster, Outputs, error) {
	if err := o.findReaders(ctx); err != nil {
		return Cluster{}, Outputs{}, err
	}
	cluster, err := o.locate(ctx)
	if err != nil {
		return cluster, Outputs{}, err
	}
	out, err := o.currentOutputs(ctx)
	return cluster, out, err
}

// findReaders finds the tools for a command that only reads. It needs no plugin of Pulumi's, so where Pulumi and
// kubectl are at hand nothing is downloaded.
func (o *Ops) findReaders(ctx context.Context) error {
	o.findKnown(ctx)
	if o.tools.Pulumi != "" && o.tools.Kubectl != "" {
		return nil
	}
	return o.FindTools(ctx)
}

// currentOutputs are the stack's outputs. A stack that only plain pulumi has deployed is looked for in the backend
// that the user's own environment names too.
func (o *Ops) currentOutputs(ctx context.Context) (Outputs, error) {
	limited, cancel := context.WithTimeout(ctx, outputsLimit)
	defer cancel()
	out, err := o.Outputs(limited)
	if err == nil {
		return out, nil
	}
	if _, missing := o.Cluster(); errors.Is(missing, os.ErrNotExist) {
		plain, plainErr := o.plainOutputs(ctx)
		keys, keysErr := o.stackConfig()
		if plainErr == nil || keysErr != nil {
			return plain, keysErr
		}
		if said := usefulLine(stderrOf(err)); strings.Contains(said, "unable to open bucket file://") {
			err = errors.New("this checkout has not deployed it")
		} else if said != "" {
			err = errors.New(said)
		}
		return out, o.noRecord(keys, err)
	}
	if limited.Err() != nil && ctx.Err() == nil {
		return out, fmt.Errorf("the Pulumi backend did not give the outputs of stack %s within %s", o.Stack, outputsLimit)
	}
	return out, err
}

func (o *Ops) plainOutputs(ctx context.Context) (out Outputs, err error) {
	limited, cancel := context.WithTimeout(ctx, outputsLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, o.tools.Pulumi,
		"stack", "output", "--json", "--stack", o.Stack, "--non-interactive")
	cmd.Dir = o.Root
	text, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	if err == nil && out.Namespace == "" {
		err = errors.New("there are none")
	}
	return out, err
}
