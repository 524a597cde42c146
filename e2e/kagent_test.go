//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// kagentCharts have the names of kagent's charts, and what the program relies on: the kind Agent, and the tools'
// ServiceAccount. kagent itself is not in them: the lab cannot pull its images.
var kagentCharts = map[string]string{
	"kagent-crds/Chart.yaml": "apiVersion: v2\nname: kagent-crds\nversion: 0.9.12\n",
	"kagent-crds/templates/agents.yaml": `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: agents.kagent.dev}
spec:
  group: kagent.dev
  scope: Namespaced
  names: {kind: Agent, plural: agents}
  versions: [{name: v1alpha2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
`,
	"kagent/Chart.yaml": "apiVersion: v2\nname: kagent\nversion: 0.9.12\n",
	"kagent/templates/tools.yaml": `apiVersion: v1
kind: ServiceAccount
metadata: {name: "{{ .Release.Name }}-tools", namespace: "{{ .Release.Namespace }}"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: "{{ .Release.Namespace }}"}
data: {key: "{{ .Values.providers.openAI.apiKeySecretRef }}", roles: "{{ first .Values.rbac.namespaces }}"}
`,
}

// testKagent asks for kagent, from a folder of charts, and takes it away again.
func testKagent(t *testing.T) {
	folder := t.TempDir()
	for name, text := range kagentCharts {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	before := pods(t)
	restore := change(t, "Pulumi.dev.yaml", "  todo:aiops: {kagent: {enabled: true, apiKeySecret: shared, charts: \""+folder+"\"}}\n")
	run(t, "make", "up")
	if got := kubectl(t, "-n", "kagent", "get", "configmap", "values", "-o", "jsonpath={.data.key} {.data.roles}"); got != "shared kagent" {
		t.Errorf("the chart was given %q, want the Secret's name and kagent's own namespace", got)
	}
	if got := kubectl(t, "-n", "kagent", "get", "agent", "todo-dev", "-o", "jsonpath={.spec.declarative.systemMessage}"); !strings.Contains(got, "namespace todo-dev") {
		t.Errorf("the agent is told %q", got)
	}
	for question, want := range map[string]string{
		"get pods -n todo-dev": "yes", "get pods/log -n todo-dev": "yes", "list events -n todo-dev": "yes",
		"get secrets -n todo-dev": "no", "delete pods -n todo-dev": "no", "patch deployments.apps -n todo-dev": "no", "create pods/exec -n todo-dev": "no",
		"get pods -n kube-system": "no", "get secrets -n kagent": "no", "create clusterroles": "no",
	} {
		got, _ := kubectlTry(t, append([]string{"auth", "can-i", "--as=system:serviceaccount:kagent:kagent-tools"}, strings.Fields(question)...)...) // "no" is a failure
		if !strings.HasPrefix(got, want) {
			t.Errorf("kagent's tools asked whether they may %s: %q, want %s", question, got, want)
		}
	}
	if got := summary(run(t, "make", "up")); len(got) != 1 || got["unchanged"] == "" {
		t.Errorf("a second make up with kagent: Pulumi's summary is %v, want only unchanged", got)
	}
	samePods(t, before, pods(t), "")

	restore()
	run(t, "make", "up")
	for _, gone := range []string{"namespace/kagent", "crd/agents.kagent.dev"} {
		if out, err := kubectlTry(t, "get", gone); err == nil {
			t.Errorf("switched off, kagent leaves %s", out)
		}
	}
}
