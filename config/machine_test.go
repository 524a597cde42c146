package config

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

// recorded is `minikube -p minikube docker-env --shell none` of a profile with the Docker runtime.
const recorded = `DOCKER_TLS_VERIFY=1
DOCKER_HOST=tcp://192.168.49.2:2376
DOCKER_CERT_PATH=/home/user/.minikube/certs
MINIKUBE_ACTIVE_DOCKERD=minikube
`

func TestParseDockerEnv(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Docker
		err  string
	}{
		"recorded":      {text: recorded, want: Docker{Host: "tcp://192.168.49.2:2376", CertPath: "/home/user/.minikube/certs"}},
		"quoted":        {text: "DOCKER_HOST=\"tcp://192.168.49.2:2376\"\n", want: Docker{Host: "tcp://192.168.49.2:2376"}},
		"spaces":        {text: "DOCKER_HOST=tcp://h:1\nDOCKER_TLS_VERIFY=1\nDOCKER_CERT_PATH=/home/a user/certs\n", want: Docker{Host: "tcp://h:1", CertPath: "/home/a user/certs"}},
		"no daemon":     {text: "MINIKUBE_ACTIVE_DOCKERD=\n", err: "names no DOCKER_HOST"},
		"no answer":     {text: "", err: "names no DOCKER_HOST"},
		"TLS, no certs": {text: "DOCKER_HOST=tcp://h:1\nDOCKER_TLS_VERIFY=1\n", err: "no DOCKER_CERT_PATH"},
	} {
		got, err := parseDockerEnv(c.text)
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.err)
		}
	}
}

// load runs Load on a machine of the test's making.
func load(t *testing.T, o pulumitest.Options, m machine) (*Config, error) {
	t.Helper()
	if o.Root == "" {
		o.Root = pulumitest.Project(t)
	}
	cfg, _, err := loadRecorded(t, o, m)
	return cfg, err
}

func loadRecorded(t testing.TB, o pulumitest.Options, m machine) (cfg *Config, r *pulumitest.Recorder, err error) {
	t.Helper()
	if m.dial == nil { // a Docker Engine answers unless the test says otherwise
		m.dial = func(context.Context, string, string) error { return nil }
		getenv := m.getenv
		m.getenv = func(name string) string {
			if name == "DOCKER_HOST" {
				return "unix:///engine.sock"
			}
			return getenv(name)
		}
	}
	var keys Keys
	r, _, err = pulumitest.Run(t, o, func(ctx *pulumi.Context) (err error) {
		cfg, err = keys.load(ctx, m)
		return err
	}, keys.Read)
	return cfg, r, err
}

// bare is a machine with nothing on it; minikube answers what it is told to.
func bare(answer string, failure error) (m machine, asked *[]string) {
	asked = new([]string)
	m = newMachine()
	m.home, m.dial = "/nowhere", nil
	m.getenv = func(string) string { return "" }
	m.run = func(_ context.Context, name string, args ...string) ([]byte, error) {
		*asked = append(*asked, name+" "+strings.Join(args, " "))
		if name == "minikube" && args[0] == "profile" && failure == nil {
			return []byte(profiles("docker")), nil
		}
		return []byte(answer), failure
	}
	return m, asked
}

func TestMinikubesOwnDaemonBuilds(t *testing.T) {
	m, asked := bare(recorded, nil)
	cfg, err := load(t, pulumitest.Options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}, m)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"minikube profile list --light -o json", "minikube -p minikube docker-env --shell none"}; !slices.Equal(*asked, want) {
		t.Errorf("ran %q, want %q", *asked, want)
	}
	if cfg.Kube.Context != "minikube" || cfg.Docker.Host != "tcp://192.168.49.2:2376" || cfg.Docker.CertPath == "" {
		t.Errorf("context %q builds in %+v, want minikube in its own daemon over TLS", cfg.Kube.Context, cfg.Docker)
	}
}

// profiles is `minikube profile list --light -o json` as recorded in kubernetes/minikube#9996, shortened to two profiles.
func profiles(runtime string) string {
	return `{"invalid":[],"valid":[{"Name":"other","Status":"Unknown","Config":{"Name":"other","Driver":"docker","KubernetesConfig":{"KubernetesVersion":"v1.20.0","ContainerRuntime":"cri-o"}}},` +
		`{"Name":"minikube","Status":"Unknown","Config":{"Name":"minikube","KeepContext":false,"Driver":"docker","DockerEnv":null,"KubernetesConfig":` +
		`{"KubernetesVersion":"v1.20.0","ClusterName":"minikube","ContainerRuntime":"` + runtime + `","CRISocket":""}}}]}`
}

func TestMinikubesRuntimeDecides(t *testing.T) {
	o := pulumitest.Options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}
	for name, c := range map[string]struct{ answer, want string }{
		"docker":               {answer: profiles("docker")},
		"an old profile":       {answer: profiles("")},
		"containerd":           {answer: profiles("containerd"), want: "registry: not set; profile minikube runs containerd"},
		"cri-o":                {answer: profiles("cri-o"), want: "minikube -p minikube addons enable registry && (kubectl --context minikube"},
		"another profile only": {answer: `{"invalid":[],"valid":[{"Name":"other"}]}`, want: "minikube profile list: there is no profile minikube"},
		"no JSON":              {answer: "* Profile \"minikube\" not found", want: "its answer is not the JSON that was expected"},
	} {
		m, asked := bare(recorded, nil)
		plain := m.run
		m.run = func(ctx context.Context, command string, args ...string) ([]byte, error) {
			if args[0] == "profile" {
				return []byte(c.answer), nil
			}
			return plain(ctx, command, args...)
		}
		cfg, err := load(t, o, m)
		if c.want == "" && (err != nil || cfg.Docker.Host == "") {
			t.Errorf("%s: got %v, want Minikube's own Docker", name, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || len(*asked) > 0) {
			t.Errorf("%s: got %v after %q, want %q and no docker-env", name, err, *asked, c.want)
		}
	}
}

func TestMinikubeIsNotAskedInVain(t *testing.T) {
	given := `{"backend":"a:1","frontend-web":"a:1","frontend-chatbot":"a:1"}`
	for name, extra := range map[string][2]string{
		"registry":     {"todo:registry", "localhost:5000"},
		"daemon":       {"todo:dockerHost", "unix:///var/run/docker.sock"},
		"given images": {"todo:images", given},
	} {
		m, asked := bare("", errors.New("not installed"))
		_, err := load(t, pulumitest.Options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig", extra[0]: extra[1]}}, m)
		if err != nil || len(*asked) > 0 {
			t.Errorf("%s: asked %q and got %v, want no question", name, *asked, err)
		}
	}
}

func TestMinikubeMissing(t *testing.T) {
	m, _ := bare("", errors.New("executable file not found"))
	o := pulumitest.Options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}
	if _, err := load(t, o, m); err == nil || !strings.Contains(err.Error(), "minikube profile list: executable file not found") {
		t.Errorf("an update without Minikube ended with %v, want the command that failed", err)
	}
	o.Preview = true
	if _, err := load(t, o, m); err != nil {
		t.Errorf("a preview without Minikube ended with %v, want it to go on", err)
	}
}

func TestPreviewWithoutAnyCluster(t *testing.T) {
	m, asked := bare("", nil)
	cfg, err := load(t, pulumitest.Options{Preview: true}, m)
	if err != nil {
		t.Fatalf("a preview needs no cluster, but: %v", err)
	}
	if !cfg.Kube.Absent || len(*asked) > 0 {
		t.Errorf("Absent is %t after running %q; want true and nothing run", cfg.Kube.Absent, *asked)
	}
	if _, err := load(t, pulumitest.Options{}, m); err == nil || !strings.Contains(err.Error(), "no kubeconfig in /nowhere/.kube/config") {
		t.Errorf("an update without a cluster ended with %v, want where it looked", err)
	}
}

func TestAnUpdateNeedsADockerEngine(t *testing.T) {
	none := func(context.Context, string, string) error { return errors.New("nobody listens") }
	given := map[string]string{"todo:images": `{"backend":"a:1","frontend-web":"a:1","frontend-chatbot":"a:1"}`, "todo:registry": "localhost:5000"}
	built := map[string]string{"todo:registry": "localhost:5000"}
	named := map[string]string{"todo:registry": "localhost:5000", "todo:dockerHost": "tcp://builder:2375"}
	for name, c := range map[string]struct {
		config  map[string]string
		preview bool
		answer  error // of the docker command
		want    string
	}{
		"none, by the docker command":   {config: built, answer: errors.New("cannot connect"), want: "dockerHost: no Docker Engine answers at its usual place (cannot connect)"},
		"none, and no docker command":   {config: built, answer: exec.ErrNotFound, want: "(nobody listens)"},
		"the named one does not answer": {config: named, want: "no Docker Engine answers at tcp://builder:2375"},
		"the docker command finds one":  {config: built},
		"nothing to build":              {config: given, answer: errors.New("cannot connect")},
		"preview":                       {config: built, preview: true, answer: errors.New("cannot connect")},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := bare("28.2.2", c.answer)
			m.dial = none
			c.config["todo:kubeconfigPath"] = "kubeconfig"
			_, err := load(t, pulumitest.Options{Config: c.config, Preview: c.preview}, m)
			if c.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Fix: start Docker")) {
				t.Errorf("error = %v, want %q and how to fix it", err, c.want)
			}
		})
	}
}
