package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
	"todo/platform"
)

// stack is a committed stack file with what only an update needs.
func stack(t *testing.T, name string) pulumitest.Options {
	t.Helper()
	o := pulumitest.Options{Stack: name, Root: pulumitest.Project(t), Config: pulumitest.StackConfig(t, ".", name)}
	kubeconfig := filepath.Join(o.Root, "kubeconfig")
	switch name {
	case "dev":
		pulumitest.Write(t, o.Root, ".state/dev/cluster.json", `{"context":"todo-lab","kubeconfig":"`+kubeconfig+
			`","registry":"localhost:5000","dockerHost":"`+pulumitest.Engine(t)+`","local":true,"kind":"lab"}`)
	case "prod":
		maps.Copy(o.Config, map[string]string{
			"todo:kubeconfigPath": kubeconfig, "todo:kubeContext": "cloud",
			"todo:domain": "todo.your-company.com", "todo:registry": "registry.your-company.com",
			"todo:dockerHost": pulumitest.Engine(t),
		})
		o.Secrets = map[string]string{
			"todo:DATABASE_URL":       "postgresql://todo:" + canary + "-database@db.your-company.com/todo?sslmode=require",
			"todo:BETTER_AUTH_SECRET": canary + "-session-key-of-at-least-32-characters",
			"todo:OPENAI_API_KEY":     canary + "-openai", "todo:VITE_OPENAI_API_KEY": canary + "-vite",
		}
		for key := range o.Secrets {
			delete(o.Config, key)
		}
	}
	return o
}

// canary marks every secret, so that it can be looked for.
const canary = "canary-7f3a"

func run(t *testing.T, o pulumitest.Options) (*pulumitest.Recorder, map[string]pulumi.Input, error) {
	t.Helper()
	var run platform.Run
	return pulumitest.Run(t, o, run.Deploy, run.Read)
}

func mustRun(t *testing.T, o pulumitest.Options) (*pulumitest.Recorder, map[string]pulumi.Input) {
	t.Helper()
	r, exports, err := run(t, o)
	if err != nil {
		t.Fatalf("stack %s: %v", o.Stack, err)
	}
	return r, exports
}

var stacks = []string{"dev", "prod"}

func TestGoldenTree(t *testing.T) {
	for _, name := range stacks {
		t.Run(name, func(t *testing.T) {
			r, _ := mustRun(t, stack(t, name))
			r.Golden(filepath.Join("testdata", name+".golden"))
		})
	}
}

func TestEveryResourceDescendsFromTodoApp(t *testing.T) {
	for _, name := range stacks {
		r, _ := mustRun(t, stack(t, name))
		for _, res := range r.All() {
			path, complete := r.Path(res)
			if !complete || path[0] != "todo" {
				t.Errorf("%s: %s/%s hangs at %v: without the application as ancestor it misses its providers", name, res.Type, res.Name, path)
			}
		}
	}
}

func TestEveryResourceUsesTheStacksOwnProvider(t *testing.T) {
	for _, name := range stacks {
		r, _ := mustRun(t, stack(t, name))
		for _, res := range r.All() {
			pkg, _, _ := strings.Cut(res.Type, ":")
			if !res.Custom || (pkg != "kubernetes" && pkg != "docker") {
				continue
			}
			if !strings.Contains(res.Provider, "todo-"+pkg) {
				t.Errorf("%s: %s/%s has provider %q: a default provider follows the machine's own context", name, res.Type, res.Name, res.Provider)
			}
		}
	}
}

func TestChildNamesStartWithTheirParents(t *testing.T) {
	for _, name := range stacks {
		r, _ := mustRun(t, stack(t, name))
		for _, res := range r.All() {
			path, _ := r.Path(res)
			if len(path) > 1 && !strings.HasPrefix(res.Name, path[len(path)-2]+"-") {
				t.Errorf("%s: %s is a child of %s: a second instance of the component would collide", name, res.Name, path[len(path)-2])
			}
		}
	}
}

func TestExports(t *testing.T) {
	want := []string{"apiUrl", "chatbotUrl", "images", "kubeContext", "namespace", "next", "nodePorts", "smoke", "urls", "webUrl"}
	for _, name := range stacks {
		_, exports := mustRun(t, stack(t, name))
		if got := slices.Sorted(maps.Keys(exports)); !slices.Equal(got, want) {
			t.Errorf("%s exports %v, want %v: make verbs and other stacks read them by name", name, got, want)
		}
	}
}

func TestSecretsStaySecret(t *testing.T) {
	r, _ := mustRun(t, stack(t, "prod"))
	for _, res := range r.All() {
		if leaks := res.Leaks(canary); len(leaks) > 0 {
			t.Errorf("a secret would be readable in the state at %v", leaks)
		}
	}
	r, _ = mustRun(t, stack(t, "dev"))
	for _, res := range r.All() {
		if leaks := res.Leaks(pulumitest.Generated("")); len(leaks) > 0 {
			t.Errorf("a generated password would be readable in the state at %v", leaks)
		}
	}
}

func TestProdPreviewsWithoutSecretsOrCluster(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	o := pulumitest.Options{Stack: "prod", Preview: true, Root: pulumitest.Project(t), Config: pulumitest.StackConfig(t, ".", "prod")}
	r, _ := mustRun(t, o)
	provider := r.Get("pulumi:providers:kubernetes", "todo-kubernetes")
	if got := provider.Text("context"); got != "none" {
		t.Errorf("without a cluster the provider has context %q, want none: it would use whatever the machine points to", got)
	}

	o.Preview = false
	r, _, err := run(t, o)
	if err == nil || len(r.All()) > 0 {
		t.Fatalf("an update without DATABASE_URL registered %d resources and ended with %v; want a refusal and none", len(r.All()), err)
	}
	for _, want := range []string{"DATABASE_URL: not set", "domain: \"todo.example.com\"", "pulumi config set -s prod --secret DATABASE_URL"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the refusal does not say %q:\n%v", want, err)
		}
	}
}

func TestMainStaysShort(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), "\n"); n >= 60 {
		t.Errorf("main.go has %d lines, want fewer than 60: it loads, builds and exports, nothing else", n)
	}
}
