package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

// AICheck says in a line each which of the AI DevOps tools can be used here. It never fails: none of them is needed.
func (o *Ops) AICheck(ctx context.Context) error {
	line := func(name string, works bool, text string) {
		mark := "–"
		if works {
			mark = "✓"
		}
		fmt.Printf("%s %-11s %s\n", mark, name, text)
	}
	works, text := o.kubectlAI(ctx)
	line("kubectl-ai", works, text)
	works, text = o.kagent(ctx)
	line("kagent", works, text)
	works, text = dockerAI(ctx)
	line("Docker AI", works, text)
	return nil
}

// kubectlAI looks for the tool on PATH and among what the lab has built, and builds nothing.
func (o *Ops) kubectlAI(ctx context.Context) (bool, string) {
	_, why := aiProvider()
	tool := o.look("kubectl-ai")
	if tool == "" {
		o.addPath(o.builtTools(ctx, "kubectl-ai")...)
		tool = o.look("kubectl-ai")
	}
	if tool == "" {
		text := "not installed (kubectl krew install ai); make ai builds it where Go modules can be had"
		if why != "" {
			text += ", and " + why
		}
		return false, text
	}
	version, err := exec.CommandContext(ctx, tool, "version").Output()
	if err != nil {
		return false, fmt.Sprintf("%s does not run: %v", tool, err)
	}
	name := strings.TrimPrefix(strings.SplitN(string(version), "\n", 2)[0], "version: ")
	if why != "" {
		return false, name + " is here, and " + why
	}
	return true, name + `: make ai PROMPT="…"`
}

// kagent tells whether its controller runs on the stack's cluster.
func (o *Ops) kagent(ctx context.Context) (bool, string) {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return false, err.Error()
	}
	if _, err := o.kubectl(ctx, cluster, "get", "crd", "agents.kagent.dev", "--request-timeout=15s"); err != nil {
		return false, fmt.Sprintf("not installed on cluster %s: pulumi config set -s %s --path aiops.kagent.enabled true", cluster.Context, o.Stack)
	}
	text, err := o.kubectl(ctx, cluster, "get", "deployments", "-A", "--field-selector=metadata.name=kagent-controller", "--request-timeout=15s",
		"-o", "jsonpath={.items[*].status.availableReplicas}")
	if err != nil || strings.Trim(text, "0 ") == "" {
		return false, fmt.Sprintf("its resources are on cluster %s, and no controller is available: kubectl -n kagent get pods", cluster.Context)
	}
	agents, err := o.kubectl(ctx, cluster, "get", "agents.kagent.dev", "-A", "--request-timeout=15s", "-o", `jsonpath={range .items[*]} {.metadata.namespace}/{.metadata.name}{end}`)
	if err != nil || strings.TrimSpace(agents) == "" {
		return false, fmt.Sprintf("its controller runs on cluster %s, without an agent", cluster.Context)
	}
	return true, fmt.Sprintf("its controller runs on cluster %s, with agent%s", cluster.Context, agents)
}

// dockerAI looks for the CLI's plugin: `docker ai` comes with Docker Desktop and with nothing else.
func dockerAI(ctx context.Context) (bool, string) {
	text, err := exec.CommandContext(ctx, "docker", "info", "--format", "{{json .ClientInfo.Plugins}}").Output()
	var plugins []struct{ Name, Version, Err string }
	if err != nil && len(text) == 0 {
		return false, "there is no Docker CLI here (docs/ai-devops.md has what to do instead)"
	}
	if json.Unmarshal(text, &plugins) == nil {
		for _, p := range plugins {
			if p.Name == "ai" && p.Err == "" {
				return true, "docker ai " + p.Version
			}
		}
	}
	return false, "this Docker has no `docker ai`: it comes with Docker Desktop (docs/ai-devops.md has what to do instead)"
}
