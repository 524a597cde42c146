// Package conformance lets Kubernetes' own libraries judge what the Pulumi program makes: the shape of every object and the
// Pod Security Standard of every pod. It needs no cluster.
package conformance

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
	"todo/platform"
)

// stacks are what is judged: the two committed ones, and the features that bring kinds of their own.
var stacks = map[string]struct {
	stack   string
	config  map[string]string
	secrets map[string]string
}{
	"dev": {stack: "dev", config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000", "todo:migration": `{"enabled":true}`,
		"todo:registryUsername": "robot", "todo:database": `{"storageClass":"fast"}`, "todo:aiops": `{"kagent":{"enabled":true}}`,
		"todo:services": `{"backend":{"egress":[{"cidr":"10.0.0.0/8","port":6379}],"nodeSelector":{"disk":"ssd"},"tolerations":[{"key":"a","operator":"Exists"}]}}`,
	}, secrets: map[string]string{"todo:registryPassword": "a-token-of-the-registry", "todo:OPENAI_API_KEY": "a-key-of-the-model"}},
	"prod": {stack: "prod", config: live, secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"}},
	"watched": {stack: "prod", config: with(live, map[string]string{"todo:observability": `{"metrics":"podMonitor","alerts":"configMap","dashboard":true,"otlpEndpoint":"http://collector.monitoring:4318"}`}),
		secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"}},
	"rows": {stack: "dev", config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
		"todo:services": `{"shop":{"image":"registry.your-company.com/shop:1","port":8080,"localPort":8080,"nodePort":30010,"public":true,"envFrom":["shared"],
			"writable":{"/var/cache/shop":"32Mi"},"configFiles":{"/etc/shop.ini":"a = b"},"serviceAccount":{"name":"shop"},"secrets":["KEY"]},
			"worker":{"image":"shop","command":["work"]},"report":{"image":"shop","args":["report"],"schedule":"0 3 * * *"}}`,
	}, secrets: map[string]string{"todo:secrets": `{"KEY":"a-key"}`}},
	"manifests": {stack: "prod", config: with(live, map[string]string{"todo:externalSecrets": `{"store":"vault"}`, "todo:renderYaml": "rendered", "todo:migration": `{"enabled":true}`})},
}

var live = map[string]string{
	"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "cloud", "todo:domain": "todo.your-company.com", "todo:registry": "registry.your-company.com",
}

func with(base, extra map[string]string) map[string]string {
	all := maps.Clone(base)
	maps.Copy(all, extra)
	return all
}

// objects are what a stack would send to the API server; what Helm sends is the charts' business.
func objects(t *testing.T, name string) []pulumitest.Resource {
	t.Helper()
	return slices.DeleteFunc(resources(t, name, nil), func(res pulumitest.Resource) bool {
		return !strings.HasPrefix(res.Type, "kubernetes:") || res.Type == releaseType
	})
}

// resources are a stack's, with some of its keys changed.
func resources(t *testing.T, name string, changed map[string]string) []pulumitest.Resource {
	t.Helper()
	c := stacks[name]
	o := pulumitest.Options{Stack: c.stack, Root: pulumitest.Project(t), Config: pulumitest.StackConfig(t, "..", c.stack), Secrets: c.secrets}
	maps.Copy(o.Config, c.config)
	maps.Copy(o.Config, changed)
	for key := range c.secrets {
		delete(o.Config, key)
	}
	o.Config["todo:dockerHost"] = pulumitest.Engine(t)
	var run platform.Run
	r, _, err := pulumitest.Run(t, o, func(ctx *pulumi.Context) error {
		cfg, err := run.Load(ctx)
		if err != nil {
			return err
		}
		_, err = platform.NewTodoApp(ctx, "todo", cfg)
		return err
	}, run.Read)
	if err != nil {
		t.Fatal(err)
	}
	return r.All()
}

// strict refuses unknown fields, duplicate ones, and values of another type, as `kubectl --validate=strict` does.
var strict = serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme.Scheme, scheme.Scheme, serializer.SerializerOptions{Strict: true})

// custom are the API groups of others, of which Kubernetes' libraries know nothing.
var custom = []string{"external-secrets.io/", "gateway.networking.k8s.io/", "kagent.dev/", "monitoring.coreos.com/"}

func decode(manifest string) (runtime.Object, error) {
	object, _, err := strict.Decode([]byte(manifest), nil, nil)
	return object, err
}

func TestEveryObjectIsOneOfKubernetes(t *testing.T) {
	for name := range stacks {
		judged := 0
		for _, res := range objects(t, name) {
			var kind struct{ APIVersion, Kind string }
			if err := json.Unmarshal([]byte(res.Manifest()), &kind); err != nil {
				t.Fatal(err)
			}
			if slices.ContainsFunc(custom, func(group string) bool { return strings.HasPrefix(kind.APIVersion, group) }) {
				continue
			}
			if _, err := decode(res.Manifest()); err != nil {
				t.Errorf("%s: the API server would refuse %s %s: %v", name, kind.Kind, res.Name, err)
			}
			judged++
		}
		if judged < 20 {
			t.Errorf("%s: %d objects were judged, want all of some thirty", name, judged)
		}
	}
}

func TestAMisspeltFieldIsNoticed(t *testing.T) {
	for _, wrong := range []string{
		`{"apiVersion":"v1","kind":"Service","spec":{"selektor":{}}}`,
		`{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":"2"}}`,
		`{"apiVersion":"apps/v2","kind":"Deployment"}`,
		`{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"resources":{"limits":{"cpu":"half"}}}]}}`,
	} {
		if _, err := decode(wrong); err == nil {
			t.Errorf("%s was accepted: the test above would prove nothing", wrong)
		}
	}
}

// restricted is the standard that the namespace enforces.
var restricted = api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}

func judge(t *testing.T, pod corev1.PodTemplateSpec) policy.AggregateCheckResult {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	return policy.AggregateCheckResults(evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec))
}

func TestEveryPodIsRestricted(t *testing.T) {
	judged := map[string]int{}
	for name := range stacks {
		for _, res := range objects(t, name) {
			object, err := decode(res.Manifest())
			if err != nil {
				continue // the test above says so
			}
			var pod corev1.PodTemplateSpec
			switch o := object.(type) {
			case *appsv1.Deployment:
				pod = o.Spec.Template
			case *appsv1.StatefulSet:
				pod = o.Spec.Template
			case *batchv1.Job:
				pod = o.Spec.Template
			default:
				continue
			}
			judged[name]++
			if result := judge(t, pod); !result.Allowed {
				t.Errorf("%s: the namespace would refuse the pods of %s: %s", name, res.Name, result.ForbiddenDetail())
			}
		}
	}
	for name, want := range map[string]int{"dev": 5, "prod": 4, "watched": 4, "manifests": 4} {
		if judged[name] != want {
			t.Errorf("%s: %d pods were judged, want %d", name, judged[name], want)
		}
	}
}

func TestARootPodIsNoticed(t *testing.T) {
	root := int64(0)
	for _, res := range objects(t, "dev") {
		object, err := decode(res.Manifest())
		if err != nil {
			continue // TestEveryObjectIsOneOfKubernetes says so
		}
		if deployment, is := object.(*appsv1.Deployment); is {
			deployment.Spec.Template.Spec.SecurityContext.RunAsUser = &root
			if judge(t, deployment.Spec.Template).Allowed {
				t.Errorf("%s as root was accepted: the test above would prove nothing", res.Name)
			}
		}
	}
}
