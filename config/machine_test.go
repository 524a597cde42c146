package config

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"todo/internal/pulumitest"
	"todo/target"
)

// recorded is `minikube -p minikube docker-env --shell none` of a profile with the Docker runtime.
const recorded = `DOCKER_TLS_VERIFY=1
DOCKER_HOST=tcp://192.168.49.2:2376
DOCKER_CERT_PATH=/home/user/.minikube/certs
MINIKUBE_ACTIVE_DOCKERD=minikube
`

// options are one run. The zero value is an update of stack dev without configuration.
type options struct {
	Stack   string            // default dev
	Root    string            // default: a project of the test's own
	Preview bool              // a dry run
	Config  map[string]string // plain values, as todo:namespace
	Secrets map[string]string // encrypted ones
	Outputs map[string]any    // kubeconfig outputs of other stacks, by stack
}

// load runs Load on a machine of the test's making.
func load(t testing.TB, o options, m target.Machine) (*Config, error) {
	t.Helper()
	cfg, _, err := loadWarned(t, o, m)
	return cfg, err
}

func loadWarned(t testing.TB, o options, m target.Machine) (*Config, []string, error) {
	t.Helper()
	if m.Dial == nil { // a Docker Engine answers unless the test says otherwise
		m.Dial = func(context.Context, string, string) error { return nil }
		getenv := m.Getenv
		m.Getenv = func(name string) string {
			if name == "DOCKER_HOST" {
				return "unix:///engine.sock"
			}
			return getenv(name)
		}
	}
	in := Input{Stack: or(o.Stack, "dev"), Root: o.Root, Preview: o.Preview, Values: map[string]Value{}}
	if in.Root == "" {
		in.Root = pulumitest.Project(t)
	}
	for key, text := range o.Config {
		in.Values[strings.TrimPrefix(key, "todo:")] = Value{Text: text}
	}
	for key, text := range o.Secrets {
		in.Values[strings.TrimPrefix(key, "todo:")] = Value{Text: text, Secret: true}
	}
	in.StackOutput = func(stack, _ string) (any, error) {
		output, known := o.Outputs[stack]
		if !known {
			return nil, fmt.Errorf("unknown stack %q", stack)
		}
		return output, nil
	}
	return Load(t.Context(), in, m)
}

// bare is a machine with nothing on it; minikube answers what it is told to.
func bare(answer string, failure error) (m target.Machine, asked *[]string) {
	asked = new([]string)
	m = target.This()
	m.Home, m.Dial = "/nowhere", nil
	m.Getenv = func(string) string { return "" }
	m.Run = func(_ context.Context, name string, args ...string) ([]byte, error) {
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
	cfg, err := load(t, options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}, m)
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
	o := options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}
	for name, c := range map[string]struct {
		answer, want string
		loads        bool
	}{
		"docker":               {answer: profiles("docker")},
		"an old profile":       {answer: profiles("")},
		"containerd":           {answer: profiles("containerd"), loads: true},
		"cri-o":                {answer: profiles("crio"), loads: true},
		"another profile only": {answer: `{"invalid":[],"valid":[{"Name":"other"}]}`, want: "minikube profile list: there is no profile minikube"},
		"no JSON":              {answer: "* Profile \"minikube\" not found", want: "its answer is not the JSON that was expected"},
	} {
		m, asked := bare(recorded, nil)
		plain := m.Run
		m.Run = func(ctx context.Context, command string, args ...string) ([]byte, error) {
			if args[0] == "profile" {
				return []byte(c.answer), nil
			}
			return plain(ctx, command, args...)
		}
		cfg, err := load(t, o, m)
		if c.want == "" && (err != nil || (cfg.Docker.Host == "") != c.loads || (cfg.Images.Loader != nil) != c.loads) {
			t.Errorf("%s: got %v, want Minikube's own Docker, or an image that is loaded", name, err)
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
		_, err := load(t, options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig", extra[0]: extra[1]}}, m)
		if err != nil || len(*asked) > 0 {
			t.Errorf("%s: asked %q and got %v, want no question", name, *asked, err)
		}
	}
}

func TestMinikubeMissing(t *testing.T) {
	m, _ := bare("", errors.New("executable file not found"))
	o := options{Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}
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
	cfg, err := load(t, options{Preview: true}, m)
	if err != nil {
		t.Fatalf("a preview needs no cluster, but: %v", err)
	}
	if !cfg.Kube.Absent || len(*asked) > 0 {
		t.Errorf("Absent is %t after running %q; want true and nothing run", cfg.Kube.Absent, *asked)
	}
	if _, err := load(t, options{}, m); err == nil || !strings.Contains(err.Error(), "no kubeconfig in /nowhere/.kube/config") {
		t.Errorf("an update without a cluster ended with %v, want where it looked", err)
	}
}

func TestAnUpdateNeedsADockerEngine(t *testing.T) {
	given := map[string]string{"todo:images": `{"backend":"a:1","frontend-web":"a:1","frontend-chatbot":"a:1"}`,
		"todo:registry": "localhost:5000"}
	built := map[string]string{"todo:registry": "localhost:5000"}
	named := map[string]string{"todo:registry": "localhost:5000", "todo:dockerHost": "tcp://builder:2375"}
	for name, c := range map[string]struct {
		config  map[string]string
		preview bool
		context string // endpoint of the current Docker context
		answers string // the address that does
		want    string
	}{
		"none": {config: built,
			want: "dockerHost: no Docker Engine answers at unix:///var/run/docker.sock (nobody listens)"},
		"none at the context's place": {config: built, context: "unix:///colima.sock", answers: "/var/run/docker.sock",
			want: "no Docker Engine answers at unix:///colima.sock"},
		"the named one does not answer": {config: named, answers: "/var/run/docker.sock",
			want: "no Docker Engine answers at tcp://builder:2375"},
		"the usual place": {config: built, context: "unix:///var/run/docker.sock",
			answers: "/var/run/docker.sock"},
		"the context's place": {config: built, context: "unix:///colima.sock", answers: "/colima.sock"},
		"nothing to build":    {config: given},
		"preview":             {config: built, preview: true},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := bare(c.context, nil)
			m.Dial = func(_ context.Context, _, address string) error {
				if address == c.answers {
					return nil
				}
				return errors.New("nobody listens")
			}
			c.config["todo:kubeconfigPath"] = "kubeconfig"
			cfg, err := load(t, options{Config: c.config, Preview: c.preview}, m)
			if c.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(),
				"Fix: start Docker")) {
				t.Errorf("error = %v, want %q and how to fix it", err, c.want)
			}
			// The provider knows no contexts, and the default must not get into the state.
			if want := strings.TrimPrefix(c.context, "unix:///var/run/docker.sock"); err == nil && cfg.Docker.Host != want {
				t.Errorf("the provider gets %q, want %q", cfg.Docker.Host, want)
			}
		})
	}
}

// A command that names another cluster could put the stack on a production cluster.
func TestAMissingContext(t *testing.T) {
	for name, c := range map[string]struct {
		config  map[string]string
		chosen  string
		status  int // of Minikube; 0 is not installed
		preview bool
		want    string
	}{
		"a typing mistake": {config: map[string]string{"todo:kubeContext": "todo-lap"}, want: `"todo-lap" is not in `},
		"stopped": {chosen: `{"context":"work","kind":"minikube","local":true}`, status: 7,
			want: "Minikube (profile work) is stopped: make up starts it; known: cloud, minikube, todo-lab. Fix: make up"},
		"deleted": {config: map[string]string{"todo:kubeContext": "kind-dev"}, want: `"kind-dev" is not in `},
		"none chosen": {config: map[string]string{"todo:kubeconfigPath": "without"},
			want: "kubeContext: not set; known: cloud. Fix: make up (it finds or starts a local cluster), or pulumi config set -s dev kubeContext <context>"},
		"none chosen, preview": {config: map[string]string{"todo:kubeconfigPath": "without"}, preview: true},
	} {
		m, _ := bare("", nil)
		m.Run = func(_ context.Context, name string, args ...string) ([]byte, error) {
			if c.status > 0 && name == "minikube" {
				return nil, exit(c.status)
			}
			return nil, exec.ErrNotFound
		}
		o := options{Root: pulumitest.Project(t), Preview: c.preview,
			Config: map[string]string{"todo:kubeconfigPath": "kubeconfig"}}
		pulumitest.Write(t, o.Root, "without",
			pulumitest.Kubeconfig(map[string]string{"cloud": "https://k8s.your-company.com"}))
		maps.Copy(o.Config, c.config)
		if c.chosen != "" {
			m.Getenv = func(name string) string { return map[string]string{"KUBECONFIG": o.Root + "/kubeconfig"}[name] }
			delete(o.Config, "todo:kubeconfigPath")
			pulumitest.Write(t, o.Root, ".state/dev/cluster.json", c.chosen)
		}
		_, err := load(t, o, m)
		if c.want == "" && err != nil {
			t.Errorf("%s: %v; a preview needs no cluster", name, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(),
			"kubeContext cloud") ||
			strings.Contains(err.Error(), "kubeContext todo-lab")) {
			t.Errorf("%s: error = %v, want %q and no command that names another cluster", name, err, c.want)
		}
	}
}

// exit is a command that ended with a code.
type exit int

func (e exit) Error() string { return "it failed" }
func (e exit) ExitCode() int { return int(e) }
