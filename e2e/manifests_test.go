//go:build e2e

package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	gitops          = "e2e-gitops" // a stack that renders manifests
	gitopsNamespace = "todo-e2e-gitops"
	gitopsFolder    = "rendered/e2e-gitops"
)

// testManifests renders the example for GitOps, and has the API server judge every file of it, as an apply would, strictly: by
// schema, defaults, validation and admission. ExternalSecrets are left out: the operator that brings their kind is not there.
func testManifests(t *testing.T) {
	example, err := os.ReadFile(filepath.Join(root, "examples", "Pulumi.gitops.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	images := shell(t, "pulumi stack output -s dev images --json")
	config := strings.Replace(string(example), "rendered/gitops", gitopsFolder, 1) +
		"\n  todo:namespace: " + gitopsNamespace + "\n  todo:images: " + strings.Join(strings.Fields(images), " ") + "\n"
	file := filepath.Join(root, "Pulumi."+gitops+".yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	pulumi := func(command string) string {
		return run(t, "bash", "-c", fmt.Sprintf(`eval "$(LAB=1 make env STACK=%s)" && %s`, gitops, command))
	}
	makeNamespace(t, gitopsNamespace)
	kubectl(t, "label", "namespace", gitopsNamespace, "pod-security.kubernetes.io/warn=restricted")
	t.Cleanup(func() {
		pulumi("pulumi destroy --yes --skip-preview && pulumi stack rm --yes --preserve-config " + gitops)
		for _, path := range []string{file, filepath.Join(root, gitopsFolder)} {
			if err := os.RemoveAll(path); err != nil {
				t.Error(err)
			}
		}
	})
	pulumi("pulumi up --yes --skip-preview")

	var files []string
	err = filepath.WalkDir(filepath.Join(root, gitopsFolder), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !strings.Contains(strings.ToLower(entry.Name()), "externalsecret") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := try(t, "bash", "-c", `eval "$(make env)" && exec kubectl "$@" 2>&1`, "kubectl", "apply", "--dry-run=server", "--validate=strict", "-f", strings.Join(files, ","))
	if taken := strings.Count(out, "(server dry run)"); err != nil || taken != len(files) || strings.Contains(out, "would violate") {
		t.Errorf("the API server takes %d of %d files (%v):\n%s", taken, len(files), err, out)
	}
	for _, kind := range []string{"deployment.apps/", "ingress.networking.k8s.io/", "horizontalpodautoscaler.autoscaling/", "networkpolicy.networking.k8s.io/", "resourcequota/"} {
		if !strings.Contains(out, kind) {
			t.Errorf("no %s among what was rendered:\n%s", kind, out)
		}
	}
}
