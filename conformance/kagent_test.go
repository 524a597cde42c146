package conformance

import (
	"encoding/json"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	corev1 "k8s.io/api/core/v1"

	"todo/config"
	"todo/internal/pulumitest"
)

const releaseType = "kubernetes:helm.sh/v3:Release"

// charts are two of kagent's names and of the same shape as far as the program's values go: the switches of subcharts, the
// scope of the rights, the model's key, the tools' arguments. The real ones are not kept here.
var charts = map[string]string{
	"kagent-crds/Chart.yaml":          "apiVersion: v2\nname: kagent-crds\nversion: 0.9.12\n",
	"kagent-crds/templates/crds.yaml": "crds: {{ .Release.Namespace }} kmcp={{ .Values.kmcp.enabled }}\n",

	"kagent/Chart.yaml": "apiVersion: v2\nname: kagent\nversion: 0.9.12\ndependencies:\n" +
		"  - {name: k8s-agent, version: 0.9.12, condition: k8s-agent.enabled}\n  - {name: kagent-tools, version: 0.2.1, condition: kagent-tools.enabled}\n",
	"kagent/values.yaml": "k8s-agent: {enabled: true}\nkagent-tools: {enabled: true, tools: {loglevel: debug, metrics: {port: 8085}}}\nrbac: {namespaces: []}\n" +
		"providers:\n  default: anthropic\n  openAI: {provider: OpenAI, model: of-the-chart, apiKeySecretRef: of-the-chart, apiKeySecretKey: OPENAI_API_KEY}\n",
	"kagent/templates/model.yaml": `{{- $model := index .Values.providers .Values.providers.default }}` +
		"model: {{ $model.provider }} {{ $model.model }} {{ $model.apiKeySecretRef }}/{{ $model.apiKeySecretKey }} {{ ($model.config).baseUrl }}\n",
	"kagent/templates/role.yaml": "role: {{ if .Values.rbac.namespaces }}{{ range .Values.rbac.namespaces }}Role in {{ . }}{{ end }}{{ else }}ClusterRole{{ end }}\n",

	"kagent/charts/k8s-agent/Chart.yaml":           "apiVersion: v2\nname: k8s-agent\nversion: 0.9.12\n",
	"kagent/charts/k8s-agent/templates/agent.yaml": "agent: {{ .Chart.Name }}\n",
	"kagent/charts/kagent-tools/Chart.yaml":        "apiVersion: v2\nname: kagent-tools\nversion: 0.2.1\n",
	"kagent/charts/kagent-tools/values.yaml":       "rbac: {create: true, readOnly: false}\ntools: {args: [], enabledTools: []}\n",
	"kagent/charts/kagent-tools/templates/tools.yaml": `tools: {{ if .Values.rbac.create }}cluster-admin{{ else }}no role{{ end }} ` +
		"--tools={{ join \",\" .Values.tools.enabledTools }}{{ range .Values.tools.args }} {{ . }}{{ end }} metrics={{ .Values.tools.metrics.port }}\n",
}

// rendered is what Helm's own engine makes of a release of the program, by the templates' first words.
func rendered(t *testing.T, release pulumitest.Resource) string {
	t.Helper()
	chart, err := loader.Load(release.Text("chart"))
	if err != nil {
		t.Fatalf("%s: Helm finds no chart where the program says: %v", release.Name, err)
	}
	if version := release.Text("version"); version != chart.Metadata.Version {
		t.Errorf("%s asks for version %s of the chart, which is %s", release.Name, version, chart.Metadata.Version)
	}
	var values map[string]any
	if err := json.Unmarshal([]byte(release.JSON("values")), &values); err != nil {
		t.Fatal(err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		t.Fatal(err)
	}
	options := chartutil.ReleaseOptions{Name: release.Text("name"), Namespace: release.Text("namespace"), Revision: 1, IsInstall: true}
	all, err := chartutil.ToRenderValues(chart, values, options, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(chart, all)
	if err != nil {
		t.Fatalf("%s: %v", release.Name, err)
	}
	var text strings.Builder
	for _, file := range files {
		text.WriteString(file)
	}
	return text.String()
}

func TestKagentsValuesReachItsCharts(t *testing.T) {
	folder := t.TempDir()
	for name, text := range charts {
		pulumitest.Write(t, folder, name, text)
	}
	found := map[string]string{}
	for _, res := range resources(t, "dev", map[string]string{"todo:OPENAI_BASE_URL": "http://llm.your-company.com/v1",
		"todo:aiops": `{"kagent":{"enabled":true,"model":"as-asked","charts":"` + folder + `"}}`}) {
		if res.Type == releaseType {
			found[res.Text("name")] = rendered(t, res)
		}
	}
	if len(found) != len(config.KagentCharts) {
		t.Fatalf("the program installs %v, want the charts %v", found, config.KagentCharts)
	}
	for _, want := range []string{
		"model: OpenAI as-asked todo-kagent-model-secret-0a1b2c3d/OPENAI_API_KEY http://llm.your-company.com/v1\n",
		"role: Role in kagent\n", "tools: no role --tools=k8s --read-only metrics=8085\n",
	} {
		if !strings.Contains(found["kagent"], want) {
			t.Errorf("the chart kagent does not come to %q:\n%s", want, found["kagent"])
		}
	}
	if strings.Contains(found["kagent"], "agent: ") {
		t.Errorf("a default agent is installed:\n%s", found["kagent"])
	}
	if want := "crds: kagent kmcp=false\n"; found["kagent-crds"] != want {
		t.Errorf("the chart kagent-crds comes to %q, want %q", found["kagent-crds"], want)
	}
}

// The agent's pod is made by kagent's controller, with the security contexts that the Agent asks for.
func TestTheAgentsPodIsRestricted(t *testing.T) {
	for _, res := range resources(t, "dev", nil) {
		if res.Type != "kubernetes:kagent.dev/v1alpha2:Agent" {
			continue
		}
		var pod corev1.PodTemplateSpec
		var container corev1.Container
		for path, into := range map[string]any{"podSecurityContext": &pod.Spec.SecurityContext, "securityContext": &container.SecurityContext, "resources": &container.Resources} {
			if err := json.Unmarshal([]byte(res.JSON("spec.declarative.deployment."+path)), into); err != nil {
				t.Fatal(err)
			}
		}
		container.Name = "kagent"
		pod.Spec.Containers = []corev1.Container{container}
		if result := judge(t, pod); !result.Allowed {
			t.Errorf("kagent's namespace would refuse the agent's pod: %s", result.ForbiddenDetail())
		}
		return
	}
	t.Error("the stack has no agent")
}
