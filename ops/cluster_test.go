package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestStackConfigNamesTheCluster(t *testing.T) {
	t.Setenv("STACK", "dev")
	bareMachine(t)
	for _, name := range []string{"config", "mine"} {
		writeKubeconfig(t, filepath.Join(os.Getenv("HOME"), ".kube", name), "mine")
	}
	for name, test := range map[string]struct {
		config string
		want   Cluster
		says   string
	}{
		"context":         {"todo:kubeContext: mine", Cluster{Kind: "kubeconfig", Context: "mine"}, ""},
		"file":            {"todo:kubeContext: mine\n  todo:kubeconfigPath: ~/.kube/mine", Cluster{Kind: "kubeconfig", Context: "mine", Kubeconfig: "~/.kube/mine"}, ""},
		"missing":         {"todo:kubeContext: gone", Cluster{Kind: "kubeconfig", Context: "gone"}, `kubeContext: "gone" is not in `},
		"file alone":      {"todo:kubeconfigPath: mine", Cluster{}, `kubeconfigPath: mine; which of its contexts to use is not set: add "todo:kubeContext: <context>" below "config:" in Pulumi.dev.yaml`},
		"text":            {"todo:kubeconfig: {secure: abc}\n  todo:kubeContext: eks", Cluster{}, `only Pulumi reads it: eval "$(make env STACK=dev)" && pulumi up`},
		"another stack's": {"todo:kubeStack: me/cluster/prod", Cluster{}, `only Pulumi reads it: eval "$(make env STACK=dev)" && pulumi up`},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
		cluster, err := ops.ChooseCluster(t.Context())
		if cluster != test.want || (err == nil) != (test.says == "") || (err != nil && !strings.Contains(err.Error(), test.says)) {
			t.Errorf("%s: cluster = %+v, %v; want %+v, %q", name, cluster, err, test.want, test.says)
		}
	}
}

func TestAKubeconfigIsFoundFromAnywhere(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	o := &Ops{Root: "/checkout"}
	for given, want := range map[string]string{"~/.kube/eks": "/home/me/.kube/eks", "eks": "/checkout/eks", "/etc/eks": "/etc/eks"} {
		if got := o.kubeconfig(Cluster{Kubeconfig: given}); got != want {
			t.Errorf("kubeconfigPath %s leads to %s, want %s", given, got, want)
		}
	}
}

func TestKubectlInTheShellTakesTheStacksContext(t *testing.T) {
	for name, test := range map[string]struct{ cluster, want string }{
		"many contexts": {`{"kind":"kubeconfig","context":"it's mine"}`, "--context it's mine get pods"},
		"the lab":       {`{"kind":"lab","context":"todo-lab","kubeconfig":"/lab"}`, "get pods"},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
		if err := writeFile(ops.stackState("cluster.json"), []byte(test.cluster)); err != nil {
			t.Fatal(err)
		}
		tools := t.TempDir()
		if err := os.WriteFile(filepath.Join(tools, "kubectl"), []byte("#!/bin/sh\necho \"$@\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		ops.tools.Path = []string{tools}
		for _, shell := range []string{"sh", "bash"} {
			out, err := exec.Command(shell, "-c", ops.shell()+"kubectl get pods").CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != test.want {
				t.Errorf("%s, %s: kubectl %s (%v), want kubectl %s", name, shell, got, err, test.want)
			}
		}
	}
}
