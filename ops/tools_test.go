package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// builtinPulumi plays Pulumi with an empty stack. It works without a PATH.
const builtinPulumi = `case "$*" in
"stack ls --json") echo '` + anEmptyStack + `' ;;
"stack export"*) echo '` + emptyState + `' ;;
esac`

func TestPreviewAndEnvDoWithoutKubectl(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	ops := downloading(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		http.NotFound(w, r)
	}))
	testLab(t, ops)
	t.Setenv("LAB", "1") // so that it could be built
	installPlugins(t, ops)
	t.Setenv("PATH", filepath.Dir(script(t, "pulumi", builtinPulumi)))
	if err := ops.Preview(t.Context()); err != nil {
		t.Errorf("make preview: %v", err)
	}
	if err := ops.PrintEnv(t.Context()); err != nil {
		t.Errorf("make env: %v", err)
	}
	if len(asked) > 0 || ops.look("kubectl") != "" {
		t.Errorf("they asked for %q, and kubectl is %q: neither needs it", asked, ops.look("kubectl"))
	}
	tools, err := toolsFolder()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(tools, "kubectl-v1.34.4", "bin")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	err = ops.addKnownTool(t.Context(), "kubectl")
	if shell := ops.shell(); err != nil || !strings.Contains(shell, folder+":") {
		t.Errorf("make env (%v) prints\n%s\nwithout %s, where kubectl was downloaded to", err, shell, folder)
	}
}

// `make env` is how `pulumi config set` becomes possible: a missing plugin must not prevent it.
func TestEnvDoesWithoutPlugins(t *testing.T) {
	ops := downloading(t, http.NotFoundHandler())
	t.Setenv("PATH", filepath.Dir(script(t, "pulumi", builtinPulumi)))
	if err := ops.PrintEnv(t.Context()); err != nil {
		t.Errorf("make env: %v", err)
	}
	t.Setenv("PATH", "")
	ops.tools.Pulumi = ""
	err := ops.PrintEnv(t.Context())
	if err == nil || !strings.Contains(err.Error(), "https://www.pulumi.com/docs/install/") {
		t.Errorf("without Pulumi: error = %v, want how to install it", err)
	}
}

// A tool of the lab replaces a download that fails, in a folder whose name has spaces.
func TestTheLabBuildsWhatCannotBeDownloaded(t *testing.T) {
	ops := downloading(t, http.NotFoundHandler())
	folders := testLab(t, ops)
	t.Setenv("LAB", "1")
	path, err := ops.findTool(t.Context(), "kubectl")
	if want := filepath.Join(folders, "kubectl", "kubectl"); err != nil || path != want {
		t.Errorf("kubectl is %q (%v), want %q", path, err, want)
	}
	names, err := os.ReadDir(folders)
	if err != nil || len(names) != 1 {
		t.Errorf("built are %v (%v), want kubectl alone: all of Kubernetes takes half an hour", names, err)
	}
}

func TestOpsBuildsTheLabWhenItNeedsIt(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "", "go.mod": "module todo\n\ngo 1.26\n"})
	main := "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(os.Args[1]) }\n"
	if err := writeFile(filepath.Join(ops.Root, "lab", "main.go"), []byte(main)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "")
	cmd := ops.labCommand(t.Context(), "status")
	cmd.Stdout = nil
	if out, err := cmd.Output(); err != nil || string(out) != "status" {
		t.Errorf("lab status printed %q (%v): make no longer builds bin/lab", out, err)
	}
	broken := []byte("package main\n\nfunc main() { x }\n")
	if err := writeFile(filepath.Join(ops.Root, "lab", "main.go"), broken); err != nil {
		t.Fatal(err)
	}
	ops.tools = Tools{}
	if err := ops.labCommand(t.Context(), "status").Run(); err == nil || !strings.Contains(err.Error(), "go build ./lab") {
		t.Errorf("error = %v, want the compiler's", err)
	}
}
