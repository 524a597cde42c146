package platform

import (
	"maps"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

func TestRegistryCredentials(t *testing.T) {
	o := pulumitest.Options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "registry.your-company.com/team",
		"todo:registryUsername": "robot", "todo:imagePullSecrets": `["base-images"]`,
	}, Secrets: map[string]string{"todo:registryPassword": "canary-token"}}
	r := runStack(t, o)

	secret := r.Get(secretType, "todo-pull-secret")
	expect(t, secret, "type", `"kubernetes.io/dockerconfigjson"`, "the kubelet looks for it")
	expect(t, secret, "metadata.name", "null", "a changed password needs a new name, because the Secret is immutable")
	if want := `{"auths":{"registry.your-company.com":{"auth":"cm9ib3Q6Y2FuYXJ5LXRva2Vu","password":"canary-token","username":"robot"}}}`; dockerConfig(secret) != want || !secret.Secret("stringData") {
		t.Errorf("the Secret's content is %s, secret %t; want %s, secret", dockerConfig(secret), secret.Secret("stringData"), want)
	}
	accounts := r.OfType("kubernetes:core/v1:ServiceAccount")
	if len(accounts) < 4 {
		t.Fatalf("there are %d ServiceAccounts, want those of three services and the database", len(accounts))
	}
	for _, account := range accounts {
		expect(t, account, "imagePullSecrets", `[{"name":"base-images"},{"name":"todo-pull-secret-0a1b2c3d"}]`, "its pods could not pull")
	}
	for _, image := range r.OfType(imageType) {
		expect(t, image, "registry", `{"password":"canary-token","server":"registry.your-company.com","username":"robot"}`, "it could not be pushed")
	}
	for _, res := range r.All() {
		if leaks := res.Leaks("canary-token"); len(leaks) > 0 {
			t.Errorf("the registry's password would be readable in the state at %v", leaks)
		}
	}
}

func dockerConfig(secret pulumitest.Resource) string {
	return secret.At("stringData").ObjectValue()[".dockerconfigjson"].StringValue()
}

func TestDockerHubsCredentialsHaveItsOwnName(t *testing.T) {
	o := pulumitest.Options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "docker.io/your-company", "todo:registryUsername": "robot",
	}, Secrets: map[string]string{"todo:registryPassword": "canary-token"}}
	content := dockerConfig(runStack(t, o).Get(secretType, "todo-pull-secret"))
	if want := `{"auths":{"https://index.docker.io/v1/":`; !strings.HasPrefix(content, want) {
		t.Errorf("the Secret begins with %.40s, want %s: no other name of Docker Hub is looked up", content, want)
	}
}

func TestWithoutCredentialsThereIsNoPullSecret(t *testing.T) {
	r := runApp(t, nil)
	for _, account := range r.OfType("kubernetes:core/v1:ServiceAccount") {
		expect(t, account, "imagePullSecrets", "null", "none was asked for")
	}
	for _, image := range r.OfType(imageType) {
		expect(t, image, "registry", "null", "Docker's own login is used")
	}
}

func TestDatabaseBlock(t *testing.T) {
	r := runApp(t, map[string]string{"todo:database": `{"storage":"20Gi","storageClass":"fast","image":"mirror.your-company.com/postgres:17"}`})
	s := r.Get("kubernetes:apps/v1:StatefulSet", "todo-database-statefulset")
	claim := "spec.volumeClaimTemplates.0.spec."
	expect(t, s, claim+"resources.requests.storage", `"20Gi"`, "as asked")
	expect(t, s, claim+"storageClassName", `"fast"`, "as asked")
	expect(t, s, container+"image", `"mirror.your-company.com/postgres:17"`, "as asked")
	expect(t, runApp(t, nil).Get("kubernetes:apps/v1:StatefulSet", "todo-database-statefulset"), claim+"storageClassName", "null", "an empty name would mean no class at all")
}

func TestEgressRules(t *testing.T) {
	policy := func(config map[string]string) pulumitest.Resource {
		return runApp(t, config).Get("kubernetes:networking.k8s.io/v1:NetworkPolicy", "todo-network-policies-frontend-web")
	}
	given := map[string]string{"todo:services": `{"frontend-web":{"egress":[{"cidr":"10.20.0.0/16","port":9200},{"port":587}]}}`}
	rules := policy(maps.Clone(given))
	expect(t, rules, "spec.egress.1", `{"ports":[{"port":9200,"protocol":"TCP"}],"to":[{"ipBlock":{"cidr":"10.20.0.0/16"}}]}`, "as asked")
	expect(t, rules, "spec.egress.2", `{"ports":[{"port":587,"protocol":"TCP"}]}`, "without a network any address is meant")
	expect(t, policy(nil), "spec.egress.1", "null", "a front leaves the namespace only when it is told to")
}
