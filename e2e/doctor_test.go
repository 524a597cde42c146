//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	sickNamespace  = "todo-doctor"       // enforces the restricted Pod Security Standard, as the stack's does
	quotaNamespace = "todo-doctor-quota" // has room for one pod
	seededSecret   = "pr1nted-by-m1stake"
)

// object is a Kubernetes object as JSON.
type object = map[string]any

// sickness is one seeded failure and what the doctor has to say about it.
type sickness struct {
	cause  string
	likely string // part of the sentence
	fix    string // part of the command
	heals  bool   // the command as it is printed makes the workload Ready
	seed   []object
}

// deployment is one pod of the application's own kind, with something wrong.
func deployment(namespace, name, image string, change func(pod, container object)) object {
	container := object{
		"name": name, "image": image, "command": []string{"python", "-c", "import time; time.sleep(3600)"},
		"resources":       object{"requests": object{"cpu": "10m", "memory": "24Mi"}},
		"securityContext": object{"allowPrivilegeEscalation": false, "capabilities": object{"drop": []string{"ALL"}}},
	}
	pod := object{
		"containers": []object{container}, "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
		"securityContext": object{"runAsNonRoot": true, "runAsUser": 10001, "seccompProfile": object{"type": "RuntimeDefault"}},
	}
	change(pod, container)
	label := object{"app.kubernetes.io/name": name}
	return object{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": object{"name": name, "namespace": namespace, "labels": label},
		"spec": object{"replicas": 1, "selector": object{"matchLabels": label}, "template": object{"metadata": object{"labels": label}, "spec": pod}},
	}
}

func python(container object, code string) { container["command"] = []string{"python", "-c", code} }

func httpProbe(path string, period int) object {
	return object{"httpGet": object{"path": path, "port": 8000}, "periodSeconds": period, "failureThreshold": 1}
}

func fromSecret(name, secret, key string) object {
	return object{"name": name, "valueFrom": object{"secretKeyRef": object{"name": secret, "key": key}}}
}

// sicknesses are what goes wrong in practice, each alone in a workload of its name. They all run at the same time.
func sicknesses(image, postgres string) map[string]sickness {
	one := func(name string, change func(pod, container object)) []object {
		return []object{deployment(sickNamespace, name, image, change)}
	}
	env := func(c object, values ...object) { c["env"] = values }
	plain := func(name, value string) object { return object{"name": name, "value": value} }
	job := deployment(sickNamespace, "job", image, func(pod, c object) {
		python(c, "raise SystemExit('no such table: tasks')")
		pod["restartPolicy"] = "Never"
	})
	template := job["spec"].(object)["template"]
	job["apiVersion"], job["kind"], job["spec"] = "batch/v1", "Job", object{"backoffLimit": 0, "template": template}

	return map[string]sickness{
		"image": {"ImagePull", "There is no image", "set image", false, one("image", func(_, c object) {
			c["image"] = image + "-no-such-tag"
		})},
		"crash": {"Crash", "ends by itself", "rollout undo", false, one("crash", func(_, c object) {
			python(c, "import os; print('connecting with', os.environ['PASSWORD'], flush=True); raise SystemExit(3)")
			env(c, fromSecret("PASSWORD", "seeded", "PASSWORD"))
		})},
		"command": {"Command", "cannot be started", "rollout undo", false, one("command", func(_, c object) {
			c["command"] = []string{"/no/such/program"}
		})},
		"oom": {"OOM", "limit of 32Mi", "--limits=memory=64Mi", true, one("oom", func(_, c object) {
			python(c, "import time; x = b'x' * (36 << 20); time.sleep(3600)")
			c["resources"] = object{"requests": object{"cpu": "10m", "memory": "24Mi"}, "limits": object{"memory": "32Mi"}}
		})},
		"readiness": {"Readiness", "/ready does not answer", "edit deployment/readiness", false, one("readiness", func(_, c object) {
			c["command"] = []string{"python", "-m", "http.server", "8000", "-d", "/tmp"}
			c["readinessProbe"] = httpProbe("/ready", 1)
		})},
		"liveness": {"Liveness", "/health does not answer", "deployment/liveness", false, one("liveness", func(_, c object) {
			c["command"] = []string{"python", "-m", "http.server", "8000", "-d", "/tmp"}
			c["livenessProbe"], c["readinessProbe"] = httpProbe("/health", 1), object{"tcpSocket": object{"port": 8000}, "initialDelaySeconds": 60}
		})},
		"startup": {"Startup", "startup probe", "rollout undo", false, one("startup", func(_, c object) {
			c["startupProbe"] = httpProbe("/health", 2)
		})},
		"quota": {"Quota", "ResourceQuota small has no room", "patch resourcequota small", true, []object{
			{"apiVersion": "v1", "kind": "ResourceQuota", "metadata": object{"name": "small", "namespace": quotaNamespace}, "spec": object{"hard": object{"requests.cpu": "5m"}}},
			deployment(quotaNamespace, "quota", image, func(_, _ object) {}),
		}},
		"security": {"PodSecurity", "allowPrivilegeEscalation != false", "patch deployment/security", true, one("security", func(pod, c object) {
			delete(pod, "securityContext")
			delete(c, "securityContext")
		})},
		"cpu": {"Scheduling", "The pod asks for 64 of cpu. The node with most room, ", "--requests=cpu=100m", true, one("cpu", func(_, c object) {
			c["resources"] = object{"requests": object{"cpu": "64"}}
		})},
		"selector": {"Scheduling", "No node has the label disk=fast", "label nodes --all disk=fast", false, one("selector", func(pod, _ object) {
			pod["nodeSelector"] = object{"disk": "fast"}
		})},
		"volume": {"Volume", "StorageClass premium, which this cluster does not have", "replace --force", true, append(one("volume", func(pod, _ object) {
			pod["volumes"] = []object{{"name": "data", "persistentVolumeClaim": object{"claimName": "data"}}}
		}), object{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": object{"name": "data", "namespace": sickNamespace},
			"spec": object{"storageClassName": "premium", "accessModes": []string{"ReadWriteOnce"}, "resources": object{"requests": object{"storage": "1Mi"}}}})},
		"key": {"MissingConfig", "Secret seeded has no key DATABASE_URL", "patch secret seeded", false, one("key", func(_, c object) {
			env(c, fromSecret("DATABASE_URL", "seeded", "DATABASE_URL"))
		})},
		"configmap": {"MissingConfig", "The configmap nowhere does not exist", "create configmap nowhere", false, one("configmap", func(_, c object) {
			c["envFrom"] = []object{{"configMapRef": object{"name": "nowhere"}}}
		})},
		"setting": {"BadSetting", "BETTER_AUTH_SECRET is not set", "rollout undo", false, one("setting", func(_, c object) {
			delete(c, "command")
			env(c, plain("DATABASE_URL", "postgresql://todo:todo@postgres/todo"))
		})},
		"password": {"DatabasePassword", "refuses the user or password", "patch secret seeded", false, append(one("password", func(_, c object) {
			delete(c, "command")
			c["readinessProbe"] = httpProbe("/ready", 2)
			env(c, fromSecret("DATABASE_URL", "seeded", "WRONG_URL"), fromSecret("BETTER_AUTH_SECRET", "seeded", "BETTER_AUTH_SECRET"))
		}), deployment(sickNamespace, "postgres", postgres, func(pod, c object) {
			delete(c, "command")
			pod["securityContext"].(object)["runAsUser"], pod["securityContext"].(object)["fsGroup"] = 70, 70
			pod["volumes"] = []object{{"name": "run", "emptyDir": object{}}, {"name": "data", "emptyDir": object{}}}
			c["volumeMounts"] = []object{{"name": "run", "mountPath": "/var/run/postgresql"}, {"name": "data", "mountPath": "/var/lib/postgresql/data"}}
			env(c, plain("POSTGRES_USER", "todo"), plain("PGDATA", "/var/lib/postgresql/data/pgdata"), fromSecret("POSTGRES_PASSWORD", "seeded", "PASSWORD"))
		}), object{"apiVersion": "v1", "kind": "Service", "metadata": object{"name": "postgres", "namespace": sickNamespace},
			"spec": object{"selector": object{"app.kubernetes.io/name": "postgres"}, "ports": []object{{"port": 5432}}}})},
		"job": {"JobFailed", "ends by itself", "delete job/job", false, []object{job}},
	}
}

// finding is what `make doctor FORMAT=json` prints of one workload.
type finding struct {
	Kind, Name, Service, Status, Cause, Reason, Detail, Likely, Fix string
	Ready                                                           bool
	Log                                                             *struct{ Lines []string }
}

func doctor(t *testing.T, namespace string) map[string]finding {
	t.Helper()
	cmd := exec.Command("make", "-s", "doctor", "FORMAT=json", "NAMESPACE="+namespace)
	cmd.Dir = root
	text, _ := cmd.Output() // its exit code is 1 when it has something to say, which is looked at below
	var list []finding
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("the doctor of %s prints no JSON: %v\n%s", namespace, err, text)
	}
	all := map[string]finding{}
	for _, f := range list {
		all[f.Service] = f
	}
	return all
}

func testDoctor(t *testing.T) {
	healthy := run(t, "make", "doctor")
	if got := strings.Count(healthy, "✓"); got != 5 || strings.Contains(healthy, "✗") {
		t.Errorf("the doctor of a healthy stack has %d good lines, want one for each of 5 workloads:\n%s", got, healthy)
	}
	image := strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "deployments", "-l", "app.kubernetes.io/name=backend", "-o", "jsonpath={.items[0].spec.template.spec.containers[0].image}"))
	postgres := strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "statefulset", "database", "-o", "jsonpath={.spec.template.spec.containers[0].image}"))
	all := sicknesses(image, postgres)

	t.Cleanup(func() {
		run(t, "bash", "-c", `eval "$(make env)" && kubectl delete namespace --ignore-not-found `+sickNamespace+" "+quotaNamespace)
	})
	items := []object{
		{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": sickNamespace, "labels": object{"pod-security.kubernetes.io/enforce": "restricted"}}},
		{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": quotaNamespace}},
		{"apiVersion": "v1", "kind": "Secret", "metadata": object{"name": "seeded", "namespace": sickNamespace}, "stringData": object{
			"PASSWORD": seededSecret, "WRONG_URL": "postgresql://todo:not-the-password@postgres/todo", "BETTER_AUTH_SECRET": strings.Repeat("x", 43)}},
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		items = append(items, all[name].seed...)
	}
	text, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": items})
	if err != nil {
		t.Fatal(err)
	}
	apply := exec.Command("bash", "-c", `eval "$(make env)" && exec kubectl create -f -`)
	apply.Stdin = strings.NewReader(string(text))
	if err := start(t, apply); err != nil {
		t.Fatalf("seeding the failures: %v", err)
	}

	begin := time.Now()
	var said map[string]finding
	// A container that crashes is seen in turn running, ended and waiting: each failure is named within a few looks, not at every look.
	eventually(t, 2*time.Minute, "every seeded failure is named", func() error {
		said = doctor(t, sickNamespace)
		maps.Copy(said, doctor(t, quotaNamespace))
		for name, want := range all {
			got := said[name]
			if got.Cause != want.cause {
				return fmt.Errorf("%s: the doctor says %q (%s), want %s", name, got.Cause, got.Detail, want.cause)
			}
			if !strings.Contains(got.Likely, want.likely) || !strings.Contains(got.Fix, want.fix) {
				return fmt.Errorf("%s: the doctor says %q and advises %q, want %q and %q", name, got.Likely, got.Fix, want.likely, want.fix)
			}
		}
		if !said["postgres"].Ready {
			return fmt.Errorf("the workload that is well is not called Ready: %+v", said["postgres"])
		}
		if log := said["crash"].Log; log == nil || !strings.Contains(strings.Join(log.Lines, "\n"), "connecting with [PASSWORD]") {
			return fmt.Errorf("the crashed container's log is %v, want its line with the secret's name in the place of its value", log)
		}
		return nil
	})
	o := outcome{took: time.Since(begin)}
	defer conclude(t, fmt.Sprintf("%d seeded failures are named by the doctor", len(all)), &o)
	if os.Getenv("UPDATE_RECORDED") != "" {
		record(t, image)
	}
	for _, namespace := range []string{sickNamespace, quotaNamespace} {
		out, err := try(t, "make", "doctor", "NAMESPACE="+namespace)
		if err == nil {
			t.Errorf("the doctor's exit code is 0 though workloads of %s are not Ready", namespace)
		}
		if strings.Contains(out, seededSecret) || strings.Contains(out, "not-the-password") {
			t.Errorf("the doctor prints the value of a Secret:\n%s", out)
		}
		t.Logf("\n%s", out)
	}

	for name, want := range all {
		if want.heals {
			run(t, "bash", "-c", `eval "$(make env)" && `+said[name].Fix)
		}
	}
	eventually(t, 2*time.Minute, "the advice heals", func() error {
		healed := doctor(t, sickNamespace)
		maps.Copy(healed, doctor(t, quotaNamespace))
		for name, want := range all {
			if want.heals && !healed[name].Ready {
				return fmt.Errorf("%s after %q: %s %s", name, said[name].Fix, healed[name].Status, healed[name].Detail)
			}
		}
		return nil
	})
}

// record writes what kubectl says of the seeded failures to where the doctor's unit tests read it, an object a line.
func record(t *testing.T, image string) {
	for _, namespace := range []string{sickNamespace, quotaNamespace} {
		var out strings.Builder
		for _, part := range []struct{ name, kinds string }{
			{"objects", "deployments,statefulsets,jobs,replicasets,pods,events,persistentvolumeclaims"}, {"secrets", "secrets"}, {"classes", "storageclasses"},
		} {
			var list struct{ Items []json.RawMessage }
			if err := json.Unmarshal([]byte(kubectl(t, "-n", namespace, "get", part.kinds, "-o", "json")), &list); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, item := range list.Items {
				var line bytes.Buffer
				if err := json.Compact(&line, item); err != nil {
					t.Fatal(err)
				}
				lines = append(lines, line.String())
			}
			fmt.Fprintf(&out, "%q: {\"items\": [\n%s\n]},\n", part.name, strings.Join(lines, ",\n"))
		}
		logs := map[string]string{}
		for _, pod := range strings.Fields(kubectl(t, "-n", namespace, "get", "pods", "-o", "jsonpath={.items[*].metadata.name}")) {
			for kind, flag := range map[string]string{"logs ": "--tail=200", "previous ": "--previous"} {
				if text, err := kubectlTry(t, "-n", namespace, "logs", pod, flag); err == nil {
					logs[kind+pod] = text
				}
			}
		}
		text, err := json.MarshalIndent(logs, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		all := strings.ReplaceAll("{"+out.String()+`"logs": `+string(text)+"}\n", image, "registry.example/todo/backend:1")
		if err := os.WriteFile(filepath.Join(root, "internal/doctor/testdata", namespace+".json"), []byte(all), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
