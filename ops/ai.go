package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"todo/internal/doctor"
)

// aiAccount is the ServiceAccount that an AI tool acts as: it may look at the namespace, Secrets excepted, and change
// nothing. The cluster enforces it, whatever the model asks for and whatever the tool lets through.
const aiAccount = "ai-reader"

// aiTokenLife is how long its token is good for.
const aiTokenLife = "1h"

// AI asks kubectl-ai about the stack. Without the tool or a key, or without a question, the doctor answers.
func (o *Ops) AI(ctx context.Context) error {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return err
	}
	tool, provider, why := o.aiTool()
	prompt := strings.TrimSpace(os.Getenv("PROMPT"))
	if why == "" && prompt == "" && !isTerminal(os.Stdin) {
		why = `there is no PROMPT="…" and no terminal to ask on`
	}
	if why != "" {
		fmt.Printf("▸ make doctor, because %s\n", why)
		return o.Doctor(ctx)
	}
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	kubeconfig, remove, err := o.aiKubeconfig(ctx, cluster, keys.namespace(o.Stack), os.Getenv("WRITE") != "")
	if err != nil {
		return err
	}
	defer remove()
	// Its trace, by default a file in /tmp that everyone reads, goes with the kubeconfig.
	args := append([]string{"--kubeconfig", kubeconfig, "--trace-path", kubeconfig + ".trace"}, provider...)
	if prompt != "" {
		args = append(args, "--quiet", prompt+o.aiContext(ctx, cluster, keys.namespace(o.Stack)))
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = filepath.Dir(kubeconfig), os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(o.pulumiEnv(), "KUBECONFIG="+kubeconfig)
	if base := os.Getenv("OPENAI_BASE_URL"); base != "" { // the name that the application and OpenAI's own tools know
		cmd.Env = append(cmd.Env, "OPENAI_ENDPOINT="+base, "OPENAI_API_BASE="+base)
	}
	fmt.Printf("▸ kubectl-ai as %s\n", map[bool]string{false: aiAccount + ", which may read namespace " + keys.namespace(o.Stack) + " but no Secret", true: "you: it asks before it changes anything"}[os.Getenv("WRITE") != ""])
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kubectl-ai: %w", err)
	}
	return nil
}

// aiTool finds kubectl-ai and the flags of the model's provider; why says what is missing.
func (o *Ops) aiTool() (tool string, provider []string, why string) {
	if tool = o.look("kubectl-ai"); tool == "" {
		return "", nil, "kubectl-ai is not installed (kubectl krew install ai)"
	}
	switch {
	case os.Getenv("OPENAI_API_KEY") != "":
		provider = []string{"--llm-provider=openai"}
		if model := os.Getenv("OPENAI_MODEL"); model != "" {
			provider = append(provider, "--model="+model)
		}
	case os.Getenv("GEMINI_API_KEY") == "":
		return tool, nil, "there is no key: export OPENAI_API_KEY (and OPENAI_BASE_URL and OPENAI_MODEL for another service), or GEMINI_API_KEY"
	}
	return tool, provider, ""
}

// aiContext is what the doctor has found, so that the model does not begin with nothing. It holds no value of a Secret.
func (o *Ops) aiContext(ctx context.Context, c Cluster, namespace string) string {
	text := fmt.Sprintf("\n\nThe namespace is %s. Look, but change nothing.", namespace)
	target, err := o.doctorTarget(c, "")
	if err != nil {
		return text
	}
	findings, err := o.examine(ctx, c, target)
	if err != nil {
		return text
	}
	var report bytes.Buffer
	if err := doctor.Print(&report, findings, nil); err != nil {
		return text
	}
	return text + " A deterministic check of its workloads says:\n" + report.String()
}

// aiKubeconfig writes a kubeconfig for the tool alone: with write it is the user's own, otherwise that of aiAccount.
func (o *Ops) aiKubeconfig(ctx context.Context, c Cluster, namespace string, write bool) (path string, remove func(), err error) {
	text, err := o.kubectl(ctx, c, "config", "view", "--minify", "--flatten", "--raw", "-o", "json")
	if err != nil {
		return "", nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	var config map[string]any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		return "", nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	entry, err := currentContext(config)
	if err != nil {
		return "", nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	entry["namespace"] = namespace
	if !write {
		token, err := o.aiToken(ctx, c, namespace)
		if err != nil {
			return "", nil, err
		}
		entry["user"] = aiAccount
		config["users"] = []any{map[string]any{"name": aiAccount, "user": map[string]any{"token": token}}}
	}
	out, err := json.Marshal(config)
	if err != nil {
		return "", nil, fmt.Errorf("writing the tool's kubeconfig: %w", err)
	}
	folder, err := os.MkdirTemp("", "todo-ai-")
	if err != nil {
		return "", nil, fmt.Errorf("writing the tool's kubeconfig: %w", err)
	}
	remove = func() {
		if err := os.RemoveAll(folder); err != nil {
			fmt.Fprintf(os.Stderr, "removing the tool's kubeconfig: %v\n", err)
		}
	}
	path = filepath.Join(folder, "kubeconfig")
	if err := writeFile(path, out); err != nil {
		remove()
		return "", nil, fmt.Errorf("writing the tool's kubeconfig: %w", err)
	}
	return path, remove, nil
}

// currentContext is the one context that `kubectl config view --minify` leaves.
func currentContext(config map[string]any) (map[string]any, error) {
	contexts, ok := config["contexts"].([]any)
	if !ok || len(contexts) != 1 {
		return nil, errors.New("it has no current context")
	}
	named, ok := contexts[0].(map[string]any)
	if !ok {
		return nil, errors.New("its context is damaged")
	}
	entry, ok := named["context"].(map[string]any)
	if !ok {
		return nil, errors.New("its context is damaged")
	}
	return entry, nil
}

// aiToken makes the account, binds it to Kubernetes' own role `view`, and has a short-lived token made. Both go with the
// namespace.
func (o *Ops) aiToken(ctx context.Context, c Cluster, namespace string) (string, error) {
	meta := map[string]any{"name": aiAccount, "namespace": namespace, "labels": map[string]any{"app.kubernetes.io/part-of": "todo"}}
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": []any{
		map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta, "automountServiceAccountToken": false},
		map[string]any{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": meta,
			"roleRef":  map[string]any{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": aiAccount, "namespace": namespace}}},
	}})
	if err != nil {
		return "", fmt.Errorf("making the account %s: %w", aiAccount, err)
	}
	apply := o.kubectlCommand(ctx, c, "apply", "-f", "-")
	apply.Stdin = bytes.NewReader(text)
	if _, err := apply.Output(); err != nil {
		return "", fmt.Errorf("making the account %s: %w%s", aiAccount, err, stderrOf(err))
	}
	token, err := o.kubectl(ctx, c, "-n", namespace, "create", "token", aiAccount, "--duration="+aiTokenLife)
	if err != nil {
		return "", fmt.Errorf("making a token for %s: %w", aiAccount, err)
	}
	return strings.TrimSpace(token), nil
}

// AICheck says in a line each which of the AI DevOps tools can be used here. It never fails: none of them is needed.
func (o *Ops) AICheck(ctx context.Context) error {
	line := func(name string, works bool, text string) {
		mark := "–"
		if works {
			mark = "✓"
		}
		fmt.Printf("%s %-11s %s\n", mark, name, text)
	}
	if tool, _, why := o.aiTool(); why != "" {
		line("kubectl-ai", false, why)
	} else {
		version, err := exec.CommandContext(ctx, tool, "version").Output()
		if err != nil {
			line("kubectl-ai", false, fmt.Sprintf("%s does not run: %v", tool, err))
		} else {
			line("kubectl-ai", true, strings.Join(strings.Fields(string(version)), " ")+`: make ai PROMPT="…"`)
		}
	}
	works, text := o.kagent(ctx)
	line("kagent", works, text)
	works, text = dockerAI(ctx)
	line("Docker AI", works, text)
	return nil
}

// kagent tells whether its controller runs on the stack's cluster.
func (o *Ops) kagent(ctx context.Context) (bool, string) {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return false, err.Error()
	}
	if _, err := o.kubectl(ctx, cluster, "get", "crd", "agents.kagent.dev", "--request-timeout=15s"); err != nil {
		return false, fmt.Sprintf("not installed on cluster %s (docs/ai-devops.md says how)", cluster.Context)
	}
	text, err := o.kubectl(ctx, cluster, "get", "deployments", "-A", "--field-selector=metadata.name=kagent-controller", "--request-timeout=15s",
		"-o", "jsonpath={.items[*].status.availableReplicas}")
	if err != nil || strings.Trim(text, "0 ") == "" {
		return false, fmt.Sprintf("its resources are on cluster %s, and no controller is available: kubectl -n kagent get pods", cluster.Context)
	}
	return true, "its controller runs on cluster " + cluster.Context
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
