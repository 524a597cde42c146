package platform

import (
	"strconv"
	"testing"

	"todo/internal/pulumitest"
)

const quotaType = "kubernetes:core/v1:ResourceQuota"

func TestQuotaHoldsTheTopology(t *testing.T) {
	r := runApp(t, nil)
	// 3 services × (2 pods, 1 more in a rollout, 2 on their way out), 2 of the migration, 1 database, 2 spare ones.
	expect(t, r.Get(quotaType, "todo-quota-resourcequota"), "spec.hard", `{`+
		`"limits.cpu":"6400m","limits.ephemeral-storage":"9984Mi","limits.memory":"7Gi",`+
		`"persistentvolumeclaims":"1","pods":"20",`+
		`"requests.cpu":"3050m","requests.ephemeral-storage":"1280Mi","requests.memory":"3456Mi","requests.storage":"1Gi"}`,
		"the sum of what there can be")
	expect(t, r.Get("kubernetes:core/v1:LimitRange", "todo-quota-limitrange"), "spec.limits", `[{`+
		`"default":{"cpu":"200m","ephemeral-storage":"512Mi","memory":"256Mi"},`+
		`"defaultRequest":{"cpu":"100m","ephemeral-storage":"64Mi","memory":"128Mi"},"type":"Container"}]`,
		"under a quota a container that says nothing is refused")
}

func TestQuotaFollowsTheAutoscaler(t *testing.T) {
	few, many := runApp(t, nil), runApp(t, map[string]string{"todo:services": `{"backend":{"autoscaling":{"enabled":true,"maxReplicas":10}}}`})
	pods := func(r *pulumitest.Recorder) int {
		n, err := strconv.Atoi(r.Get(quotaType, "todo-quota-resourcequota").Text("spec.hard.pods"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if more := pods(many) - pods(few); more != 2*(10-2) {
		t.Errorf("8 pods more leave room for %d, want 16: all of them may be replaced at once", more)
	}
}

func TestQuotaOfProduction(t *testing.T) {
	r := runProduction(t, nil)
	hard := r.Get(quotaType, "todo-quota-resourcequota")
	expect(t, hard, "spec.hard.persistentvolumeclaims", `"0"`, "its database is elsewhere")
}

func TestQuotaIsAChoice(t *testing.T) {
	r := runApp(t, map[string]string{"todo:resourceQuota": "false"})
	if n := len(r.OfType(quotaType)) + len(r.OfType("kubernetes:core/v1:LimitRange")); n != 0 {
		t.Errorf("there are %d objects of the quota though it is switched off", n)
	}
}

// runProduction runs the application on top of a production stack.
func runProduction(t *testing.T, extra map[string]string) *pulumitest.Recorder {
	t.Helper()
	o := pulumitest.Options{
		Stack: "live", Root: pulumitest.Project(t), Config: map[string]string{},
		Secrets: map[string]string{"todo:DATABASE_URL": "postgres://u:p@db.your-company.com/todo?sslmode=require"},
	}
	for _, config := range []map[string]string{production, extra} {
		for key, value := range config {
			o.Config[key] = value
		}
	}
	return runStack(t, o)
}
