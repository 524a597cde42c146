package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// exampleStack is a stack file of examples/ as a user would copy it, in a folder of its own.
func exampleStack(t *testing.T, file string) pulumitest.Options {
	t.Helper()
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "Pulumi."), ".yaml")
	o := pulumitest.Options{Stack: name, Root: pulumitest.Project(t)}
	for from, to := range map[string]string{file: filepath.Base(file), "Pulumi.yaml": "Pulumi.yaml"} {
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		pulumitest.Write(t, o.Root, to, string(text))
	}
	o.Config = pulumitest.StackConfig(t, o.Root, name)
	return o
}

func examples(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("examples/Pulumi.*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatalf("examples are %v (%v), want eks, gke, aks and gitops", files, err)
	}
	return files
}

func TestExamplesPreviewAsTheyAre(t *testing.T) {
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	for _, file := range examples(t) {
		o := exampleStack(t, file)
		o.Preview = true
		if r, _ := mustRun(t, o); len(r.OfType("kubernetes:apps/v1:Deployment")) != 3 {
			t.Errorf("%s previews\n%s\nwant three Deployments", file, r.Tree())
		}
	}
}

// Nothing but what is secret may be missing from an example.
func TestExamplesNeedTheirSecretsOnly(t *testing.T) {
	for _, file := range examples(t) {
		o := exampleStack(t, file)
		o.Config["todo:dockerHost"] = pulumitest.Engine(t)
		if context := o.Config["todo:kubeContext"]; context != "" {
			pulumitest.Write(t, o.Root, "cloud", pulumitest.Kubeconfig(map[string]string{context: "https://k8s.your-company.com"}))
			o.Config["todo:kubeconfigPath"] = "cloud"
			_, _, err := run(t, o)
			if err == nil || !strings.Contains(err.Error(), "has 1 problem") || !strings.Contains(err.Error(), "DATABASE_URL: not set") {
				t.Errorf("%s without secrets ended with %v, want DATABASE_URL asked for and nothing else", file, err)
			}
			o.Secrets = maps.Clone(stack(t, "prod").Secrets)
			for key := range o.Secrets {
				delete(o.Config, key)
			}
		}
		if _, _, err := run(t, o); err != nil {
			t.Errorf("%s with its secrets is refused: %v", file, err)
		}
	}
}
