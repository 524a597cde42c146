package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// After a plain `pulumi up` there is no record of make up, and `next` says make forward.
func TestTheClusterIsFoundWithoutARecord(t *testing.T) {
	const outputs = `echo '{"namespace":"todo-dev","webUrl":"http://localhost:3000","kubeContext":"kind-mine"}'`
	const none = `echo "error: no stack named 'dev' found" >&2; exit 255`
	for name, test := range map[string]struct {
		config, record, pulumi string
		want                   Cluster
		refused                []string
		never                  string // must not be in the error
	}{
		"what make up recorded": {
			"todo:kubeContext: other", `{"kind":"lab","context":"todo-lab","uid":"1"}`, none,
			Cluster{Kind: "lab", Context: "todo-lab", UID: "1"}, nil, "",
		},
		"the stack's config": {
			"todo:kubeContext: eks, todo:kubeconfigPath: ~/eks", "", none,
			Cluster{Kind: "kubeconfig", Context: "eks", Kubeconfig: "~/eks"}, nil, "",
		},
		"the outputs": {"", "", outputs, Cluster{Kind: "kubeconfig", Context: "kind-mine"}, nil, ""},
		"the user's own backend": {
			"", "", `test -z "$PULUMI_BACKEND_URL" || { ` + none + "; }\n" + outputs,
			Cluster{Kind: "kubeconfig", Context: "kind-mine"}, nil, "",
		},
		"no stack": {
			"", "", none, Cluster{},
			[]string{"no record of stack dev on this machine: make up deploys it", "PULUMI_BACKEND_URL", "no stack named"}, "",
		},
		"outputs of an older one": {
			"", "", `echo '{"namespace":"todo-dev"}'`, Cluster{}, []string{"no record of stack dev"}, "",
		},
		"a production stack": {
			"todo:production: true", "", none, Cluster{},
			[]string{"no record of stack dev on this machine", "pulumi config set kubeContext <context> -s dev"}, "make up",
		},
		"a kubeconfig in the config": {
			"todo:kubeconfig: {secure: x}", "", none, Cluster{}, []string{"where only Pulumi reads it"}, "",
		},
		"manifests": {
			"todo:renderYaml: rendered", "", none, Cluster{}, []string{"renders manifests into rendered"}, "",
		},
		"a damaged record": {"", "{", none, Cluster{}, []string{"is damaged"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config: {" + test.config + "}\n"})
			if err := os.Unsetenv("PULUMI_BACKEND_URL"); err != nil { // checkout restores it
				t.Fatal(err)
			}
			if test.record != "" {
				if err := writeFile(ops.stackState("cluster.json"), []byte(test.record)); err != nil {
					t.Fatal(err)
				}
			}
			ops.tools.Pulumi = script(t, "pulumi", test.pulumi)
			got, err := ops.locate(t.Context())
			if got != test.want || (err == nil) != (test.refused == nil) {
				t.Errorf("the cluster is %+v (%v), want %+v", got, err, test.want)
			}
			for _, want := range test.refused {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error = %v, want %q", err, want)
				}
			}
			if err != nil && test.never != "" && strings.Contains(err.Error(), test.never) {
				t.Errorf("error = %v: %q would deploy production from here", err, test.never)
			}
		})
	}
}

// Releases are only where make up ran. Deploying is no advice to whoever wants to go back.
func TestReleasesOfAnotherMachine(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "",
		"Pulumi.dev.yaml": "config: {todo:kubeContext: eks, todo:production: true}\n"})
	for name, verb := range map[string]func() error{
		"releases": func() error { return ops.Releases(t.Context()) },
		"rollback": func() error { return ops.Rollback(t.Context()) },
	} {
		if err := verb(); err == nil || !strings.Contains(err.Error(), "no record of stack dev on this machine") {
			t.Errorf("%s: %v, want that this machine has no record", name, err)
		}
	}
}

func TestOpen(t *testing.T) {
	port := served(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	for name, test := range map[string]struct {
		display, outputs string
		opened           bool
		refused          string
	}{
		"a desktop":    {":0", `{"namespace":"todo-dev","webUrl":"http://127.0.0.1:` + port + `"}`, true, ""},
		"no desktop":   {"", `{"namespace":"todo-dev","webUrl":"http://127.0.0.1:` + port + `"}`, false, ""},
		"only the API": {":0", `{"namespace":"todo-dev","apiUrl":"http://127.0.0.1:` + port + `"}`, true, ""},
		"no URL":       {":0", `{"namespace":"todo-dev"}`, false, "stack dev has no URL"},
		"it is not well": {
			":0", `{"namespace":"todo-dev","webUrl":"http://127.0.0.1:` + port + `/bad"}`, false, "make status says more",
		},
	} {
		t.Run(name, func(t *testing.T) {
			old := smokePatience
			smokePatience = 0
			t.Cleanup(func() { smokePatience = old })
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			opened := filepath.Join(t.TempDir(), "opened")
			for name, text := range map[string]string{"xdg-open": "echo $1 >" + opened, "open": "echo $1 >" + opened,
				"pulumi": "echo '" + test.outputs + "'", "kubectl": "exit 1"} {
				t.Setenv("PATH", filepath.Dir(script(t, name, text))+":"+os.Getenv("PATH"))
			}
			t.Setenv("DISPLAY", test.display)
			t.Setenv("WAYLAND_DISPLAY", "")
			err := ops.Open(t.Context())
			if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("error = %v, want %q", err, test.refused)
			}
			text, err := os.ReadFile(opened)
			if (err == nil) != test.opened || test.opened && strings.TrimSpace(string(text)) != "http://127.0.0.1:"+port {
				t.Errorf("opened %q (%v), want the URL: %v", text, err, test.opened)
			}
		})
	}
}

func TestHelpIsNoError(t *testing.T) {
	t.Chdir(t.TempDir()) // no checkout is needed
	for _, arg := range []string{"--help", "-h", "help"} {
		if err := run(t.Context(), []string{arg}); err != nil {
			t.Errorf("ops %s: %v", arg, err)
		}
	}
	for _, verb := range verbs {
		if !strings.Contains(usage(), verb.does) {
			t.Errorf("the usage leaves out %s", verb.name)
		}
	}
}
