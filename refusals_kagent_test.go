package main

import (
	"testing"

	"todo/internal/pulumitest"
)

// modelKey is what kagent needs besides its block.
var modelKey = map[string]string{"todo:OPENAI_API_KEY": canary + "-openai"}

// asking is a stack that asks for kagent, with these fields.
func asking(fields string) map[string]string {
	if fields != "" {
		fields = "," + fields
	}
	return map[string]string{"todo:aiops": `{"kagent":{"enabled":true` + fields + `}}`}
}

// kagentRefusals are those of aiops.
var kagentRefusals = map[string]refusal{
	"kagent's version":          {config: asking(`"version":"1.0.0"`), secrets: modelKey, says: []string{`aiops.kagent.version: "1.0.0"`, "allowed: 0.x.y", "--path aiops.kagent.version 0.9.12"}},
	"kagent's namespace":        {config: asking(`"namespace":"todo-dev"`), secrets: modelKey, says: []string{`aiops.kagent.namespace: "todo-dev"; it is the application's`}},
	"kagent in kube-system":     {config: asking(`"namespace":"kube-system"`), secrets: modelKey, says: []string{`aiops.kagent.namespace: "kube-system"; it is the cluster's own`}},
	"kagent's namespace's name": {config: asking(`"namespace":"My Agents"`), secrets: modelKey, says: []string{`aiops.kagent.namespace: "My Agents"`, "--path aiops.kagent.namespace kagent"}},
	"kagent's provider":         {config: asking(`"provider":"openai"`), secrets: modelKey, says: []string{`aiops.kagent.provider: "openai"`, "anthropic, openAI, gemini", "--path aiops.kagent.provider openAI"}},
	"kagent's model":            {config: asking(`"model":"gpt 4"`), secrets: modelKey, says: []string{`aiops.kagent.model: "gpt 4"`}},
	"kagent without a key":      {config: asking(``), says: []string{"OPENAI_API_KEY: not set; kagent's Secret is made from it", "pulumi config set -s dev --secret OPENAI_API_KEY"}},
	"kagent of another model":   {config: asking(`"provider":"gemini"`), secrets: modelKey, says: []string{"aiops.kagent.apiKeySecret: not set; only OPENAI_API_KEY", "--path aiops.kagent.apiKeySecret kagent-gemini"}},
	"kagent beside the store":   {config: map[string]string{"todo:aiops": `{"kagent":{"enabled":true}}`, "todo:externalSecrets": `{"store":"vault"}`}, says: []string{"aiops.kagent.apiKeySecret: not set"}},
	"kagent's Secret":           {config: asking(`"apiKeySecret":"Open AI"`), says: []string{`aiops.kagent.apiKeySecret: "Open AI"`}},
	"kagent's Secret's key":     {config: asking(`"apiKeySecret":"openai","apiKeySecretKey":"the key"`), says: []string{`aiops.kagent.apiKeySecretKey: "the key"`, "OPENAI_API_KEY"}},
	"kagent's key of nothing":   {config: asking(`"apiKeySecretKey":"key"`), secrets: modelKey, says: []string{"aiops.kagent.apiKeySecretKey: set; it is a key of apiKeySecret", "pulumi config rm -s dev --path aiops.kagent.apiKeySecretKey"}},
	"kagent's charts by http":   {config: asking(`"charts":"https://charts.your-company.com"`), secrets: modelKey, says: []string{`aiops.kagent.charts: "https://charts.your-company.com"`, "oci://"}},
	"kagent without charts":     {config: asking(`"charts":"charts"`), secrets: modelKey, says: []string{`aiops.kagent.charts: "charts"`, "has none of kagent-crds"}},
	"kagent's other chart": {config: asking(`"charts":"charts"`), secrets: modelKey, change: func(t *testing.T, root string) {
		pulumitest.Write(t, root, "charts/kagent-crds/Chart.yaml", "name: kagent\nversion: 0.9.12")
	}, says: []string{`aiops.kagent.charts: "charts"; kagent-crds/Chart.yaml is not that of kagent-crds`}},
	"kagent's chart's version": {config: asking(`"charts":"charts"`), secrets: modelKey, change: func(t *testing.T, root string) {
		pulumitest.Write(t, root, "charts/kagent-crds/Chart.yaml", "name: kagent-crds\nversion: 0.9.12")
		pulumitest.Write(t, root, "charts/kagent/Chart.yaml", "name: kagent\nversion: 0.9.11")
	}, says: []string{`aiops.kagent.version: "0.9.12"; the chart kagent in charts is "0.9.11"`, "--path aiops.kagent.version 0.9.11"}},
	"kagent in manifests": {config: map[string]string{"todo:renderYaml": "rendered", "todo:registry": "registry.your-company.com", "todo:externalSecrets": `{"store":"vault"}`, "todo:aiops": `{"kagent":{"enabled":true,"apiKeySecret":"openai"}}`}, says: []string{"aiops.kagent.enabled: true; renderYaml writes manifests, and kagent is a Helm release"}},
	"unknown assistant":   {config: map[string]string{"todo:aiops": `{"kagnt":{"enabled":true}}`}, says: []string{"aiops.kagnt: unknown field", "did you mean kagent?"}},
}
