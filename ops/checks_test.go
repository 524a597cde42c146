package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// script is a program that stands for another.
func script(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLocalPortsFollowTheStack(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	defer free.Close()
	for name, file := range map[string]string{
		"as --path writes it": fmt.Sprintf("config:\n  todo:services:\n    frontend-web:\n      localPort: %d\n      replicas: 3\n", port),
		"as text":             fmt.Sprintf("config:\n  todo:services: '{\"frontend-web\":{\"localPort\":%d}}'\n", port),
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": file})
		if err := ops.portsFree(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("port %d is taken", port)) || strings.Contains(err.Error(), "port 3000 ") {
			t.Errorf("%s: %v, want the stack's port %d in the place of 3000", name, err, port)
		}
	}
	// The program refuses this one, with its fix; here it must not stop the way there.
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:services: [1]\n"})
	if keys, err := ops.stackConfig(); err != nil || len(keys.Services.value) != 0 {
		t.Errorf("services of a wrong shape: %v, %v", keys.Services.value, err)
	}
}

func TestNamespacesOfOthersAreRefusedByName(t *testing.T) {
	const namespace = `{"urn":"urn:pulumi:dev::todo::t$kubernetes:core/v1:Namespace::%s","type":"kubernetes:core/v1:Namespace","outputs":{"metadata":{"uid":"%s"}}}`
	resources := func(list ...string) string { return `{"deployment":{"resources":[` + strings.Join(list, ",") + `]}}` }
	own := resources(fmt.Sprintf(namespace, "todo-namespace", "uid-1"))
	for name, test := range map[string]struct{ config, live, state, want string }{
		"none":                  {"", "", `{"deployment":{}}`, ""},
		"the stack's own":       {"", "todo-dev uid-1 2026-01-02", own, ""},
		"killed while making":   {"", "todo-dev uid-1 2026-01-02", `{"deployment":{"pending_operations":[{"resource":` + fmt.Sprintf(namespace, "todo-namespace", "") + `}]}}`, ""},
		"another checkout's":    {"", "todo-dev uid-1 2026-01-02", `{"deployment":{}}`, "namespace todo-dev exists on cluster kind-mine since 2026-01-02"},
		"made anew by somebody": {"", "todo-dev uid-2 2026-01-02", own, "pulumi config set -s dev namespace todo-dev-2"},
		"damaged state":         {"", "todo-dev uid-1 2026-01-02", `{`, "reading the state of stack dev"},
		"a move":                {"todo:namespace: other", "todo-dev uid-1 2026-01-02", own, "pulumi config set -s dev namespace todo-dev\n"},
		"a move, cluster gone":  {"todo:namespace: other", "default uid-9 2026-01-02", own, ""},
		"kagent's, somebody's":  {"todo:aiops: {kagent: {enabled: true}}", "todo-dev uid-1 2026-01-02\nkagent uid-7 2026-01-02", own, "--path aiops.kagent.namespace kagent-2"},
		"kagent's, given":       {`todo:aiops: '{"kagent":{"enabled":true,"namespace":"monitoring"}}'`, "monitoring uid-7 2026-01-02", own, "namespace monitoring exists"},
		"kagent's own":          {"todo:aiops: {kagent: {enabled: true}}", "kagent uid-7 2026-01-02", resources(fmt.Sprintf(namespace, "todo-kagent-namespace", "uid-7")), ""},
		"kagent off":            {"", "kagent uid-7 2026-01-02", own, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
			ops.tools.Kubectl = script(t, "kubectl", `case "$*" in *"get namespaces"*) echo '`+test.live+`' ;; *) exit 1 ;; esac`)
			ops.tools.Pulumi = script(t, "pulumi", "echo '"+test.state+"'")
			err := ops.checkNamespaces(t.Context(), Cluster{Context: "kind-mine", Kubeconfig: "/k"}, true)
			if (err != nil) != (test.want != "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error = %v, want %q", err, test.want)
			}
		})
	}
}

func TestAClusterWithoutTheKindsIsNamed(t *testing.T) {
	for name, test := range map[string]struct{ config, kind, found, want string }{
		"another exposure":      {"todo:exposure: ingress", "lab", "", ""},
		"Gateway API":           {"todo:exposure: gateway", "lab", "customresourcedefinition.apiextensions.k8s.io/httproutes.gateway.networking.k8s.io", ""},
		"lab without":           {"todo:exposure: gateway", "lab", "", "Fix: bin/lab traefik up"},
		"cloud without":         {"todo:exposure: gateway", "kubeconfig", "", "Fix: kubectl --context c apply --server-side -f https://"},
		"annotations":           {"todo:observability: {metrics: annotations, alerts: configMap}", "lab", "", ""},
		"operator":              {"todo:observability: {metrics: podMonitor}", "lab", "customresourcedefinition.apiextensions.k8s.io/podmonitors.monitoring.coreos.com", ""},
		"monitor, no operator":  {"todo:observability: {metrics: podMonitor}", "lab", "", "podMonitor, and cluster c does not have the Prometheus Operator; nothing was changed. Fix: pulumi config set -s dev --path observability.metrics annotations"},
		"rules, no operator":    {"todo:observability: {metrics: annotations, alerts: prometheusRule}", "lab", "", "Fix: pulumi config set -s dev --path observability.alerts configMap"},
		"secret store":          {"todo:externalSecrets: {store: vault}", "lab", "", "cluster c does not have the External Secrets Operator; nothing was changed. Fix: install it"},
		"as text":               {`todo:observability: '{"metrics":"podMonitor"}'`, "lab", "", "observability.metrics: podMonitor"},
		"of another shape":      {"todo:observability: [1]", "lab", "", ""}, // the program refuses it
		"all that can be named": {"todo:exposure: gateway\n  todo:observability: {metrics: podMonitor}", "lab", "", "Fix: bin/lab traefik up\nobservability.metrics"},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
		ops.tools.Kubectl = script(t, "kubectl", "echo '"+test.found+"'")
		err := ops.checkAPIs(t.Context(), Cluster{Context: "c", Kind: test.kind})
		if (err != nil) != (test.want != "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error = %v, want %q", name, err, test.want)
		}
	}
}

func TestNodeAddressIsAskedForNodePortsOnly(t *testing.T) {
	for name, test := range map[string]struct{ exposure, kind, external, internal, want string }{
		"localhost":      {"localhost", "lab", "", "10.0.0.7", ""},
		"lab":            {"nodePort", "lab", "", "10.0.0.7", "10.0.0.7"},
		"public address": {"nodePort", "kubeconfig", "203.0.113.7", "10.0.0.7", "203.0.113.7"},
		"two addresses":  {"nodePort", "kubeconfig", "", "10.0.0.7 fd00::7", "10.0.0.7"},
		"no address":     {"nodePort", "kubeconfig", "", "", ""},
		"Minikube":       {"nodePort", "minikube", "", "192.168.49.2", ""},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:exposure: " + test.exposure + "\n"})
		ops.tools.Kubectl = script(t, "kubectl", `case "$*" in *ExternalIP*) echo "`+test.external+`" ;; *InternalIP*) echo "`+test.internal+`" ;; esac`)
		if got, err := ops.nodeAddress(t.Context(), Cluster{Context: "c", Kind: test.kind}); err != nil || got != test.want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, test.want)
		}
	}
}
