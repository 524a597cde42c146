package platform

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

const imageType = "docker:index/image:Image"

// runApp runs the whole application on top of a development stack.
func runApp(t *testing.T, extra map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
	}}
	maps.Copy(o.Config, extra)
	return runStack(t, o)
}

var production = map[string]string{
	"todo:production": "true", "todo:exposure": "ingress", "todo:domain": "todo.your-company.com", "todo:tlsSecret": "todo-tls",
	"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "cloud", "todo:registry": "registry.your-company.com",
}

func TestEachSecretHoldsItsServicesKeysOnly(t *testing.T) {
	o := pulumitest.Options{Root: pulumitest.Project(t), Secrets: map[string]string{}, Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
	}}
	o.Secrets["todo:BETTER_AUTH_SECRET_ALSO"] = "vK3mWq8ZtL1xRb6YnH4pSd7FgJ2cTa9e"
	r := runStack(t, o)
	for name, want := range map[string][]string{
		"todo-backend-secrets-secret":      {"BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_ALSO", "DATABASE_URL"},
		"todo-frontend-web-secrets-secret": {"BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_ALSO"},
		"todo-database-secrets-secret":     {"POSTGRES_PASSWORD"},
		"todo-migration-secrets-secret":    {"DATABASE_URL"},
	} {
		var got []string
		secret := r.Get(secretType, name)
		for key := range secret.At("stringData").ObjectValue() {
			got = append(got, string(key))
			if !secret.Secret("stringData." + string(key)) {
				t.Errorf("%s of %s is not marked secret", key, name)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s holds %v, want %v: a service sees no other's secrets", name, got, want)
		}
	}
	if n := len(r.OfType(secretType)); n != 4 {
		t.Errorf("there are %d Secrets, want 4: without a key of its own the chatbot has none", n)
	}
}

func TestARotatedPasswordChangesNothingOfTheDatabase(t *testing.T) {
	before := runApp(t, nil)
	url := "postgresql://todo_b:" + strings.Repeat("p4", 12) + "@database:5432/todo"
	after := runStack(t, pulumitest.Options{Root: pulumitest.Project(t), Secrets: map[string]string{"todo:DATABASE_URL": url}, Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
	}})
	expect(t, after.Get("kubernetes:apps/v1:StatefulSet", "todo-database-statefulset"), "spec", before.Get("kubernetes:apps/v1:StatefulSet", "todo-database-statefulset").JSON("spec"), "a restart of the one pod is an outage")
	for _, reader := range []string{"backend", "migration"} {
		if got := after.Get(secretType, "todo-"+reader+"-secrets-secret").Text("stringData.DATABASE_URL"); got != url {
			t.Errorf("the %s does not get the role that DATABASE_URL names", reader)
		}
	}
	if len(before.OfType(policyType)) != len(after.OfType(policyType)) {
		t.Error("the policies changed: the database is still the stack's own")
	}
}

func TestServiceNamesAreThoseOfTheContract(t *testing.T) {
	var fixed []string
	for _, s := range runApp(t, nil).OfType(serviceType) {
		if name := s.Text("metadata.name"); name != "" {
			fixed = append(fixed, name)
		}
	}
	slices.Sort(fixed)
	if want := []string{"backend", "database", "frontend-chatbot", "frontend-web"}; !slices.Equal(fixed, want) {
		t.Errorf("Services with fixed names are %v, want %v: URLs and connection strings hold them", fixed, want)
	}
}

func TestOneTopology(t *testing.T) {
	r := runApp(t, nil)
	backend, web, chatbot := r.Get(configMapType, "todo-backend-config-configmap"), r.Get(configMapType, "todo-frontend-web-config-configmap"),
		r.Get(configMapType, "todo-frontend-chatbot-config-configmap")
	expect(t, backend, "data", `{"ALLOWED_ORIGINS":"http://localhost:3000,http://localhost:3001","ENVIRONMENT":"development","FRONTEND_URL":"http://localhost:3000","LOG_LEVEL":"INFO","MIGRATE_ON_START":"false"}`, "localhost exposure")
	expect(t, web, "data", `{"API_URL":"http://backend:8000","BETTER_AUTH_URL":"http://localhost:3000","CHATBOT_URL":"http://localhost:3001","NEXT_PUBLIC_API_URL":"http://localhost:8000"}`, "localhost exposure")
	expect(t, chatbot, "data", `{"API_URL":"http://backend:8000","FRONTEND_URL":"http://localhost:3000","VITE_API_URL":"http://localhost:8000"}`, "localhost exposure")
	expect(t, r.Get(imageType, "todo-frontend-web-image-build"), "build.args", `{"NEXT_PUBLIC_API_URL":"http://localhost:8000","NODE_IMAGE":"node:20-alpine"}`, "localhost exposure")
}

func TestNodePorts(t *testing.T) {
	r := runApp(t, nil)
	for service, port := range map[string]string{"frontend-web": "30000", "frontend-chatbot": "30001"} {
		s := r.Get(serviceType, "todo-exposure-"+service+"-nodeport")
		expect(t, s, "spec.ports.0.nodePort", port, "it is documented")
		expect(t, s, "spec.selector", r.Get(deploymentType, "todo-"+service+"-deployment").JSON("spec.selector.matchLabels"), "otherwise it leads nowhere")
	}
	for _, s := range r.OfType(serviceType) {
		if strings.Contains(s.Name, "backend") && s.Text("spec.type") != "ClusterIP" {
			t.Errorf("the backend's %s is a %s, want ClusterIP", s.Name, s.Text("spec.type"))
		}
	}
}

func TestNamespaceEnforcesRestricted(t *testing.T) {
	ns := runApp(t, nil).Get("kubernetes:core/v1:Namespace", "todo-namespace")
	expect(t, ns, "metadata.name", `"todo-dev"`, "users type it")
	for _, mode := range []string{"enforce", "audit", "warn"} {
		key := "pod-security.kubernetes.io/" + mode
		if got := ns.At("metadata.labels").ObjectValue()[resource.PropertyKey(key)]; got.V != "restricted" {
			t.Errorf("%s is %v, want restricted", key, got.V)
		}
	}
}

func TestProduction(t *testing.T) {
	r := runStack(t, pulumitest.Options{
		Stack: "live", Root: pulumitest.Project(t), Config: production,
		Secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"},
	})

	if n := len(r.OfType("kubernetes:apps/v1:StatefulSet")); n != 0 {
		t.Errorf("production runs %d databases of its own, want none", n)
	}
	image := r.Get(deploymentType, "todo-backend-deployment").Text(container + "image")
	if !strings.HasPrefix(image, "registry.your-company.com/todo/backend@sha256:") {
		t.Errorf("the backend runs %s, want a digest: a tag can be moved", image)
	}
	expect(t, r.Get(imageType, "todo-backend-image-build"), "skipPush", "false", "the cluster pulls it")
	ingress := r.Get("kubernetes:networking.k8s.io/v1:Ingress", "todo-exposure-ingress")
	expect(t, ingress, "spec.tls", `[{"hosts":["todo.your-company.com","chat.todo.your-company.com","api.todo.your-company.com"],"secretName":"todo-tls"}]`, "all hosts have TLS")
	for i, service := range []string{"frontend-web", "frontend-chatbot", "backend"} {
		expect(t, ingress, "spec.rules."+strconv.Itoa(i)+".http.paths.0.backend.service", `{"name":"`+service+`","port":{"name":"http"}}`, "hosts and services belong together")
	}
	web := r.Get(configMapType, "todo-frontend-web-config-configmap")
	expect(t, web, "data.COOKIE_DOMAIN", `"todo.your-company.com"`, "web and chatbot share a session")
	expect(t, web, "data.BETTER_AUTH_URL", `"https://todo.your-company.com"`, "https makes the cookie Secure")
}

// runStack runs the application with a Docker Engine that answers.
func runStack(t *testing.T, o pulumitest.Options) *pulumitest.Recorder {
	t.Helper()
	o.Config = maps.Clone(o.Config)
	o.Config["todo:dockerHost"] = pulumitest.Engine(t)
	return runAsGiven(t, o)
}

// runAsGiven runs the application with the options as they are.
func runAsGiven(t *testing.T, o pulumitest.Options) *pulumitest.Recorder {
	t.Helper()
	var run Run
	r, _, err := pulumitest.Run(t, o, func(ctx *pulumi.Context) error {
		cfg, err := run.Load(ctx)
		if err != nil {
			return err
		}
		_, err = NewTodoApp(ctx, "todo", cfg)
		return err
	}, run.Read)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// An application may have only some of the three services; nothing that is for another may be left over.
func TestDisabledServices(t *testing.T) {
	for _, c := range []struct{ off, absent string }{
		{"frontend-chatbot", "chatbot"}, {"frontend-web", "frontend-web"}, {"backend", "backend"},
	} {
		r := runApp(t, map[string]string{"todo:services": `{"` + c.off + `":{"enabled":false}}`})
		for _, res := range r.All() {
			if strings.Contains(res.Name, c.absent) {
				t.Errorf("without %s there is still %s/%s", c.off, res.Type, res.Name)
			}
			if res.Type == configMapType || res.Type == "kubernetes:networking.k8s.io/v1:NetworkPolicy" {
				if text := res.JSON("data") + res.JSON("spec"); strings.Contains(text, `"`+c.off+`"`) || strings.Contains(text, "http://"+c.off) {
					t.Errorf("without %s, %s still speaks of it: %s", c.off, res.Name, text)
				}
			}
		}
		if n := len(r.OfType(deploymentType)); n != 2 {
			t.Errorf("without %s there are %d Deployments, want 2", c.off, n)
		}
	}
	r := runApp(t, map[string]string{"todo:services": `{"frontend-chatbot":{"enabled":false}}`})
	expect(t, r.Get(configMapType, "todo-backend-config-configmap"), "data.ALLOWED_ORIGINS", `"http://localhost:3000"`, "no browser comes from the chatbot")
	expect(t, r.Get(configMapType, "todo-frontend-web-config-configmap"), "data.CHATBOT_URL", "null", "a link would lead nowhere")

	r = runApp(t, map[string]string{"todo:services": `{"backend":{"enabled":false},"frontend-web":{"env":{"API_URL":"https://api.your-company.com"}}}`})
	expect(t, r.Get(configMapType, "todo-frontend-web-config-configmap"), "data.API_URL", `"https://api.your-company.com"`, "a backend elsewhere is the user's to name")
	if n := len(r.OfType("kubernetes:apps/v1:StatefulSet")) + len(r.OfType("kubernetes:batch/v1:Job")); n != 0 {
		t.Errorf("without the backend there are %d databases and migrations, want none", n)
	}

	live := maps.Clone(production)
	live["todo:services"] = `{"backend":{"enabled":false},"frontend-chatbot":{"enabled":false}}`
	o := pulumitest.Options{Stack: "live", Root: pulumitest.Project(t), Config: live} // no DATABASE_URL: nobody would use it
	ingress := runStack(t, o).Get("kubernetes:networking.k8s.io/v1:Ingress", "todo-exposure-ingress")
	expect(t, ingress, "spec.tls.0.hosts", `["todo.your-company.com"]`, "a certificate for the others would be asked for in vain")
}
