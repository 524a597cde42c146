//go:build e2e

package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	rehearsal         = "e2e-prod"
	rehearsalSpace    = "todo-" + rehearsal
	rehearsalDatabase = "todo-e2e-database" // a namespace of its own: to the stack it is somebody else's server
)

// rehearsalConfig is production on the lab. What is special about it, and only because of the lab: the cluster is this machine's,
// requests are small because the node has two cores, and pods go after 15 s of rest so that nobody has to watch it for five
// minutes. The web's image is the one that development built: one image serves every environment.
const rehearsalConfig = `config:
  todo:production: true
  todo:allowLocalCluster: true
  todo:kubeContext: %q
  todo:kubeconfigPath: %q
  todo:registry: %q
  todo:dockerHost: %q
  todo:exposure: ingress
  todo:domain: todo.test
  todo:tlsSecret: todo-tls
  todo:labels: {team: e2e}
  todo:images: {frontend-web: %q}
  todo:services:
    backend:
      resources: {requests: {cpu: 100m}}
      autoscaling: {maxReplicas: 3, cpuPercent: 30, scaleDownSeconds: 15}
    frontend-web:
      resources: {requests: {cpu: 20m}}
    frontend-chatbot:
      replicas: 1
      resources: {requests: {cpu: 20m}}
      autoscaling: {enabled: false}
`

// testProduction puts a production stack beside nothing else on the node, and takes it away again.
func testProduction(t *testing.T) {
	var cluster struct{ Kind, Context, Kubeconfig, Registry, DockerHost string }
	text, err := os.ReadFile(filepath.Join(root, ".state", "dev", "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cluster); err != nil {
		t.Fatal(err)
	}
	if cluster.Registry == "" {
		t.Skipf("the images of %s are in its daemon: production pulls from a registry", cluster.Kind)
	}
	web := digest(t, cluster.Registry, kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=frontend-web",
		"-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"))
	run(t, "make", "down") // the node has two cores

	file := filepath.Join(root, "Pulumi."+rehearsal+".yaml")
	config := fmt.Sprintf(rehearsalConfig, cluster.Context, cluster.Kubeconfig, cluster.Registry, cluster.DockerHost, web)
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	})
	url := strangersDatabase(t)
	t.Cleanup(func() {
		pulumi(t, "destroy", "-s", rehearsal, "--yes", "--skip-preview")
		pulumi(t, "stack", "rm", rehearsal, "--yes", "--preserve-config")
	})
	pulumi(t, "config", "set", "-s", rehearsal, "--secret", "DATABASE_URL", url)
	pulumi(t, "up", "-s", rehearsal, "--yes", "--skip-preview")

	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"pods run by digest, spread, and labelled", func(t *testing.T) { testProductionPods(t, cluster.Registry) }},
		{"nothing changes by itself", testProductionRests},
		{"the autoscaler follows the load and Pulumi leaves it alone", testAutoscaling},
		{"a drain waits for the pods that are left", testDrain},
		{"destroy leaves nothing", testProductionDestroy},
	} {
		if !t.Run(step.name, step.test) {
			for _, args := range [][]string{{"get", "all,hpa,pdb,resourcequota,events", "-o", "wide"}, {"describe", "pods,hpa,jobs"}} {
				out, err := kubectlTry(t, append([]string{"-n", rehearsalSpace}, args...)...)
				t.Logf("%v\n%s", err, out)
			}
			return
		}
	}
}

// pulumi is plain Pulumi in the environment that `make env` prints.
func pulumi(t *testing.T, args ...string) string {
	t.Helper()
	return run(t, "bash", append([]string{"-c", `eval "$(make env STACK=` + rehearsal + `)" && exec pulumi "$@"`, "pulumi"}, args...)...)
}

// strangersDatabase runs a Postgres outside the stack, and returns its URL.
func strangersDatabase(t *testing.T) (url string) {
	t.Helper()
	password := rand.Text()
	kubectl(t, "create", "namespace", rehearsalDatabase)
	t.Cleanup(func() {
		if out, err := kubectlTry(t, "delete", "namespace", rehearsalDatabase, "--timeout=120s"); err != nil {
			t.Errorf("removing namespace %s: %v\n%s", rehearsalDatabase, err, out)
		}
	})
	kubectl(t, "-n", rehearsalDatabase, "run", "postgres", "--image=postgres:17-alpine", "--image-pull-policy=IfNotPresent", "--port=5432", "--expose",
		"--env=POSTGRES_USER=todo", "--env=POSTGRES_DB=todo", "--env=POSTGRES_PASSWORD="+password)
	kubectl(t, "-n", rehearsalDatabase, "wait", "pod/postgres", "--for=condition=Ready", "--timeout=120s")
	return fmt.Sprintf("postgresql://todo:%s@postgres.%s.svc:5432/todo", password, rehearsalDatabase)
}

// digest is the reference of an image by its content, as the registry knows it.
func digest(t *testing.T, registry, image string) string {
	t.Helper()
	path := strings.TrimPrefix(image, registry+"/")
	repository, tag, _ := strings.Cut(path, ":")
	if at, sum, found := strings.Cut(path, "@"); found {
		repository, tag = at, sum
	}
	request, err := http.NewRequest(http.MethodHead, fmt.Sprintf("http://%s/v2/%s/manifests/%s", registry, repository, tag), nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/vnd.docker.distribution.manifest.v2+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	sum := response.Header.Get("Docker-Content-Digest")
	if response.StatusCode != http.StatusOK || sum == "" {
		t.Fatalf("the registry does not know %s: %s", image, response.Status)
	}
	return registry + "/" + repository + "@" + sum
}

type rehearsalPod struct {
	Metadata struct {
		Name              string
		Labels            map[string]string
		DeletionTimestamp string
	}
	Spec struct {
		Containers                []struct{ Image string }
		TopologySpreadConstraints []struct{ TopologyKey, WhenUnsatisfiable string }
	}
	Status struct {
		Phase             string
		ContainerStatuses []struct {
			ImageID string
			Ready   bool
		}
	}
}

// rehearsalPods are those of one service, without the ones on their way out.
func rehearsalPods(t *testing.T, service string) []rehearsalPod {
	t.Helper()
	var list struct{ Items []rehearsalPod }
	if err := json.Unmarshal([]byte(kubectl(t, "-n", rehearsalSpace, "get", "pods", "-l", "app.kubernetes.io/name="+service, "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var all []rehearsalPod
	for _, p := range list.Items {
		if p.Metadata.DeletionTimestamp == "" {
			all = append(all, p)
		}
	}
	return all
}

func ready(pods []rehearsalPod) int {
	n := 0
	for _, p := range pods {
		if len(p.Status.ContainerStatuses) > 0 && p.Status.ContainerStatuses[0].Ready {
			n++
		}
	}
	return n
}

func testProductionPods(t *testing.T, registry string) {
	eventually(t, 2*time.Minute, "two Ready pods of the backend and of the web", func() error { // a Deployment begins with one
		for _, service := range []string{"backend", "frontend-web"} {
			if n := ready(rehearsalPods(t, service)); n != 2 {
				return fmt.Errorf("%s has %d", service, n)
			}
		}
		return nil
	})
	for service, want := range map[string]int{"backend": 2, "frontend-web": 2, "frontend-chatbot": 1, "migration": 1} {
		pods := rehearsalPods(t, service)
		if len(pods) != want {
			t.Errorf("%s has %d pods, want %d", service, len(pods), want)
		}
		for _, p := range pods {
			image := p.Spec.Containers[0].Image
			if !strings.Contains(image, "@sha256:") {
				t.Errorf("%s runs %s: a tag can be moved", p.Metadata.Name, image)
			} else if known := digest(t, registry, image); known != image {
				t.Errorf("%s runs %s, and the registry has %s", p.Metadata.Name, image, known)
			}
			if _, sum, _ := strings.Cut(image, "@"); !strings.HasSuffix(p.Status.ContainerStatuses[0].ImageID, sum) {
				t.Errorf("%s was to run %s and runs %s", p.Metadata.Name, image, p.Status.ContainerStatuses[0].ImageID)
			}
			if p.Metadata.Labels["team"] != "e2e" {
				t.Errorf("%s lacks the label of every pod: %v", p.Metadata.Name, p.Metadata.Labels)
			}
			var over []string
			for _, c := range p.Spec.TopologySpreadConstraints {
				over = append(over, c.TopologyKey+" "+c.WhenUnsatisfiable)
			}
			if got := strings.Join(over, ", "); service != "migration" && got != "kubernetes.io/hostname ScheduleAnyway, topology.kubernetes.io/zone ScheduleAnyway" {
				t.Errorf("%s spreads over %q, want nodes and zones", p.Metadata.Name, got)
			}
		}
	}
	if log := kubectl(t, "-n", rehearsalSpace, "logs", "-l", "app.kubernetes.io/name=migration"); !strings.Contains(log, "schema is up to date") {
		t.Errorf("the migration of a database outside the namespace says:\n%s", log)
	}
	// 2×3+1 of the backend, 2×6+1 of the web, 2×1+1 of the chatbot, 2 of the migration, 2 to spare.
	quota := kubectl(t, "-n", rehearsalSpace, "get", "resourcequota", "-o", "jsonpath={.items[0].status.used.pods}/{.items[0].status.hard.pods}")
	if quota != "5/27" {
		t.Errorf("the quota counts %s pods, want 5 of 27", quota)
	}
}

func testProductionRests(t *testing.T) {
	for _, args := range [][]string{{"up", "--yes", "--skip-preview"}, {"refresh", "--yes", "--skip-preview"}, {"up", "--yes", "--skip-preview"}} {
		out := pulumi(t, append(args, "-s", rehearsal)...)
		if got := summary(out); len(got) != 1 || got["unchanged"] == "" {
			t.Errorf("pulumi %s: the summary is %v, want only unchanged:\n%s", args[0], got, out)
		}
	}
}

func testProductionDestroy(t *testing.T) {
	pulumi(t, "destroy", "-s", rehearsal, "--yes", "--skip-preview")
	if out, err := kubectlTry(t, "get", "namespace", rehearsalSpace); err == nil {
		t.Errorf("the namespace is still there:\n%s", out)
	}
	left := kubectl(t, "get", "persistentvolumes,clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/instance=todo-"+rehearsal, "-o", "name")
	if strings.TrimSpace(left) != "" {
		t.Errorf("these are still there:\n%s", left)
	}
}
