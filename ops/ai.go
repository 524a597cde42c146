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
	"slices"
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
	provider, why := aiProvider()
	prompt := strings.TrimSpace(os.Getenv("PROMPT"))
	if why == "" && prompt == "" && !isTerminal(os.Stdin) {
		why = `there is no PROMPT="…" and no terminal to ask on`
	}
	var tool string
	if why == "" {
		tool, why = o.aiTool(ctx)
	}
	if why != "" {
		fmt.Printf("▸ make doctor, because %s\n", why)
		return o.Doctor(ctx)
	}
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	namespace, write := keys.namespace(o.Stack), os.Getenv("WRITE") != ""
	kubeconfig, remove, err := o.aiKubeconfig(ctx, cluster, namespace, write)
	if err != nil {
		return err
	}
	defer remove()
	// Its trace and its log, by default files in /tmp that everyone reads, go with the kubeconfig.
	args := append([]string{"--kubeconfig", kubeconfig, "--trace-path", kubeconfig + ".trace", "--skip-permissions=false"}, provider...)
	if prompt != "" {
		args = append(args, "--quiet", prompt+o.aiContext(ctx, cluster, namespace))
	}
	cmd := exec.CommandContext(ctx, tool, args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = filepath.Dir(kubeconfig), os.Stdin, os.Stdout, os.Stderr
	cmd.Env = o.aiEnv(kubeconfig, write)
	as := aiAccount + ", which may read namespace " + namespace + " but no Secret"
	if write {
		as = "you: it asks before it changes anything"
	}
	fmt.Printf("▸ kubectl-ai as %s\n", as)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("kubectl-ai: %w", err)
	}
	return nil
}

// aiProvider is the flags that choose the model's provider; why says what is missing.
func aiProvider() (flags []string, why string) {
	switch {
	case os.Getenv("OPENAI_API_KEY") != "":
		flags = []string{"--llm-provider=openai"}
		if model := os.Getenv("OPENAI_MODEL"); model != "" {
			flags = append(flags, "--model="+model)
		}
	case os.Getenv("GEMINI_API_KEY") == "":
		why = "there is no key: export OPENAI_API_KEY (and OPENAI_BASE_URL and OPENAI_MODEL for another service), or GEMINI_API_KEY"
	}
	return flags, why
}

// aiTool finds kubectl-ai on PATH, or has it built from its Go module, which takes a minute once; why says that it could not be.
func (o *Ops) aiTool(ctx context.Context) (tool, why string) {
	if tool = o.look("kubectl-ai"); tool != "" {
		return tool, ""
	}
	if err := o.build(ctx, nil, "kubectl-ai"); err != nil {
		return "", fmt.Sprintf("kubectl-ai is not installed (kubectl krew install ai), and cannot be built here: %v", err)
	}
	return o.look("kubectl-ai"), ""
}

// aiInherited are the variables that the tool gets of the user's: to find programs, a terminal, the model, and the way there.
var aiInherited = []string{
	"PATH", "TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "TZ", "USER", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "OPENAI_API_KEY", "OPENAI_MODEL", "GEMINI_API_KEY",
}

// aiEnv is the tool's environment. It runs what the model asks for in a shell of the user, so a tool that is to read only
// gets a home of its own: without the user's kubeconfig, cloud credentials and Pulumi passphrase, and without a
// configuration of kubectl-ai that switches its questions off.
func (o *Ops) aiEnv(kubeconfig string, write bool) []string {
	env := o.pulumiEnv()
	home := filepath.Dir(kubeconfig)
	if !write {
		kept := []string{"HOME=" + home}
		for _, entry := range env { // the last one of a name counts
			if name, _, _ := strings.Cut(entry, "="); slices.Contains(aiInherited, name) {
				kept = append(kept, entry)
			}
		}
		env = kept
	}
	env = append(env, "KUBECONFIG="+kubeconfig, "TMPDIR="+home)
	if base := os.Getenv("OPENAI_BASE_URL"); base != "" { // the name that the application and OpenAI's own tools know
		env = append(env, "OPENAI_ENDPOINT="+base, "OPENAI_API_BASE="+base)
	}
	return env
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
