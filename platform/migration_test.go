package platform

import (
	"slices"
	"strings"
	"testing"
)

func TestSchemaBeforeTraffic(t *testing.T) {
	r := runApp(t, nil)
	job, database := r.Get(jobType, "todo-migration-job"), r.Get("kubernetes:apps/v1:StatefulSet", "todo-database-statefulset")
	if !slices.Contains(job.DependsOn, database.URN) {
		t.Errorf("the Job waits for %v, want also the database: its tries would be over before Postgres is there", job.DependsOn)
	}
	if backend := r.Get(deploymentType, "todo-backend-deployment"); !slices.Contains(backend.DependsOn, job.URN) {
		t.Errorf("the backend's Deployment waits for %v, want also the Job: new code would meet the old schema", backend.DependsOn)
	}
	for _, front := range []string{"frontend-web", "frontend-chatbot"} {
		if d := r.Get(deploymentType, "todo-"+front+"-deployment"); slices.Contains(d.DependsOn, job.URN) {
			t.Errorf("%s waits for the Job, and does not use the database", front)
		}
	}
	expect(t, job, container+"image", r.Get(deploymentType, "todo-backend-deployment").JSON(container+"image"), "code and migrations belong together")
	expect(t, job, container+"command", `["python","-m","src.migrate"]`, "the reference application's")
	expect(t, r.Get(configMapType, "todo-backend-config-configmap"), "data.MIGRATE_ON_START", `"false"`, "one place migrates")
	if keys := r.Get(secretType, "todo-migration-secrets-secret").At("stringData").ObjectValue(); len(keys) != 1 {
		t.Errorf("the Job has %d secrets, want DATABASE_URL alone", len(keys))
	}
}

func TestTheMigrationRunsWhereTheBackendDoes(t *testing.T) {
	r := runApp(t, map[string]string{
		"todo:services": `{"backend":{
			"podLabels":{"azure.workload.identity/use":"true","tier":"api"},"podAnnotations":{"sidecar.istio.io/inject":"true","example.com/owner":"ann"},
			"nodeSelector":{"kubernetes.io/arch":"arm64"},"tolerations":[{"key":"dedicated","value":"todo","effect":"NoSchedule"}],
			"priorityClassName":"important","serviceAccount":{"annotations":{"eks.amazonaws.com/role-arn":"arn:aws:iam::1:role/todo"}}}}`,
		"todo:migration": `{"podLabels":{"tier":""},"podAnnotations":{"sidecar.istio.io/inject":"false"}}`,
	})
	job, backend := r.Get(jobType, "todo-migration-job"), r.Get(deploymentType, "todo-backend-deployment")
	for path, why := range map[string]string{
		podPath + "nodeSelector":      "on a node of another architecture the image does not run",
		podPath + "tolerations":       "the nodes for the backend may be the only ones with room",
		podPath + "priorityClassName": "a Job that is not scheduled stops the release",
	} {
		expect(t, job, path, backend.JSON(path), why)
	}
	expect(t, job, "spec.template.metadata.labels", `{"app.kubernetes.io/instance":"todo-dev","app.kubernetes.io/managed-by":"pulumi","app.kubernetes.io/name":"migration","app.kubernetes.io/part-of":"todo","azure.workload.identity/use":"true"}`,
		"Azure gives the identity by a label; the name stays the migration's own, or the backend's Service would count the pod")
	expect(t, job, "spec.template.metadata.annotations", `{"example.com/owner":"ann","sidecar.istio.io/inject":"false"}`, "a sidecar that does not end keeps the Job from ending")
	expect(t, r.Get("kubernetes:core/v1:ServiceAccount", "todo-migration-serviceaccount"), "metadata.annotations",
		r.Get("kubernetes:core/v1:ServiceAccount", "todo-backend-serviceaccount").JSON("metadata.annotations"), "the database may know the cloud's identity and nothing else")
}

func TestARollbackLeavesTheSchemaAndTheBackendsSettings(t *testing.T) {
	r := runApp(t, map[string]string{"todo:images": `{"backend":"localhost:5000/todo/backend:before"}`, "todo:migration": `{"skip":true}`})
	if n := len(r.OfType(jobType)); n != 0 {
		t.Errorf("there are %d Jobs, want none: an old release does not know the way to a newer schema", n)
	}
	expect(t, r.Get(configMapType, "todo-backend-config-configmap"), "data.MIGRATE_ON_START", `"false"`, "another value would replace pods that serve well")
}

func TestMigrationIsAChoice(t *testing.T) {
	for name, c := range map[string]struct {
		config  map[string]string
		command string // "" is no Job
	}{
		"switched off":                     {map[string]string{"todo:migration": `{"enabled":false}`}, ""},
		"an image that nobody knows":       {map[string]string{"todo:images": `{"backend":"acme/api:1"}`}, ""},
		"an image that knows the command":  {map[string]string{"todo:images": `{"backend":"acme/api:1"}`, "todo:migration": `{"enabled":true}`}, `["python","-m","src.migrate"]`},
		"a command of its own":             {map[string]string{"todo:migration": `{"command":["alembic","upgrade","head"]}`}, `["alembic","upgrade","head"]`},
		"an image with a command":          {map[string]string{"todo:images": `{"backend":"acme/api:1"}`, "todo:migration": `{"command":["rake","db:migrate"]}`}, `["rake","db:migrate"]`},
		"a command, and switched off":      {map[string]string{"todo:migration": `{"enabled":false,"command":["rake"]}`}, ""},
		"a variable of the backend's":      {map[string]string{"todo:services": `{"backend":{"env":{"SCHEMA":"todo"}}}`}, `["python","-m","src.migrate"]`},
		"a time limit and nothing besides": {map[string]string{"todo:migration": `{"timeoutSeconds":30}`}, `["python","-m","src.migrate"]`},
	} {
		t.Run(name, func(t *testing.T) {
			r := runApp(t, c.config)
			backend := r.Get(configMapType, "todo-backend-config-configmap")
			if c.command == "" {
				if n := len(r.OfType(jobType)); n != 0 {
					t.Errorf("there are %d Jobs, want none", n)
				}
				expect(t, backend, "data.MIGRATE_ON_START", "null", "without a Job the backend migrates itself")
				return
			}
			job := r.Get(jobType, "todo-migration-job")
			expect(t, job, container+"command", c.command, "as configured")
			if strings.Contains(c.config["todo:services"], "SCHEMA") {
				expect(t, r.Get(configMapType, "todo-migration-config-configmap"), "data", `{"SCHEMA":"todo"}`, "the migration reads what the backend reads")
			}
			if strings.Contains(c.config["todo:migration"], "30") {
				expect(t, job, "spec.activeDeadlineSeconds", "30", "as configured")
			}
		})
	}
}
