package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bareMachine has no kubeconfig and no program of those that a cluster needs, and returns the folder of its PATH.
func bareMachine(t *testing.T) (bin string) {
	t.Helper()
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	for _, name := range []string{"KUBECONFIG", "MINIKUBE_PROFILE", "DOCKER_HOST", "DOCKER_CONTEXT"} {
		t.Setenv(name, "")
	}
	for _, name := range []string{"sh", "cat", "echo", "mkdir"} {
		if err := os.Symlink("/bin/"+name, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	return bin
}

// install puts a shell script on the machine's PATH. Its calls are kept beside it.
func install(t *testing.T, bin, name, script string) {
	t.Helper()
	text := fmt.Sprintf("#!/bin/sh\necho \"$*\" >>%s/%s.calls\n%s\n", bin, name, script)
	if err := os.WriteFile(filepath.Join(bin, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func calls(t *testing.T, bin, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(bin, name+".calls"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

// writeKubeconfig writes a context for each "name server"; the first is the current one.
func writeKubeconfig(t *testing.T, path string, contexts ...string) {
	t.Helper()
	var clusters, list strings.Builder
	for _, c := range contexts {
		name, server, _ := strings.Cut(c, " ")
		fmt.Fprintf(&clusters, "- {name: %q, cluster: {server: %q}}\n", name, server)
		fmt.Fprintf(&list, "- {name: %q, context: {cluster: %q, user: %q}}\n", name, name, name)
	}
	current, _, _ := strings.Cut(contexts[0], " ")
	text := fmt.Sprintf("current-context: %q\nclusters:\n%scontexts:\n%s", current, &clusters, &list)
	if err := writeFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

const minikubeHere = `case "$*" in
*status) exit ${STATUS} ;;
"config get profile") exit 14 ;;
"profile list"*) echo '{"valid":[{"Name":"minikube","Config":{"KubernetesConfig":{"ContainerRuntime":"docker"}}}]}' ;;
esac`

func TestChooseCluster(t *testing.T) {
	const nowhere = "https://127.0.0.1:1" // refuses connections
	for name, test := range map[string]struct {
		config   string // of the stack
		last     string // cluster.json
		contexts []string
		own      []string          // contexts of .state/dev/kubeconfig
		tools    map[string]string // scripts by name
		want     Cluster
		started  map[string]string // the last call of a tool
		says     []string
		never    string
		root     bool
	}{
		"a stopped Minikube is started": {
			tools:   map[string]string{"minikube": strings.ReplaceAll(minikubeHere, "${STATUS}", "7")},
			want:    Cluster{Kind: "minikube", Context: "minikube", Name: "minikube", Local: true},
			started: map[string]string{"minikube": "start -p minikube --keep-context"},
		},
		"a new Minikube": {
			tools: map[string]string{"minikube": strings.ReplaceAll(minikubeHere, "${STATUS}", "85"), "docker": "echo '[]'"},
			want:  Cluster{Kind: "minikube", Context: "minikube", Name: "minikube", Local: true},
		},
		"the config names a stopped Minikube": {
			config: "todo:kubeContext: work",
			tools: map[string]string{"minikube": `[ "$1" = config ] && { echo work; exit 0; }; ` +
				strings.ReplaceAll(minikubeHere, "${STATUS}", "7")},
			want:    Cluster{Kind: "minikube", Context: "work", Name: "work", Local: true},
			started: map[string]string{"minikube": "start -p work --keep-context --container-runtime=docker"},
		},
		"a new kind": {
			contexts: []string{"cloud https://k8s.your-company.com"},
			tools:    map[string]string{"kind": `[ "$1" = get ] && exit 0; exit 0`, "docker": "echo 28.2.2"},
			want: Cluster{Kind: "kind", Context: "kind-todo", Name: "todo", Kubeconfig: ".state/dev/kubeconfig",
				Local: true},
			started: map[string]string{"kind": "create cluster --name todo --kubeconfig ROOT/.state/dev/kubeconfig"},
		},
		"the kind of another stack": {
			tools: map[string]string{"kind": `case "$*" in "get clusters") echo todo ;; "get nodes"*) echo todo-control-plane ;; esac`,
				"docker": "exit 0"},
			want: Cluster{Kind: "kind", Context: "kind-todo", Name: "todo", Kubeconfig: ".state/dev/kubeconfig", Local: true},
			started: map[string]string{"docker": "start todo-control-plane",
				"kind": "export kubeconfig --name todo --kubeconfig ROOT/.state/dev/kubeconfig"},
		},
		"the kind that make up created, after Docker was restarted": {
			last: `{"kind":"kind","context":"kind-todo","name":"todo","kubeconfig":".state/dev/kubeconfig","local":true}`,
			own:  []string{"kind-todo " + nowhere},
			tools: map[string]string{"kind": `case "$*" in "get clusters") echo todo ;; "get nodes"*) echo todo-control-plane ;; esac`,
				"docker": "exit 0"},
			want:    Cluster{Kind: "kind", Context: "kind-todo", Name: "todo", Kubeconfig: ".state/dev/kubeconfig", Local: true},
			started: map[string]string{"docker": "start todo-control-plane", "kind": "get nodes --name todo"},
		},
		"the kind that make up created, without Docker": {
			last:  `{"kind":"kind","context":"kind-todo","name":"todo","kubeconfig":".state/dev/kubeconfig","local":true}`,
			own:   []string{"kind-todo " + nowhere},
			tools: map[string]string{"kind": "exit 1"},
			says:  []string{"kind (context kind-todo) does not answer: start Docker, and run make up again"},
			root:  true,
		},
		"the last run's, of two": {
			last: `{"kind":"k3d","context":"k3d-b","name":"b","local":true}`, contexts: []string{"k3d-a " + nowhere, "k3d-b " +
				nowhere},
			tools:   map[string]string{"k3d": `[ "$2" = list ] && echo '[{"name":"a"},{"name":"b"}]'; exit 0`},
			want:    Cluster{Kind: "k3d", Context: "k3d-b", Name: "b", Local: true},
			started: map[string]string{"k3d": "cluster start b"},
		},
		"the last run's was deleted": {
			last: `{"kind":"k3d","context":"k3d-b","name":"b","local":true}`, contexts: []string{"k3d-b " + nowhere, "k3d-a " +
				nowhere},
			tools: map[string]string{"k3d": `[ "$2" = list ] && echo '[{"name":"a"}]'; exit 0`},
			want:  Cluster{Kind: "k3d", Context: "k3d-a", Name: "a", Local: true},
		},
		"the last run's Minikube, of an older version": {
			last: `{"kind":"minikube","context":"minikube","local":true}`, contexts: []string{"k3d-a " + nowhere},
			tools: map[string]string{"minikube": strings.ReplaceAll(minikubeHere, "${STATUS}", "7"),
				"k3d": `echo '[{"name":"a"}]'`},
			want: Cluster{Kind: "minikube", Context: "minikube", Name: "minikube", Local: true},
		},
		"the last run's is switched off": {
			last:     `{"kind":"docker-desktop","context":"docker-desktop","name":"docker-desktop","local":true}`,
			contexts: []string{"docker-desktop " + nowhere},
			tools:    map[string]string{"minikube": strings.ReplaceAll(minikubeHere, "${STATUS}", "85")},
			says: []string{"Docker Desktop (context docker-desktop) does not answer: " +
				"start Docker Desktop and enable Kubernetes in its settings"},
		},
		"several": {
			contexts: []string{"cloud https://k8s.your-company.com", "kind-dev " + nowhere, "k3d-shop " + nowhere},
			tools:    map[string]string{"kind": "echo dev", "k3d": `echo '[{"name":"shop"}]'`},
			says: []string{"stack dev names no cluster, and this machine has 2", "\n  todo:kubeContext: kind-dev ",
				"\n  todo:kubeContext: k3d-shop ", "Pulumi.dev.yaml"},
			never: "cloud",
		},
		"none, and only a remote context": {
			contexts: []string{"cloud https://k8s.your-company.com"}, tools: map[string]string{"docker": "echo 28.2.2"},
			says: []string{"stack dev has no cluster to go to", "install Minikube",
				`add "todo:kubeContext: <context>" below "config:" in Pulumi.dev.yaml`, "known: cloud"},
			never: "sudo",
		},
	} {
		t.Run(name, func(t *testing.T) {
			bin := bareMachine(t)
			root := thisHost.Root
			thisHost.Root = test.root
			t.Cleanup(func() { thisHost.Root = root })
			t.Setenv("STACK", "dev")
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
			ops.steps.Out = new(strings.Builder)
			for tool, script := range test.tools {
				install(t, bin, tool, script)
			}
			if len(test.contexts) > 0 {
				writeKubeconfig(t, filepath.Join(os.Getenv("HOME"), ".kube", "config"), test.contexts...)
			}
			if len(test.own) > 0 {
				writeKubeconfig(t, ops.stackState("kubeconfig"), test.own...)
			}
			if test.last != "" {
				if err := writeFile(ops.stackState("cluster.json"), []byte(test.last)); err != nil {
					t.Fatal(err)
				}
			}
			got, err := ops.ChooseCluster(t.Context())
			if got.started = false; got != test.want || (err == nil) != (len(test.says) == 0) {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
			for _, want := range test.says {
				if err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			if err != nil && test.never != "" && strings.Contains(strings.ReplaceAll(err.Error(), "known: cloud", ""),
				test.never) {
				t.Errorf("the error says %q:\n%v", test.never, err)
			}
			for tool, want := range test.started {
				lines := strings.Split(strings.TrimSpace(calls(t, bin, tool)), "\n")
				if last := lines[len(lines)-1]; last != strings.ReplaceAll(want, "ROOT", ops.Root) {
					t.Errorf("the last call is %s %s, want %s %s", tool, last, tool, want)
				}
			}
		})
	}
}
