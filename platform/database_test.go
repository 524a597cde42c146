package platform

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

func TestABiggerVolumeFitsTheQuota(t *testing.T) {
	quota := runApp(t, map[string]string{"todo:database": `{"storage":"10Gi"}`}).Get("kubernetes:core/v1:ResourceQuota", "todo-quota-resourcequota")
	hard, _ := quota.At("spec.hard").Mappable().(map[string]any)
	if hard["requests.storage"] != "10Gi" {
		t.Errorf("the quota has room for %v of storage, want 10Gi: kubectl could not make the claim bigger", hard["requests.storage"])
	}
}

// The volume's claim stays when a stack leaves its own database, and Postgres looks at POSTGRES_PASSWORD only while the volume is
// empty: coming back with another password than the first one is a lock-out.
func TestTheDatabasesPasswordOutlivesItsPod(t *testing.T) {
	const password = "random:index/randomPassword:RandomPassword"
	with := func(config, secrets map[string]string) *pulumitest.Recorder {
		o := pulumitest.Options{Root: pulumitest.Project(t), Secrets: secrets, Config: map[string]string{
			"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab", "todo:registry": "localhost:5000",
		}}
		maps.Copy(o.Config, config)
		return runStack(t, o)
	}
	elsewhere := map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo"}
	own := with(nil, nil).Get(password, "todo-database-password")
	for name, r := range map[string]*pulumitest.Recorder{
		"a database elsewhere": with(nil, elsewhere),
		"no backend":           with(map[string]string{"todo:services": `{"backend":{"enabled":false},"frontend-web":{"env":{"API_URL":"https://api.your-company.com"}}}`}, nil),
	} {
		if kept := r.Get(password, "todo-database-password"); kept.URN != own.URN || kept.JSON("length") != own.JSON("length") {
			t.Errorf("%s: the password is %s, want the same resource as with the stack's own database, %s", name, kept.URN, own.URN)
		}
		for _, res := range r.All() {
			if strings.HasPrefix(res.Type, "kubernetes:") && strings.Contains(res.Name, "database") && res.Type != policyType {
				t.Errorf("%s: there is still %s/%s", name, res.Type, res.Name)
			}
		}
		if job := r.OfType(jobType); len(job) > 0 && strings.Contains(fmt.Sprint(job[0].DependsOn), "database") {
			t.Errorf("%s: the migration waits for a database that is not there", name)
		}
	}
	url := with(nil, elsewhere).Get(secretType, "todo-backend-secrets-secret").Text("stringData.DATABASE_URL")
	if url != elsewhere["todo:DATABASE_URL"] {
		t.Errorf("the backend gets %q, want the database that was set", url)
	}
	live := runProduction(t, nil)
	for _, res := range live.All() {
		if res.Name == "todo-database-password" {
			t.Error("production has a password for a database that it never runs")
		}
	}
}
