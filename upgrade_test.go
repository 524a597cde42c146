package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestNothingOfTheFirstReleaseIsRenamed holds the tree against that of the first release (commit 50ea684): Pulumi takes a resource with
// another name, type or parent for another resource, makes it, and deletes the one that is in use. What is renamed all the same
// needs pulumi.Aliases, and its new line here.
func TestNothingOfTheFirstReleaseIsRenamed(t *testing.T) {
	first, err := os.ReadFile(filepath.Join("testdata", "first-release-dev.txt"))
	if err != nil {
		t.Fatal(err)
	}
	r, _ := mustRun(t, stack(t, "dev"))
	now := map[string]bool{}
	for line := range strings.Lines(r.Tree()) {
		urn, _, _ := strings.Cut(strings.TrimSpace(line), " [")
		now[urn] = true
	}
	for line := range strings.Lines(string(first)) {
		if urn := strings.TrimSpace(line); !now[urn] {
			t.Errorf("%s is gone or renamed: an upgrade of a running stack would delete it", urn)
		}
	}
}

// TestWhatCannotChangeIsThatOfTheFirstRelease is about inputs that make the provider delete and create an object anew when they
// differ: the database would lose its volume's claim or its password, a Deployment all its pods, a Service its address.
func TestWhatCannotChangeIsThatOfTheFirstRelease(t *testing.T) {
	const labels = `"app.kubernetes.io/instance":"todo-dev","app.kubernetes.io/name":`
	r, _ := mustRun(t, stack(t, "dev"))
	for _, test := range []struct{ token, name, path, want string }{
		{"kubernetes:core/v1:Namespace", "todo-namespace", "metadata.name", `"todo-dev"`},
		{"kubernetes:apps/v1:StatefulSet", "todo-database-statefulset", "metadata.name", `"database"`},
		{"kubernetes:apps/v1:StatefulSet", "todo-database-statefulset", "spec.serviceName", `"database"`},
		{"kubernetes:apps/v1:StatefulSet", "todo-database-statefulset", "spec.selector", `{"matchLabels":{` + labels + `"database"}}`},
		{"kubernetes:apps/v1:StatefulSet", "todo-database-statefulset", "spec.volumeClaimTemplates",
			`[{"metadata":{"labels":{` + labels + `"database"},"name":"data"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}]`},
		{"kubernetes:core/v1:Service", "todo-database-service", "metadata.name", `"database"`},
		{"kubernetes:core/v1:Service", "todo-database-service", "spec.clusterIP", `"None"`},
		{"random:index/randomPassword:RandomPassword", "todo-database-password", "length", "32"},
		{"random:index/randomPassword:RandomPassword", "todo-database-password", "special", "false"},
		{"random:index/randomPassword:RandomPassword", "todo-database-password", "keepers", "null"},
		{"random:index/randomPassword:RandomPassword", "todo-auth-secret", "length", "43"},
		{"random:index/randomPassword:RandomPassword", "todo-auth-secret", "special", "false"},
		{"random:index/randomPassword:RandomPassword", "todo-auth-secret", "keepers", "null"},
		{"kubernetes:apps/v1:Deployment", "todo-backend-deployment", "spec.selector", `{"matchLabels":{` + labels + `"backend"}}`},
		{"kubernetes:apps/v1:Deployment", "todo-frontend-web-deployment", "spec.selector", `{"matchLabels":{` + labels + `"frontend-web"}}`},
		{"kubernetes:apps/v1:Deployment", "todo-frontend-chatbot-deployment", "spec.selector", `{"matchLabels":{` + labels + `"frontend-chatbot"}}`},
		{"kubernetes:core/v1:Service", "todo-backend-service", "metadata.name", `"backend"`},
		{"kubernetes:core/v1:Service", "todo-frontend-web-service", "metadata.name", `"frontend-web"`},
		{"kubernetes:core/v1:Service", "todo-frontend-chatbot-service", "metadata.name", `"frontend-chatbot"`},
	} {
		if got := r.Get(test.token, test.name).JSON(test.path); got != test.want {
			t.Errorf("%s: %s is %s, in the first release %s: an upgrade of a running stack would replace the object", test.name, test.path, got, test.want)
		}
	}
}
