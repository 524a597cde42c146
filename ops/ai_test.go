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
	if _, _, why := ops.aiTool(); !strings.Contains(why, "kubectl krew install ai") {
		t.Errorf("without the tool: %q, want how to install it", why)
	}
	if err := os.WriteFile(filepath.Join(folder, "kubectl-ai"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, _, why := ops.aiTool(); !strings.Contains(why, "OPENAI_API_KEY") {
		t.Errorf("without a key: %q, want the variables that give one", why)
	}
	t.Setenv("GEMINI_API_KEY", "x")
	if _, provider, why := ops.aiTool(); why != "" || len(provider) != 0 {
		t.Errorf("with Gemini's key: %v, %q; it is the tool's own default", provider, why)
	}
	t.Setenv("OPENAI_API_KEY", "x")
	t.Setenv("OPENAI_MODEL", "m")
	if _, provider, _ := ops.aiTool(); strings.Join(provider, " ") != "--llm-provider=openai --model=m" {
		t.Errorf("with OpenAI's key: %v", provider)
	}
}
