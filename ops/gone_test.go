package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// clusterTools puts programs that answer as recorded in front of PATH, and hides the machine's own cluster tools.
func clusterTools(t *testing.T, programs map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"minikube", "kind", "k3d", "kubectl", "docker"} {
		text, given := programs[name]
		if !given {
			text = "echo " + name + " is not for this test >&2; exit 127"
		}
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
}

// kubectlWith answers for a kubeconfig with these contexts and a cluster that answers, or does not.
func kubectlWith(contexts, version string) string {
	return `case "$*" in *get-contexts*) printf '` + contexts + `' ;; *"get --raw /version"*) ` + version +
		` ;; *) exit 1 ;; esac`
}

const (
	clusterAnswers = `echo '{"major":"1"}'`
	clusterRefuses = `echo 'The connection to the server 192.168.49.2:8443 was refused' >&2; exit 1`
	clusterDenies  = `echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1`
)

func TestWhetherAClusterIsGone(t *testing.T) {
	minikube := Cluster{Kind: "minikube", Context: "work"}
	kind, k3d, cloud := Cluster{Kind: "kubeconfig",
		Context: "kind-dev"}, Cluster{Context: "k3d-dev"}, Cluster{Kind: "kubeconfig", Context: "eks"}
	exits := func(code int) string { return fmt.Sprintf(`[ "$*" = "-p work status" ] && exit %d; exit 99`, code) }
	for name, test := range map[string]struct {
		cluster  Cluster
		programs map[string]string
		want     string // answers, gone, or what it is
		start    string
	}{
		"answers": {minikube, map[string]string{"kubectl": kubectlWith(`work\n`, clusterAnswers)},
			"answers", ""},
		"answers, but not to us": {cloud, map[string]string{"kubectl": kubectlWith(`eks\n`, clusterDenies)},
			"answers", ""},
		"minikube stop": {minikube, map[string]string{"kubectl": kubectlWith("", clusterRefuses),
			"minikube": exits(7)}, "Minikube (profile work) is stopped", "minikube start -p work"},
		"minikube delete": {minikube, map[string]string{"kubectl": kubectlWith("", clusterRefuses),
			"minikube": exits(85)}, "gone", ""},
		"Minikube, Docker is stopped": {minikube, map[string]string{"kubectl": kubectlWith(`work\n`, clusterRefuses),
			"minikube": exits(80)}, "Minikube (profile work) is stopped", "minikube start -p work"},
		"kind delete cluster": {kind, map[string]string{"kubectl": kubectlWith(`other\n`, clusterRefuses),
			"kind": `echo 'No kind clusters found.' >&2`}, "gone", ""},
		"kind, others are left": {kind, map[string]string{"kubectl": kubectlWith("", clusterRefuses),
			"kind": `printf 'kind\ndev2\n'`}, "gone", ""},
		"kind, its node is stopped": {kind, map[string]string{"kubectl": kubectlWith(`kind-dev\n`, clusterRefuses),
			"kind": `printf 'kind\ndev\n'`}, "kind's cluster dev is stopped", "docker start dev-control-plane"},
		"kind, Docker is stopped": {kind, map[string]string{"kubectl": kubectlWith(`kind-dev\n`, clusterRefuses),
			"kind": "exit 1"}, "cluster kind-dev does not answer", ""},
		"k3d cluster delete": {k3d, map[string]string{"kubectl": kubectlWith("", clusterRefuses),
			"k3d": "true"}, "gone", ""},
		"k3d cluster stop": {k3d, map[string]string{"kubectl": kubectlWith("", clusterRefuses),
			"k3d": `echo 'dev   0/1   0/0   true'`}, "k3d's cluster dev is stopped", "k3d cluster start dev"},
		// What nobody here has made is never taken for gone.
		"a context that is missing": {cloud, map[string]string{"kubectl": kubectlWith(`other\n`, clusterRefuses)},
			"context eks is not in the kubeconfig", ""},
		"a network that is away": {cloud, map[string]string{"kubectl": kubectlWith(`eks\n`, clusterRefuses)},
			"cluster eks does not answer", ""},
		"the lab was removed": {Cluster{Kind: "lab", Context: "todo-lab", Kubeconfig: "/no/such/file"},
			map[string]string{}, "gone", ""},
		"the lab after a reboot": {Cluster{Kind: "lab", Context: "todo-lab", Kubeconfig: os.DevNull},
			map[string]string{"kubectl": kubectlWith(`todo-lab\n`,
				clusterRefuses)}, "the lab is stopped", "make lab-up"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			clusterTools(t, test.programs)
			ops.tools.Kubectl = "kubectl"
			p := ops.presence(t.Context(), test.cluster)
			if p.answers != (test.want == "answers") || p.gone != (test.want == "gone") || p.start != test.start {
				t.Errorf("%+v, want %s, started by %q", p, test.want, test.start)
			}
			if !p.answers && !p.gone && !strings.HasPrefix(p.what, test.want) {
				t.Errorf("it is said to be %q, want %q", p.what, test.want)
			}
		})
	}
}

func TestACommandNamesTheStoppedCluster(t *testing.T) {
	for exit, want := range map[string]string{"7": "Minikube (profile work) is stopped: make up starts it",
		"85": "Minikube (profile work) does not exist any more: make up makes a new one"} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
		clusterTools(t, map[string]string{"kubectl": kubectlWith("", clusterRefuses), "minikube": "exit " + exit})
		if err := writeFile(ops.stackState("cluster.json"),
			[]byte(`{"kind":"minikube","context":"work"}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := ops.deployed(t.Context()); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}

const appResource = `{"type":"todo:components:TodoApp","urn":"urn:pulumi:dev::todo::todo:components:TodoApp::todo"}`

// downOf runs make down for a stack on Minikube, and returns what Pulumi was asked and whether the releases are kept.
func downOf(t *testing.T, programs map[string]string, forget, resources string) (calls string, releases bool,
	err error) {
	t.Helper()
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config: {}\n"})
	pulumi, said := fakePulumi(t, aFullStack,
		`{"version":3,"deployment":{"secrets_providers":{"type":"passphrase"},"resources":[`+resources+`]}}`)
	clusterTools(t, programs)
	ops.tools.Pulumi = pulumi
	for path, text := range map[string]string{
		ops.stackState("cluster.json"):               `{"kind":"minikube","context":"work","uid":"u"}`,
		ops.stackState("backend"):                    ownBackend + "\npassphrase: own\n",
		ops.state("passphrase"):                      "abc",
		ops.stackState("releases/0001/release.json"): `{"number":1,"cluster":"u"}`,
	} {
		if err := writeFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if forget != "" {
		t.Setenv("FORGET", forget)
	}
	err = ops.Down(t.Context())
	return said(), exists(ops.stackState("releases")), err
}

const forgotten = `imported {"deployment":{"secrets_providers":{"type":"passphrase"}},"version":3}`

func TestDownForgetsWhatRanOnAClusterThatIsGone(t *testing.T) {
	gone := map[string]string{"kubectl": kubectlWith("", clusterRefuses), "minikube": "exit 85"}
	calls, releases, err := downOf(t, gone, "", appResource)
	if err != nil || releases || strings.Contains(calls, ": destroy") || !strings.Contains(calls, forgotten) {
		t.Errorf("after minikube delete: %v; releases are left: %v; Pulumi was asked:\n%s", err, releases, calls)
	}
}

func TestDownOfAStoppedClusterSaysHowToStartIt(t *testing.T) {
	stopped := map[string]string{"kubectl": kubectlWith("", clusterRefuses), "minikube": "exit 7"}
	calls, releases, err := downOf(t, stopped, "", appResource)
	for _, want := range []string{"Minikube (profile work) is stopped; nothing was destroyed",
		"minikube start -p work, then make down", "make down FORGET=1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	if calls != "" || !releases {
		t.Errorf("it was refused, and Pulumi was asked:\n%s", calls)
	}
	calls, releases, err = downOf(t, stopped, "1", appResource)
	if err != nil || releases || !strings.Contains(calls, forgotten) {
		t.Errorf("FORGET=1: %v; releases are left: %v; Pulumi was asked:\n%s", err, releases, calls)
	}
}

func TestDownOfAnEmptyStateIsNotCalledDone(t *testing.T) {
	calls, releases, err := downOf(t, map[string]string{"kubectl": kubectlWith(`work\n`, clusterAnswers)}, "", "")
	if err == nil || !strings.Contains(err.Error(), "is empty, and release 1 of the stack runs on cluster work") ||
		!releases || strings.Contains(calls, ": destroy") {
		t.Errorf("error = %v, releases are kept: %v; Pulumi was asked:\n%s", err, releases, calls)
	}
}

func TestDownOfAnotherProgramsStackIsRefused(t *testing.T) {
	const bucket = `{"type":"aws:s3/bucket:Bucket","urn":"urn:pulumi:dev::todo::aws:s3/bucket:Bucket::photos"}`
	calls, _, err := downOf(t, map[string]string{"kubectl": kubectlWith(`work\n`, clusterAnswers)}, "", bucket)
	if err == nil ||
		!strings.Contains(err.Error(),
			"has 1 resources of another program, the first urn:pulumi:dev::todo::aws:s3/bucket:Bucket::photos") ||
		strings.Contains(calls, ": destroy") {
		t.Errorf("error = %v; Pulumi was asked:\n%s", err, calls)
	}
}
