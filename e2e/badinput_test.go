//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// testBadInput gives make one mistake at a time, in a stack of its own, and expects the line that explains it.
func testBadInput(t *testing.T) {
	before := pods(t)
	run(t, "bin/ops", "stop") // or the taken ports would be refused, and not the mistakes
	tests := map[string]struct{ config, want string }{
		"unknown context":       {"todo:kubeContext: nowhere", "nowhere"},
		"missing source folder": {"todo:sourceRoot: no/such/folder", "no/such/folder"},
		"plain DATABASE_URL":    {"todo:DATABASE_URL: postgrs://db/todo", "DATABASE_URL"},
		"misspelt key":          {"todo:expsure: localhost", "exposure"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(root, "Pulumi.e2e-bad.yaml")
			if err := os.WriteFile(path, []byte("config:\n  "+test.config+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.Remove(path); err != nil {
					t.Error(err)
				}
			})
			out, err := try(t, "make", "up", "STACK=e2e-bad")
			if err == nil {
				t.Fatalf("make up accepted it:\n%s", out)
			}
			found := false
			for line := range strings.Lines(out) {
				if strings.Contains(line, test.want) && (strings.Contains(line, "pulumi config") || strings.Contains(line, "kubectl config")) {
					found = true
				}
			}
			if !found {
				t.Errorf("no line names %q together with the command that fixes it:\n%s", test.want, out)
			}
			if strings.Contains(out, "postgrs://") {
				t.Errorf("the value of a secret is printed:\n%s", out)
			}
			if out, err := kubectlTry(t, "get", "namespace", "todo-e2e-bad"); err == nil {
				t.Errorf("a namespace was created all the same:\n%s", out)
			}
		})
	}
	samePods(t, before, pods(t), "")
	run(t, "make", "up") // which forwards again

	out, err := try(t, "make", "up", "STACK=nosuch")
	if err == nil || !strings.Contains(out, "Pulumi.nosuch.yaml") {
		t.Errorf("an unknown stack was not refused by name: %v\n%s", err, out)
	}
}
