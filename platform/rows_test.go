package platform

import (
	"slices"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// shop is a stack with four services more: one that serves, a worker, a job by the clock, and a store for both.
const shop = `{
  "shop":   {"image": "registry.your-company.com/shop:1", "port": 8080, "localPort": 8080, "public": true, "nodePort": 30010, "replicas": 2,
             "probes": {"liveness": "/alive", "readiness": "/ready"},
             "env": {"API": "${services.backend.url}/v1", "SITE": "${services.shop.publicUrl}", "STORE": "${services.store.host}:${services.store.port}",
                     "DB": "${database.host}:${database.port}/${database.name}", "PRICE": "$${amount}", "NUMBER": 7, "DEBUG": false},
             "secrets": ["DATABASE_URL", "STRIPE_KEY"], "envFrom": ["shared"], "uses": ["internet:587", "10.0.0.0/8:9092"],
             "writable": {"/var/cache/shop": "32Mi"}, "configFiles": {"/etc/shop.ini": "colour = red"},
             "serviceAccount": {"name": "shop-identity"}, "command": ["shop"], "args": ["serve"]},
  "worker": {"image": "shop", "command": ["shop", "work"], "uses": ["store"], "secrets": ["STORE_PASSWORD"]},
  "report": {"image": "shop", "command": ["shop", "report"], "schedule": "0 3 * * *", "uses": ["database"], "serviceAccount": {"name": "robot", "existing": true}},
  "store":  {"image": "registry.your-company.com/store:1", "port": 6379, "secrets": ["STORE_PASSWORD"]}
}`

func runShop(t *testing.T, extra map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{Root: pulumitest.Project(t),
		Config: map[string]string{
			"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000", "todo:services": shop,
		},
		Secrets: map[string]string{"todo:secrets": `{"STRIPE_KEY":"canary-stripe","STORE_PASSWORD":"canary-store"}`},
	}
	for key, value := range extra {
		o.Config[key] = value
	}
	return runStack(t, o)
}

func TestAServiceOfOnesOwn(t *testing.T) {
	r := runShop(t, nil)
	config := r.Get(configMapType, "todo-shop-config-configmap")
	for variable, want := range map[string]string{
		"API": `"http://backend:8000/v1"`, "SITE": `"http://localhost:8080"`, "STORE": `"store:6379"`, "DB": `"database:5432/todo"`,
		"PRICE": `"${amount}"`, "NUMBER": `"7"`, "DEBUG": `"false"`,
	} {
		expect(t, config, "data."+variable, want, "references are resolved, and what the CLI makes of text is text again")
	}
	d := r.Get(deploymentType, "todo-shop-deployment")
	expect(t, d, container+"command", `["shop"]`, "as asked")
	expect(t, d, container+"args", `["serve"]`, "as asked")
	expect(t, d, container+"envFrom.0", `{"secretRef":{"name":"shared"}}`, "an existing Secret comes first, so that the stack's own values win")
	expect(t, d, container+"readinessProbe.httpGet", `{"path":"/ready","port":"http"}`, "as asked")
	if env := d.JSON(container + "env"); !strings.Contains(env, `"STRIPE_KEY"`) || !strings.Contains(env, `"DATABASE_URL"`) || strings.Contains(env, "BETTER_AUTH_SECRET") {
		t.Errorf("the shop's secret variables are %s, want STRIPE_KEY and DATABASE_URL, which it lists, and no others", env)
	}
	files := r.Get(configMapType, "todo-shop-files-configmap")
	if name := d.Text(podPath + "volumes.0.configMap.name"); !strings.HasPrefix(name, files.Name) {
		t.Errorf("the files come from ConfigMap %s, want %s under its generated name: a change of a file rolls the pods", name, files.Name)
	}
	if mounts := d.JSON(container + "volumeMounts"); !strings.Contains(mounts, `"mountPath":"/etc/shop.ini"`) || !strings.Contains(mounts, `"mountPath":"/var/cache/shop"`) {
		t.Errorf("the shop mounts %s, want its file and its folder", mounts)
	}
	expect(t, r.Get("kubernetes:core/v1:ServiceAccount", "todo-shop-serviceaccount"), "metadata.name", `"shop-identity"`, "a cloud's identity knows it by name")
	expect(t, r.Get(serviceType, "todo-exposure-shop-nodeport"), "spec.ports.0.nodePort", "30010", "it is public")
	for _, res := range r.All() {
		for _, canary := range []string{"canary-stripe", "canary-store"} {
			if leaks := res.Leaks(canary); len(leaks) > 0 {
				t.Errorf("%s would be readable in the state at %v", canary, leaks)
			}
		}
	}
}

func TestAWorkerServesNothing(t *testing.T) {
	r := runShop(t, nil)
	worker := r.Get(deploymentType, "todo-worker-deployment")
	for _, field := range []string{"ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle"} {
		expect(t, worker, container+field, "null", "nobody connects to a worker")
	}
	expect(t, worker, container+"image", r.Get(deploymentType, "todo-shop-deployment").JSON(container+"image"), "it runs the shop's image")
	for _, s := range r.OfType(serviceType) {
		if s.Name == "todo-worker-service" {
			t.Error("a worker has a Service, to which nothing answers")
		}
	}
	expect(t, r.Get(deploymentType, "todo-store-deployment"), container+"readinessProbe.tcpSocket", `{"port":"http"}`, "without a path the port is asked")
}

func TestASchedule(t *testing.T) {
	r := runShop(t, nil)
	job := r.Get(cronJobType, "todo-report-cronjob")
	expect(t, job, "spec.schedule", `"0 3 * * *"`, "as asked")
	expect(t, job, "spec.timeZone", `"Etc/UTC"`, "a node's own zone is nobody's business")
	expect(t, job, "spec.concurrencyPolicy", `"Forbid"`, "runs do not overlap")
	pod := "spec.jobTemplate.spec.template.spec."
	expect(t, job, pod+"restartPolicy", `"Never"`, "each try keeps its log")
	expect(t, job, pod+"serviceAccountName", `"robot"`, "it exists")
	expect(t, job, pod+"securityContext.runAsNonRoot", "true", "as every pod")
	for _, account := range r.OfType("kubernetes:core/v1:ServiceAccount") {
		if account.Name == "todo-report-serviceaccount" {
			t.Error("an existing ServiceAccount is made once more")
		}
	}
}

func TestConnectionsFollowFromUses(t *testing.T) {
	lines := connections(t, runShop(t, nil))
	for _, want := range []string{
		"shop -> backend TCP 8000", "backend <- shop TCP 8000", // of a reference
		"shop -> store TCP 6379", "worker -> store TCP 6379", "store <- worker TCP 6379",
		"shop -> database TCP 5432", // of a secret
		"report -> database TCP 5432",
		"shop -> 0.0.0.0/0 but 10.0.0.0/8,100.64.0.0/10,169.254.0.0/16,172.16.0.0/12,192.168.0.0/16 TCP 587",
		"shop -> 10.0.0.0/8 TCP 9092",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("nothing allows %q; allowed:\n%s", want, strings.Join(lines, "\n"))
		}
	}
	for _, line := range lines {
		for _, forbidden := range []string{"worker -> database", "worker -> backend", "store ->", "report -> store", "frontend-web -> shop"} {
			if strings.HasPrefix(line, forbidden) {
				t.Errorf("%q is allowed, and nobody asked for it", line)
			}
		}
	}
}

func TestProductionChangesAServiceAfterThoseThatItUses(t *testing.T) {
	o := pulumitest.Options{Stack: "live", Root: pulumitest.Project(t), Config: map[string]string{"todo:services": `{"shop":{"image":"registry.your-company.com/shop:1","port":80,
		"uses":["backend"],"public":{"path":"/shop","annotations":{"a/b":"c"}}}}`},
		Secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"}}
	for key, value := range production {
		o.Config[key] = value
	}
	r := runStack(t, o)
	backend := r.Get(deploymentType, "todo-backend-deployment")
	for _, service := range []string{"frontend-web", "frontend-chatbot", "shop"} {
		if d := r.Get(deploymentType, "todo-"+service+"-deployment"); !dependsOn(d, backend) {
			t.Errorf("%s may change before the backend that it calls: it depends on %v", service, d.DependsOn)
		}
	}
	own := r.Get("kubernetes:networking.k8s.io/v1:Ingress", "todo-exposure-shop-ingress")
	expect(t, own, "spec.rules.0.host", `"shop.todo.your-company.com"`, "below the domain")
	expect(t, own, "spec.rules.0.http.paths.0.path", `"/shop"`, "as asked")
	expect(t, own, "metadata.annotations.a/b", `"c"`, "its own annotations, on an Ingress of its own")
	if all := r.Get("kubernetes:networking.k8s.io/v1:Ingress", "todo-exposure-ingress").JSON("spec.rules"); strings.Contains(all, "shop.todo") {
		t.Errorf("the other Ingress serves the shop too: %s", all)
	}
}

func TestTheMigrationReadsTheBackendsOwnSecrets(t *testing.T) {
	o := pulumitest.Options{Root: pulumitest.Project(t), Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
		"todo:services": `{"backend":{"secrets":["SEED_KEY"]}}`,
	}, Secrets: map[string]string{"todo:secrets": `{"SEED_KEY":"canary-seed"}`}}
	env := runStack(t, o).Get(jobType, "todo-migration-job").JSON(container + "env")
	if !strings.Contains(env, `"SEED_KEY"`) || strings.Contains(env, "OPENAI_API_KEY") {
		t.Errorf("the migration reads %s, want DATABASE_URL and what the stack lists for the backend", env)
	}
}
