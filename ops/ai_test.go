package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeKubectl answers as a cluster with one user would, and keeps what it was given.
const fakeKubectl = `#!/bin/sh
while [ "$1" = --context ] || [ "$1" = -n ]; do shift 2; done
case "$1 $2" in
"config view") echo '{"clusters":[{"name":"c","cluster":{"server":"https://c"}}],"contexts":[{"name":"c","context":{"cluster":"c","user":"admin"}}],"current-context":"c","users":[{"name":"admin","user":{"token":"of-the-admin"}}]}' ;;
"apply -f") cat > applied ;;
"create token") echo of-the-reader ;;
*) exit 1 ;;
esac
`

func TestTheAIToolGetsItsOwnCredentials(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = filepath.Join(t.TempDir(), "kubectl")
	if err := os.WriteFile(ops.tools.Kubectl, []byte(fakeKubectl), 0o755); err != nil {
		t.Fatal(err)
	}
	for write, want := range map[bool]string{false: "of-the-reader", true: "of-the-admin"} {
		path, remove, err := ops.aiKubeconfig(t.Context(), Cluster{Context: "c"}, "todo-dev", write)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Contexts []struct {
				Context struct{ Namespace, User string }
			}
			Users []struct {
				Name string
				User struct{ Token string }
			}
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Users) != 1 || got.Users[0].User.Token != want || got.Contexts[0].Context.User != got.Users[0].Name || got.Contexts[0].Context.Namespace != "todo-dev" {
			t.Errorf("write=%v: the tool gets %s, want one user with token %s in the stack's namespace", write, text, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the kubeconfig's mode is %v (%v), want 0600", info.Mode(), err)
		}
		remove()
		if _, err := os.Stat(path); err == nil {
			t.Error("the kubeconfig outlives the tool")
		}
	}
	applied, err := os.ReadFile("applied")
	if err != nil || !strings.Contains(string(applied), `"name":"view"`) || strings.Contains(string(applied), "ClusterRoleBinding") {
		t.Errorf("the reader is bound by %s (%v), want the role view in one namespace", applied, err)
	}
}

func TestWhatTheAIToolLacksIsNamed(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	folder := t.TempDir()
	t.Setenv("PATH", folder)
	for _, name := range []string{"OPENAI_API_KEY", "OPENAI_MODEL", "GEMINI_API_KEY"} {
		t.Setenv(name, "")
	}
	if _, why := ops.aiTool(t.Context()); !strings.Contains(why, "kubectl krew install ai") {
		t.Errorf("without the tool, and without a lab to build it: %q, want how to install it", why)
	}
	if works, text := ops.kubectlAI(t.Context()); works || !strings.Contains(text, "make ai builds it") || !strings.Contains(text, "OPENAI_API_KEY") {
		t.Errorf("make ai-check says %t, %q; want all that is missing", works, text)
	}
	if err := os.WriteFile(filepath.Join(folder, "kubectl-ai"), []byte("#!/bin/sh\necho 'version: v0.0.25'\necho 'commit: none'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if tool, why := ops.aiTool(t.Context()); tool != filepath.Join(folder, "kubectl-ai") || why != "" {
		t.Errorf("the tool on PATH is %q, %q", tool, why)
	}
	if _, why := aiProvider(); !strings.Contains(why, "OPENAI_API_KEY") {
		t.Errorf("without a key: %q, want the variables that give one", why)
	}
	if works, text := ops.kubectlAI(t.Context()); works || !strings.HasPrefix(text, "v0.0.25 is here, and there is no key") {
		t.Errorf("make ai-check says %t, %q without a key", works, text)
	}
	t.Setenv("GEMINI_API_KEY", "x")
	if provider, why := aiProvider(); why != "" || len(provider) != 0 {
		t.Errorf("with Gemini's key: %v, %q; it is the tool's own default", provider, why)
	}
	if works, text := ops.kubectlAI(t.Context()); !works || text != `v0.0.25: make ai PROMPT="…"` {
		t.Errorf("make ai-check says %t, %q with a key", works, text)
	}
	t.Setenv("OPENAI_API_KEY", "x")
	t.Setenv("OPENAI_MODEL", "m")
	if provider, _ := aiProvider(); strings.Join(provider, " ") != "--llm-provider=openai --model=m" {
		t.Errorf("with OpenAI's key: %v", provider)
	}
}

func TestTheAIToolGetsAHomeOfItsOwn(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	t.Setenv("HOME", "/home/of-the-user")
	t.Setenv("OPENAI_API_KEY", "the-models")
	t.Setenv("OPENAI_BASE_URL", "http://llm.your-company.com/v1")
	for _, name := range []string{"KUBECONFIG", "XDG_CONFIG_HOME", "PULUMI_CONFIG_PASSPHRASE", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"} {
		t.Setenv(name, "of-the-user")
	}
	env := strings.Join(ops.aiEnv("/own/kubeconfig", false), "\n") + "\n"
	if strings.Contains(env, "of-the-user") || strings.Contains(env, "PULUMI") {
		t.Errorf("what the model asks for runs with the user's own:\n%s", env)
	}
	for _, want := range []string{"HOME=/own\n", "TMPDIR=/own\n", "KUBECONFIG=/own/kubeconfig\n", "OPENAI_API_KEY=the-models\n", "OPENAI_API_BASE=http://llm.your-company.com/v1\n", "PATH="} {
		if !strings.Contains(env, want) {
			t.Errorf("the tool does not get %q", want)
		}
	}
	if env := strings.Join(ops.aiEnv("/own/kubeconfig", true), "\n"); !strings.Contains(env, "HOME=/home/of-the-user") || !strings.HasSuffix(env, "llm.your-company.com/v1") {
		t.Errorf("with WRITE it acts as the user, and gets\n%s", env)
	}
}
