//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type job struct {
	name     string
	complete bool
}

// jobs are the stack's Jobs.
func jobs(t *testing.T) []job {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct{ Type, Status string }
			}
		}
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "get", "jobs", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	var all []job
	for _, item := range list.Items {
		j := job{name: item.Metadata.Name}
		for _, c := range item.Status.Conditions {
			j.complete = j.complete || (c.Type == "Complete" && c.Status == "True")
		}
		all = append(all, j)
	}
	return all
}

func oneJob(t *testing.T) string {
	t.Helper()
	all := jobs(t)
	if len(all) != 1 || !all[0].complete {
		t.Fatalf("the Jobs are %+v, want one that is complete: the last release's are removed", all)
	}
	return all[0].name
}

// testMigration is about the Job that brings the schema up to date before the backend's pods change.
func testMigration(t *testing.T) {
	before, name := pods(t), oneJob(t)
	if log := kubectl(t, "-n", "todo-dev", "logs", "job/"+name); !strings.Contains(log, "schema is up to date") {
		t.Errorf("the Job's log does not say what was done:\n%s", log)
	}

	// A cluster that tidies up finished Jobs is no reason to run them again.
	kubectl(t, "-n", "todo-dev", "delete", "job", name)
	if got := summary(run(t, "make", "up")); len(got) != 1 || got["unchanged"] == "" {
		t.Errorf("without its finished Job Pulumi's summary is %v, want only unchanged", got)
	}
	// Only who asks the cluster learns that it is gone, and running it again does nothing.
	run(t, "bash", "-c", `eval "$(make env)" && pulumi refresh -s dev --yes --config-file .state/dev/Pulumi.dev.yaml`)
	if got := summary(run(t, "make", "up")); got["created"] != "1" || got["updated"] != "" || got["replaced"] != "" {
		t.Errorf("after a refresh Pulumi's summary is %v, want the Job created and no more", got)
	}
	name = oneJob(t)
	samePods(t, before, pods(t), "")

	// A release whose migration fails: its pods must not come, and the old ones stay.
	restore := change(t, "Pulumi.dev.yaml", "  todo:migration: {command: [python, -c, 'raise SystemExit(\"column tasks.colour is missing\")']}\n")
	restoreSource := change(t, "app/backend/src/api/main.py", "# a release whose migration fails\n")
	var o outcome
	defer conclude(t, "a release whose migration fails is aborted", &o)
	begin := time.Now()
	out, err := try(t, "make", "up")
	o.took = time.Since(begin)
	if err == nil {
		t.Errorf("make up ended well though the migration failed:\n%s", out)
	}
	for _, want := range []string{"column tasks.colour is missing", "todo-migration-job-"} {
		if !strings.Contains(out, want) {
			t.Errorf("make up does not say %q, which leads to the reason:\n%s", want, out)
		}
	}
	samePods(t, before, pods(t), "migration")
	run(t, "make", "smoke")

	restoreSource()
	restore()
	run(t, "make", "up")
	if after := oneJob(t); after == name {
		t.Errorf("Job %s is still there, though a failed one came after it", name)
	}
	samePods(t, before, pods(t), "")
}

// change appends text to a file until it is restored, at the latest when the test ends.
func change(t *testing.T, name, text string) (restore func()) {
	t.Helper()
	path := filepath.Join(root, name)
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	restore = func() {
		if err := os.WriteFile(path, old, 0o644); err != nil {
			t.Errorf("restoring %s: %v", name, err)
		}
	}
	t.Cleanup(restore)
	if err := os.WriteFile(path, append(append([]byte{}, old...), text...), 0o644); err != nil {
		t.Fatal(err)
	}
	return restore
}
