package platform

import (
	"strings"
	"testing"

	"todo/components"
	"todo/internal/pulumitest"
)

const (
	releaseType = "kubernetes:helm.sh/v3:Release"
	agentType   = "kubernetes:kagent.dev/v1alpha2:Agent"
)

// withKagent is the development stack with kagent, whose key is the stack's own.
func withKagent(t *testing.T, block string, extra map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{Root: pulumitest.Project(t), Secrets: map[string]string{"todo:OPENAI_API_KEY": "canary-of-the-model"}, Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
		"todo:aiops": `{"kagent":{"enabled":true` + block + `}}`,
	}}
	for key, value := range extra {
		o.Config[key] = value
	}
	return runStack(t, o)
}

func TestKagentIsOffByDefault(t *testing.T) {
	for _, block := range []string{"", "{}", `{"kagent":{"version":"0.9.11"}}`, `{"kagent":{"enabled":false}}`} {
		r := runApp(t, map[string]string{"todo:aiops": block})
		if n := len(r.OfType(releaseType)) + len(r.OfType(agentType)) + len(r.OfType("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")); n != 0 {
			t.Errorf("aiops %q makes %d resources, want none", block, n)
		}
	}
}

func TestKagentReleases(t *testing.T) {
	r := withKagent(t, "", nil)
	crds, main := r.Get(releaseType, "todo-kagent-crds"), r.Get(releaseType, "todo-kagent-release")
	for _, release := range []pulumitest.Resource{crds, main} {
		expect(t, release, "version", `"0.9.12"`, "one pin for both charts")
		expect(t, release, "namespace", `"kagent"`, "its own")
		expect(t, release, "timeout", "900", "an update ends in bounded time")
	}
	expect(t, crds, "chart", `"oci://ghcr.io/kagent-dev/kagent/helm/kagent-crds"`, "as its project publishes it")
	expect(t, main, "chart", `"oci://ghcr.io/kagent-dev/kagent/helm/kagent"`, "as its project publishes it")
	if !dependsOn(main, crds) {
		t.Error("the chart could be installed before its CRDs")
	}
	if agent := r.Get(agentType, "todo-kagent-agent"); !dependsOn(agent, main) {
		t.Error("the agent could be created before its kind is known, and deleted after its controller")
	}
	values := "values."
	for _, agent := range components.KagentAgents {
		expect(t, main, values+agent, `{"enabled":false}`, "the default agents use over 2 GB")
	}
	expect(t, main, values+"rbac.namespaces", `["kagent"]`, "the controller's rights end at its namespace")
	expect(t, main, values+"kagent-tools.rbac", `{"create":false}`, "the chart's own would reach every namespace")
	expect(t, main, values+"kagent-tools.tools.args", `["--read-only"]`, "also the tools themselves refuse changes")
}

func dependsOn(res, on pulumitest.Resource) bool {
	for _, urn := range res.DependsOn {
		if urn == on.URN {
			return true
		}
	}
	return false
}

func TestKagentsKeyIsReferredTo(t *testing.T) {
	r := withKagent(t, "", nil)
	secret := r.Get(secretType, "todo-kagent-model-secret")
	expect(t, secret, "stringData", `{"OPENAI_API_KEY":"canary-of-the-model"}`, "made from the stack's key")
	expect(t, secret, "metadata.namespace", `"kagent"`, "where the agent's pod reads it")
	expect(t, r.Get(releaseType, "todo-kagent-release"), "values.providers",
		`{"default":"openAI","openAI":{"apiKeySecretKey":"OPENAI_API_KEY","apiKeySecretRef":"todo-kagent-model-secret-0a1b2c3d"}}`, "by reference, so that Helm's values hold no key")
	for _, res := range r.All() {
		if leaks := res.Leaks("canary-of-the-model"); len(leaks) > 0 {
			t.Errorf("the key would be readable in the state at %v", leaks)
		}
	}

	r = withKagent(t, `,"provider":"anthropic","model":"claude-haiku-4-5","apiKeySecret":"shared","apiKeySecretKey":"key"`, map[string]string{"todo:OPENAI_BASE_URL": "http://llm.your-company.com:8000/v1"})
	expect(t, r.Get(releaseType, "todo-kagent-release"), "values.providers",
		`{"anthropic":{"apiKeySecretKey":"key","apiKeySecretRef":"shared","model":"claude-haiku-4-5"},"default":"anthropic"}`, "as asked; OPENAI_BASE_URL is not this provider's")
	if n := len(r.OfType(secretType)); n != len(runApp(t, nil).OfType(secretType)) {
		t.Errorf("there are %d Secrets: kagent's is somebody else's", n)
	}

	r = withKagent(t, "", map[string]string{"todo:OPENAI_BASE_URL": "http://llm.your-company.com:8000/v1"})
	expect(t, r.Get(releaseType, "todo-kagent-release"), "values.providers.openAI.config", `{"baseUrl":"http://llm.your-company.com:8000/v1"}`, "the same API as the backend's")
	expect(t, r.Get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "todo-kagent-networkpolicy"), "spec.egress.2.ports",
		`[{"port":443,"protocol":"TCP"},{"port":6443,"protocol":"TCP"},{"port":8000,"protocol":"TCP"},{"port":8443,"protocol":"TCP"}]`, "the API server and the model")
}

func TestKagentMayOnlyRead(t *testing.T) {
	r := withKagent(t, "", nil)
	bindings := r.OfType("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding")
	if len(bindings) != 1 {
		t.Fatalf("there are %d RoleBindings, want one", len(bindings))
	}
	expect(t, bindings[0], "metadata.namespace", `"todo-dev"`, "the application's namespace only")
	expect(t, bindings[0], "roleRef", `{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"view"}`, "no change, no Secret")
	expect(t, bindings[0], "subjects", `[{"kind":"ServiceAccount","name":"kagent-tools","namespace":"kagent"}]`, "the tools are what asks the API server")

	agent := r.Get(agentType, "todo-kagent-agent")
	expect(t, agent, "metadata.name", `"todo-dev"`, "users choose it by the namespace's name")
	expect(t, agent, "spec.declarative.tools.0.mcpServer.toolNames",
		`["k8s_describe_resource","k8s_get_events","k8s_get_pod_logs","k8s_get_resource_yaml","k8s_get_resources"]`, "it is given no tool that changes anything")
	if !strings.Contains(agent.Text("spec.declarative.systemMessage"), "the namespace todo-dev ") {
		t.Error("the agent is not told which namespace it looks after")
	}
}

func TestKagentKeepsToItself(t *testing.T) {
	r := withKagent(t, "", nil)
	policy := r.Get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "todo-kagent-networkpolicy")
	expect(t, policy, "metadata.namespace", `"kagent"`, "of its own")
	expect(t, policy, "spec.podSelector", "{}", "every pod, also those that the controller makes")
	expect(t, policy, "spec.ingress", `[{"from":[{"podSelector":{}}]}]`, "nobody else's pods reach it")
	expect(t, r.Get("kubernetes:core/v1:Namespace", "todo-kagent-namespace"), `metadata.labels`,
		`{"app.kubernetes.io/instance":"todo-dev","app.kubernetes.io/managed-by":"pulumi","app.kubernetes.io/name":"kagent","app.kubernetes.io/part-of":"todo",`+
			`"pod-security.kubernetes.io/audit":"restricted","pod-security.kubernetes.io/enforce":"restricted","pod-security.kubernetes.io/warn":"restricted"}`, "confined like the application")
	off := withKagent(t, "", map[string]string{"todo:networkPolicies": "false"})
	if n := len(off.OfType("kubernetes:networking.k8s.io/v1:NetworkPolicy")); n != 0 {
		t.Errorf("there are %d NetworkPolicies, and they are switched off", n)
	}
}
