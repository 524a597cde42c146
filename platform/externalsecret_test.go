package platform

import (
	"maps"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

const externalSecretType = "kubernetes:external-secrets.io/v1:ExternalSecret"

// stored is production whose secrets are in a store.
func stored(t *testing.T, extra map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{Stack: "live", Root: pulumitest.Project(t), Config: maps.Clone(production)}
	o.Config["todo:externalSecrets"] = `{"store":"vault","storeKind":"ClusterSecretStore","prefix":"todo/live/","refreshInterval":"15m",
		"keys":{"OPENAI_API_KEY":"openai#key","DATABASE_URL":"database#url"}}`
	maps.Copy(o.Config, extra)
	return runStack(t, o)
}

func TestExternalSecrets(t *testing.T) {
	r := stored(t, map[string]string{"todo:migration": `{"enabled":true}`})
	if n := len(r.OfType(secretType)) + len(r.OfType("random:index/randomPassword:RandomPassword")); n != 0 {
		t.Errorf("there are %d Secrets and generated passwords, want none: the store has them", n)
	}
	backend := r.Get(externalSecretType, "todo-backend-secrets-externalsecret")
	expect(t, backend, "spec", `{"data":[`+
		`{"remoteRef":{"key":"todo/live/BETTER_AUTH_SECRET"},"secretKey":"BETTER_AUTH_SECRET"},`+
		`{"remoteRef":{"key":"todo/live/database","property":"url"},"secretKey":"DATABASE_URL"},`+
		`{"remoteRef":{"key":"todo/live/openai","property":"key"},"secretKey":"OPENAI_API_KEY"}],`+
		`"refreshInterval":"15m","secretStoreRef":{"kind":"ClusterSecretStore","name":"vault"}}`, "as configured")
	expect(t, backend, "metadata.annotations", `{"pulumi.com/waitFor":"condition=Ready"}`, "pods that start before the Secret is there fail")
	expect(t, r.Get(externalSecretType, "todo-frontend-web-secrets-externalsecret"), "spec.data", `[{"remoteRef":{"key":"todo/live/BETTER_AUTH_SECRET"},"secretKey":"BETTER_AUTH_SECRET"}]`, "a service sees no other's secrets")
	expect(t, r.Get(externalSecretType, "todo-migration-secrets-externalsecret"), "spec.data.0.secretKey", `"DATABASE_URL"`, "the schema's Job needs it")
	if n := len(r.OfType(externalSecretType)); n != 3 {
		t.Errorf("there are %d ExternalSecrets, want 3: the chatbot's key is not among keys", n)
	}
	expect(t, r.Get(deploymentType, "todo-backend-deployment"), container+"env.1",
		`{"name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"key":"DATABASE_URL","name":"todo-backend-secrets-externalsecret-0a1b2c3d"}}}`,
		"the operator names the Secret after the ExternalSecret")
}

func TestTheMigrationGoesPastThePooler(t *testing.T) {
	o := pulumitest.Options{Stack: "live", Root: pulumitest.Project(t), Config: maps.Clone(production), Secrets: map[string]string{
		"todo:DATABASE_URL":           "postgres://u:p@ep-1-pooler.your-company.com:6543/todo?sslmode=require",
		"todo:MIGRATION_DATABASE_URL": "postgres://u:p@ep-1.your-company.com/todo?sslmode=require",
	}}
	o.Config["todo:migration"] = `{"enabled":true}`
	r := runStack(t, o)
	for name, want := range map[string]string{"migration": o.Secrets["todo:MIGRATION_DATABASE_URL"], "backend": o.Secrets["todo:DATABASE_URL"]} {
		secret := r.Get(secretType, "todo-"+name+"-secrets-secret")
		if got := secret.Text("stringData.DATABASE_URL"); got != want || !secret.Secret("stringData.DATABASE_URL") {
			t.Errorf("the %s connects to %s, want %s, secret", name, got, want)
		}
	}
	policy := r.Get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "todo-network-policies-migration")
	expect(t, policy, "spec.egress.0.ports.0.port", "5432", "its own URL's port, not the pooler's")

	external := stored(t, map[string]string{"todo:migration": `{"enabled":true}`, "todo:externalSecrets": `{"store":"vault","keys":{"MIGRATION_DATABASE_URL":"direct"}}`})
	expect(t, external.Get(externalSecretType, "todo-migration-secrets-externalsecret"), "spec.data", `[{"remoteRef":{"key":"direct"},"secretKey":"DATABASE_URL"}]`, "the Job reads DATABASE_URL")
}

// rendered is production as manifests.
func rendered(t *testing.T) *pulumitest.Recorder {
	t.Helper()
	return stored(t, map[string]string{"todo:renderYaml": "rendered/live", "todo:kubeContext": "", "todo:kubeconfigPath": ""})
}

func TestRenderedManifests(t *testing.T) {
	provider := rendered(t).Get("pulumi:providers:kubernetes", "todo-kubernetes")
	expect(t, provider, "renderYamlToDirectory", `"rendered/live"`, "as configured")
	for _, cluster := range []string{"context", "kubeconfig", "clusterIdentifier"} {
		expect(t, provider, cluster, "null", "the provider refuses a cluster beside the folder, and with an identifier of one it would not write what it has written elsewhere")
	}
}

// What is rendered is readable: neither Secret objects nor secret inputs may be among it.
func TestRenderedManifestsHoldNoSecrets(t *testing.T) {
	r := rendered(t)
	if n := len(r.OfType(secretType)); n != 0 {
		t.Errorf("%d Secrets would be written as readable text", n)
	}
	for _, res := range r.All() {
		if strings.HasPrefix(res.Type, "kubernetes:") && res.Inputs.ContainsSecrets() {
			t.Errorf("%s/%s has secret inputs, which would be written as readable text", res.Type, res.Name)
		}
	}
}
