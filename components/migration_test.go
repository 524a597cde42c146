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
		EnvironmentArgs: EnvironmentArgs{
			Config: map[string]string{"SCHEMA": "shop"}, Secrets: map[string]pulumi.StringInput{"DATABASE_URL": pulumi.String("plain-url")},
		},
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
		{podPath + "restartPolicy", `"Never"`, "each try keeps its log"},
		{podPath + "automountServiceAccountToken", "false", "a stolen token is access to the API server"},
		{podPath + "serviceAccountName", `"migration-serviceaccount-0a1b2c3d"`, "an identity of its own"},
		{podPath + "securityContext.runAsNonRoot", "true", "restricted"},
		{podPath + "securityContext.seccompProfile.type", `"RuntimeDefault"`, "restricted"},
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
