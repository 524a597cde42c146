package pulumitest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v3"
)

const project = "todo"

// Options describe one run. The zero value is an update of stack dev without configuration.
type Options struct {
	Stack   string                          // default dev
	Root    string                          // the project's folder
	Preview bool                            // a dry run
	Config  map[string]string               // full keys, as in todo:namespace
	Secrets map[string]string               // the same, encrypted in the stack's file
	Outputs map[string]resource.PropertyMap // of other stacks, by name
}

// Run runs a program and returns what it registered, its exports' names, and its error.
func Run(t testing.TB, o Options, program pulumi.RunFunc, options ...pulumi.RunOption) (*Recorder, map[string]pulumi.Input, error) {
	t.Helper()
	if o.Stack == "" {
		o.Stack = "dev"
	}
	r := &Recorder{t: t, project: project, stack: o.Stack, resources: map[string]Resource{}, stacks: o.Outputs}
	exports := map[string]pulumi.Input{}
	info := func(i *pulumi.RunInfo) {
		i.DryRun, i.RootDirectory = o.Preview, o.Root
		i.Config, i.ConfigSecretKeys = map[string]string{}, nil
		for k, v := range o.Config {
			i.Config[k] = v
		}
		for k, v := range o.Secrets {
			i.Config[k] = v
			i.ConfigSecretKeys = append(i.ConfigSecretKeys, k)
		}
	}
	body := func(ctx *pulumi.Context) error {
		err := program(ctx)
		for name, value := range ctx.GetCurrentExportMap() {
			exports[name] = value
		}
		return err
	}
	all := append([]pulumi.RunOption{pulumi.WithMocks(project, o.Stack, r), info}, options...)
	err := pulumi.RunErr(body, all...)
	return r, exports, err
}

// StackConfig is what the CLI hands to the program: a committed stack file over the defaults of Pulumi.yaml.
func StackConfig(t testing.TB, root, stack string) map[string]string {
	t.Helper()
	var projectFile struct {
		Config map[string]struct {
			Default any `yaml:"default"`
		} `yaml:"config"`
	}
	var stackFile struct {
		Config map[string]any `yaml:"config"`
	}
	readYAML(t, filepath.Join(root, "Pulumi.yaml"), &projectFile)
	readYAML(t, filepath.Join(root, "Pulumi."+stack+".yaml"), &stackFile)
	values := map[string]string{}
	for key, declared := range projectFile.Config {
		values[project+":"+key] = configText(t, declared.Default)
	}
	for key, value := range stackFile.Config {
		values[key] = configText(t, value)
	}
	return values
}

// configText is how the engine passes a value: text as it is, anything else as JSON.
func configText(t testing.TB, value any) string {
	t.Helper()
	if s, ok := value.(string); ok {
		return s
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readYAML(t testing.TB, file string, out any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, out); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// Project makes a folder with the least sources that three services can be built from, and a kubeconfig.
func Project(t testing.TB) (root string) {
	t.Helper()
	root = t.TempDir()
	for _, service := range []string{"frontend-web", "frontend-chatbot"} {
		Write(t, root, "app/"+service+"/package.json", "{}")
		Write(t, root, "app/"+service+"/package-lock.json", "{}")
	}
	Write(t, root, "app/backend/requirements.txt", "fastapi\n")
	Write(t, root, "app/backend/src/migrate.py", "")
	for _, service := range []string{"backend", "frontend-web", "frontend-chatbot"} {
		Write(t, root, "dockerfiles/"+service+".Dockerfile", "FROM scratch\n")
		Write(t, root, "dockerfiles/"+service+".Dockerfile.dockerignore", "**/node_modules\n")
	}
	Write(t, root, "kubeconfig", Kubeconfig(map[string]string{
		"minikube": "https://192.168.49.2:8443", "todo-lab": "https://127.0.0.1:6443", "cloud": "https://k8s.your-company.com",
	}))
	return root
}

// Engine is the address of a socket that accepts connections until the test ends, which is all that is asked of a Docker
// Engine before an update.
func Engine(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine") // t.TempDir() is too long for a socket's address
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(listener.Close(), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return "unix://" + path
}

// Write makes a file and its folders below root.
func Write(t testing.TB, root, name, text string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Kubeconfig is the text of a kubeconfig with a context per server.
func Kubeconfig(servers map[string]string) string {
	clusters, contexts := []any{}, []any{}
	for name, server := range servers {
		clusters = append(clusters, map[string]any{"name": name, "cluster": map[string]any{"server": server}})
		contexts = append(contexts, map[string]any{"name": name, "context": map[string]any{"cluster": name, "user": name}})
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": "v1", "kind": "Config", "clusters": clusters, "contexts": contexts})
	if err != nil {
		panic(fmt.Sprintf("marshalling constants: %v", err))
	}
	return string(text)
}
