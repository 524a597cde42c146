package components

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

const jobType = "kubernetes:batch/v1:Job"

func migrationArgs() MigrationArgs {
	return MigrationArgs{
		Instance: "shop-dev", Namespace: pulumi.String("shop"), Image: pulumi.String("shop/api:1"),
		Command: []string{"migrate", "--now"}, TimeoutSeconds: 120, Resources: workloadArgs().Resources,
		Config:  map[string]string{"SCHEMA": "shop"},
		Secrets: map[string]pulumi.StringInput{"DATABASE_URL": pulumi.String("plain-url")},
	}
}

func runMigration(t *testing.T, args MigrationArgs) (*pulumitest.Recorder, error) {
	t.Helper()
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		_, err := NewMigration(ctx, "migration", args)
		return err
	})
	return r, err
}

func TestMigrationJob(t *testing.T) {
	r, err := runMigration(t, migrationArgs())
	if err != nil {
		t.Fatal(err)
	}
	job := r.Get(jobType, "migration-job")
	for _, c := range []struct{ path, want, why string }{
		{"metadata.name", "null", "a Job cannot be changed: the next one needs another name"},
		{"metadata.annotations", `{"pulumi.com/replaceUnready":"true"}`, "a failed Job would be waited for again"},
		{"spec.ttlSecondsAfterFinished", "null", "refresh would miss the Job and run it again"},
		{"spec.activeDeadlineSeconds", "120", "a migration that hangs has to fail"},
		{"spec.backoffLimit", "1", "a migration that fails has to stop"},
		{"spec.podFailurePolicy.rules", `[{"action":"Ignore","onPodConditions":[{"status":"True","type":"DisruptionTarget"}]}]`, "a drain is no failure"},
		{pod + "restartPolicy", `"Never"`, "each try keeps its log"},
		{pod + "automountServiceAccountToken", "false", "a stolen token is access to the API server"},
		{pod + "serviceAccountName", `"migration-serviceaccount-0a1b2c3d"`, "an identity of its own"},
		{pod + "securityContext.runAsNonRoot", "true", "restricted"},
		{pod + "securityContext.seccompProfile.type", `"RuntimeDefault"`, "restricted"},
		{container + "securityContext", `{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}`, "restricted"},
		{container + "volumeMounts", `[{"mountPath":"/tmp","name":"tmp"}]`, "the root is read-only"},
		{container + "image", `"shop/api:1"`, "the release's own"},
		{container + "command", `["migrate","--now"]`, "as asked"},
		{container + "resources.limits", `{"cpu":"4m","ephemeral-storage":"6Mi","memory":"5Mi"}`, "as asked"},
		{container + "terminationMessagePolicy", `"FallbackToLogsOnError"`, "the log's end reaches Pulumi's message"},
		{container + "env", `[{"name":"DATABASE_URL","valueFrom":{"secretKeyRef":{"key":"DATABASE_URL","name":"migration-secrets-secret-0a1b2c3d"}}}]`, "by reference"},
		{container + "envFrom", `[{"configMapRef":{"name":"migration-config-configmap-0a1b2c3d"}}]`, "by reference"},
	} {
		expect(t, job, c.path, c.want, c.why)
	}
	if !slices.Equal(job.ReplaceOnChanges, []string{"spec"}) {
		t.Errorf("changes of %v replace the Job, want those of all of its spec: the API server refuses most of them", job.ReplaceOnChanges)
	}
	if job.CreateTimeout <= 120 {
		t.Errorf("Pulumi waits %g s, want more than the Job's own 120: its deadline names a reason", job.CreateTimeout)
	}
	if !r.Get(secretType, "migration-secrets-secret").Secret("stringData.DATABASE_URL") {
		t.Error("DATABASE_URL, given as a plain string, is not marked secret: it would be in the state in clear")
	}
	for key, value := range job.At("spec.template.metadata.labels").Mappable().(map[string]any) {
		if key == labelName && value != "migration" {
			t.Errorf("the Job's pod is called %v: a Service or an autoscaler of that name would count it", value)
		}
	}
}

func TestMigrationRefusals(t *testing.T) {
	for want, change := range map[string]func(*MigrationArgs){
		"Instance is empty":   func(a *MigrationArgs) { a.Instance = "" },
		"Command is empty":    func(a *MigrationArgs) { a.Command = nil },
		"TimeoutSeconds is 0": func(a *MigrationArgs) { a.TimeoutSeconds = 0 },
		"Image and":           func(a *MigrationArgs) { a.Image = nil },
	} {
		args := migrationArgs()
		change(&args)
		r, err := runMigration(t, args)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "migration: ") {
			t.Errorf("want an error of migration that says %q, got %v", want, err)
		}
		if n := len(r.All()); n > 0 {
			t.Errorf("%q: %d resources were registered, want none", want, n)
		}
	}
}

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
		pod + "nodeSelector":      "on a node of another architecture the image does not run",
		pod + "tolerations":       "the nodes for the backend may be the only ones with room",
		pod + "priorityClassName": "a Job that is not scheduled stops the release",
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
