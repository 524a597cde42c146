package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"todo/internal/pulumitest"
)

// declared are the keys of Pulumi.yaml.
func declared(t *testing.T) map[string]struct {
	Type        string `yaml:"type"`
	Description string `yaml:"description"`
	Secret      bool   `yaml:"secret"`
	Default     any    `yaml:"default"`
} {
	t.Helper()
	text, err := os.ReadFile("../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Config map[string]struct {
			Type        string `yaml:"type"`
			Description string `yaml:"description"`
			Secret      bool   `yaml:"secret"`
			Default     any    `yaml:"default"`
		} `yaml:"config"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	return file.Config
}

func TestSchemaDeclaresEveryKey(t *testing.T) {
	schema := declared(t)
	for _, key := range knownKeys() {
		d, found := schema[key]
		switch {
		case !found:
			t.Errorf("%s is read but not declared in Pulumi.yaml", key)
		case d.Description == "":
			t.Errorf("%s has no description", key)
		case d.Default == nil:
			t.Errorf("%s has no default: the CLI would call it required", key)
		case d.Secret != isSecret(key):
			t.Errorf("%s: secret is %t in Pulumi.yaml and %t in the program", key, d.Secret, isSecret(key))
		case d.Secret == (d.Type != ""):
			t.Errorf("%s: a plain key has a type, a secret has none", key)
		}
	}
	for key := range schema {
		if !slices.Contains(knownKeys(), key) {
			t.Errorf("%s is declared in Pulumi.yaml but nothing reads it", key)
		}
	}
}

// The CLI hands the defaults of Pulumi.yaml to the program as if the user had set them; a test or another program does not.
func TestSchemaDefaultsAreTheProgramsOwn(t *testing.T) {
	o := options{Root: pulumitest.Project(t), Preview: true, Config: map[string]string{}}
	m, _ := bare("", nil)
	without, err := load(t, o, m)
	if err != nil {
		t.Fatal(err)
	}
	for key, d := range declared(t) {
		text, err := json.Marshal(d.Default)
		if err != nil {
			t.Fatal(err)
		}
		o.Config = map[string]string{"todo:" + key: strings.Trim(string(text), `"`)}
		with, err := load(t, o, m)
		if err != nil {
			t.Errorf("%s: its default in Pulumi.yaml is refused: %v", key, err)
		} else if a, b := fmt.Sprintf("%+v", with), fmt.Sprintf("%+v", without); a != b { // as text, in which an empty list is none
			t.Errorf("%s: with the default of Pulumi.yaml, %s, the program works with\n%s, and without the key with\n%s", key, text, a, b)
		}
	}
}

func TestOverridesKeepTheRestOfTheTopology(t *testing.T) {
	m, _ := bare("", nil)
	cfg, err := load(t, options{Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000/",
		"todo:services": `{"backend":{"replicas":3,"resources":{"limits":{"memory":"1Gi"}},"probes":{"readinessPeriodSeconds":300},"env":{"X":"y"}}}`,
	}}, m)
	if err != nil {
		t.Fatal(err)
	}
	b := cfg.Service(BackendName)
	if b.Replicas != 3 || b.Resources.Limits.Memory != "1Gi" || b.Probes.ReadinessPeriodSeconds != 300 || b.Env["X"] != "y" {
		t.Errorf("the backend is %+v: an override was not taken", b)
	}
	if b.Resources.Limits.CPU != "500m" || b.Resources.Requests.Memory != "256Mi" || b.Probes.Liveness != "/health" || cfg.Service(WebName).Replicas != 2 {
		t.Errorf("the backend is %+v: an override changed more than it names", b)
	}
	if cfg.Images.Registry != "localhost:5000" {
		t.Errorf("registry is %q, want no slash at the end", cfg.Images.Registry)
	}
}

// `pulumi config set --path` converts numbers and booleans, and leaves every other value text.
func TestAListBelowAKeyMayBeText(t *testing.T) {
	m, _ := bare("", nil)
	given := `{"enabled":true,"command":"[\"alembic\",\"upgrade\",\"head\"]","timeoutSeconds":60}`
	cfg, err := load(t, options{Preview: true, Config: map[string]string{"todo:migration": given}}, m)
	if err != nil || !slices.Equal(cfg.Migration.Command, []string{"alembic", "upgrade", "head"}) || cfg.Migration.TimeoutSeconds != 60 {
		t.Errorf("migration = %+v, %v; want the list that the text holds", cfg, err)
	}
	services := `{"backend":"{\"replicas\":3,\"nodeSelector\":{\"pool\":\"api\"}}"}`
	cfg, err = load(t, options{Preview: true, Config: map[string]string{"todo:services": services}}, m)
	if err != nil || cfg.Service(BackendName).Replicas != 3 || cfg.Service(BackendName).Pods.NodeSelector["pool"] != "api" {
		t.Errorf("backend = %+v, %v; want what the text holds", cfg, err)
	}
}

func TestChosenClusterIsAWhole(t *testing.T) {
	m, _ := bare(recorded, nil)
	root := pulumitest.Project(t)
	pulumitest.Write(t, root, ".state/dev/cluster.json",
		`{"context":"todo-lab","kubeconfig":"`+root+`/kubeconfig","registry":"localhost:5000","dockerHost":"unix:///lab.sock","local":true,"kind":"lab"}`)

	cfg, err := load(t, options{Root: root}, m)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Kube.Context != "todo-lab" || cfg.Images.Registry != "localhost:5000" || cfg.Docker.Host != "unix:///lab.sock" {
		t.Errorf("context %q, registry %q, daemon %q: want what make up chose", cfg.Kube.Context, cfg.Images.Registry, cfg.Docker.Host)
	}

	cfg, err = load(t, options{Root: root, Config: map[string]string{"todo:kubeContext": "minikube", "todo:kubeconfigPath": "kubeconfig"}}, m)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Kube.Context != "minikube" || cfg.Images.Registry != "" || cfg.Docker.Host != "tcp://192.168.49.2:2376" {
		t.Errorf("context %q, registry %q, daemon %q: another cluster must not get the lab's", cfg.Kube.Context, cfg.Images.Registry, cfg.Docker.Host)
	}
}

// What goes into the state has to be found on every machine that updates the stack.
func TestKubeconfigPathIsTheStacksOwnWords(t *testing.T) {
	m, _ := bare(recorded, nil)
	root, elsewhere := pulumitest.Project(t), t.TempDir()
	m.Account = elsewhere
	text, err := os.ReadFile(filepath.Join(root, "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	pulumitest.Write(t, elsewhere, ".kube/shop", string(text))
	pulumitest.Write(t, root, "clusters/shop", string(text))
	for _, path := range []string{"clusters/shop", "~/.kube/shop", filepath.Join(elsewhere, ".kube/shop")} {
		cfg, err := load(t, options{Root: root, Config: map[string]string{"todo:kubeContext": "minikube", "todo:kubeconfigPath": path}}, m)
		if err != nil {
			t.Errorf("%s: %v; want the file that the plugin finds there", path, err)
			continue
		}
		if cfg.Kube.Absent || cfg.Kube.Path != path {
			t.Errorf("the provider would get %q, want %q as configured", cfg.Kube.Path, path)
		}
	}
}

func TestClosest(t *testing.T) {
	for word, want := range map[string]string{"expsure": "exposure", "databaseurl": "DATABASE_URL", "kubecontext": "kubeContext", "colour": ""} {
		if got := closest(word, knownKeys()); got != want {
			t.Errorf("closest to %q is %q, want %q", word, got, want)
		}
	}
}

func TestProblemReadsAsOneLine(t *testing.T) {
	ps := problems{stack: "dev"}
	ps.refuse(keyDatabaseURL, "not set", "it is needed", "'x'")
	if got := ps.list[0].String(); strings.Contains(got, "\n") || !strings.HasSuffix(got, "Fix: pulumi config set -s dev --secret DATABASE_URL 'x'") {
		t.Errorf("a problem is %q; want one line that ends with a command", got)
	}
}
