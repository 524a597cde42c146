package components

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"todo/internal/pulumitest"
)

func TestDatabase(t *testing.T) {
	var url string
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		db, err := NewDatabase(ctx, "db", DatabaseArgs{
			Service: "database", Instance: "shop-dev", Namespace: pulumi.String("shop"), Image: "postgres:17-alpine", Port: 5432, Storage: "1Gi",
		})
		if err != nil {
			return err
		}
		if !pulumi.IsSecret(db.URL) {
			t.Error("URL is not secret: it holds the password")
		}
		db.URL.ApplyT(func(v string) string { url = v; return v })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := "postgresql://todo:" + pulumitest.Generated("db-password") + "@database:5432/todo"; url != want {
		t.Errorf("URL is %s, want %s", url, want)
	}
	s := r.Get("kubernetes:apps/v1:StatefulSet", "db-statefulset")
	for _, c := range []struct{ path, want, why string }{
		{"metadata.name", `"database"`, "the claim's name follows from it, and the data from the claim's"},
		{"spec.serviceName", `"database"`, "its own Service"},
		{"spec.replicas", "1", "two would write the same files"},
		{"spec.persistentVolumeClaimRetentionPolicy", `{"whenDeleted":"Retain","whenScaled":"Retain"}`, "a replaced StatefulSet keeps its data"},
		{"spec.volumeClaimTemplates.0.spec.resources.requests.storage", `"1Gi"`, "as asked"},
		{podPath + "securityContext.runAsUser", "70", "postgres in the Alpine image"},
		{podPath + "securityContext.fsGroup", "70", "the volume has to be writable"},
		{podPath + "automountServiceAccountToken", "false", "a database needs no API server"},
		{container + "securityContext.readOnlyRootFilesystem", "true", "restricted"},
		{container + "volumeMounts", `[{"mountPath":"/var/lib/postgresql/data","name":"data"},{"mountPath":"/tmp","name":"tmp"},{"mountPath":"/var/run/postgresql","name":"run"}]`, "all that Postgres writes to"},
		{container + "readinessProbe.exec.command", `["pg_isready","-h","127.0.0.1","-p","5432","-U","todo","-d","todo"]`, "over TCP, which the temporary server of the first start does not serve"},
		{container + "startupProbe.failureThreshold", "300", "ten minutes, every 2 s: the first start is slow on a busy node"},
		{container + "livenessProbe.timeoutSeconds", "15", "the start of pg_isready alone takes seconds there"},
		{container + "env.2", `{"name":"PGDATA","value":"/var/lib/postgresql/data/pgdata"}`, "the volume's root is not empty"},
		{container + "env.3.valueFrom.secretKeyRef.key", `"POSTGRES_PASSWORD"`, "by reference"},
	} {
		expect(t, s, c.path, c.want, c.why)
	}
	if !slices.Contains(s.IgnoreChanges, "spec.volumeClaimTemplates") {
		t.Errorf("changes of %v are ignored, and not those of the claim's template: another size would delete Postgres", s.IgnoreChanges)
	}
	// The numbers of the first release, which an upgraded stack keeps: the probes of a running Postgres.
	fields := []string{"startupProbe.failureThreshold", "livenessProbe.periodSeconds", "readinessProbe.timeoutSeconds"}
	for _, field := range fields {
		if path := "spec.template.spec.containers[0]." + field; !slices.Contains(s.IgnoreChanges, path) {
			t.Errorf("a change of %s is not ignored: an upgrade would restart Postgres for it", path)
		}
	}
	service := r.Get(serviceType, "db-service")
	expect(t, service, "spec.selector", s.JSON("spec.selector.matchLabels"), "otherwise it leads nowhere")
	expect(t, service, "spec.clusterIP", `"None"`, "one pod needs no load balancing")
	expect(t, service, "metadata.name", `"database"`, "the connection string holds it")
}

func TestDatabaseRefusal(t *testing.T) {
	r, _, err := pulumitest.Run(t, pulumitest.Options{}, func(ctx *pulumi.Context) error {
		_, err := NewDatabase(ctx, "db", DatabaseArgs{Service: "database"})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "db: ") || len(r.All()) > 0 {
		t.Errorf("want a refusal that names db, and no resource; got %v and\n%s", err, r.Tree())
	}
}
