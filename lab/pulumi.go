package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"todo/internal/step"
)

// What the Pulumi tools are built as. The CLI and the SDK in the root go.mod have the same version. The language host is
// an older commit, the newest that the module proxy has; it speaks to newer engines. Third-party modules are pinned to
// the CLI's versions in every one of these go.mod files, so that Go compiles each only once.
const (
	pulumiVersion           = "v3.258.0"
	pulumiKubernetesVersion = "v4.25.0"
	kubernetesProvider      = "github.com/pulumi/pulumi-kubernetes/provider/v4"
)

var pulumiTools = []Tool{
	{Name: "pulumi", Version: pulumiVersion, Folder: "tools/pulumi", Packages: []string{"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
		Ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + pulumiVersion},
	{Name: "pulumi-language-go", Version: "2025-07-18", Folder: "tools/pulumi-language-go", Packages: []string{"github.com/pulumi/pulumi/sdk/go/pulumi-language-go/v3"}},
	{Name: "pulumi-resource-kubernetes", Version: pulumiKubernetesVersion, Folder: "tools/pulumi-resource-kubernetes", Packages: []string{"."},
		Binary: "pulumi-resource-kubernetes", Prepare: copySchema},
	{Name: "pulumi-plugins", Version: "(stand-ins for docker and random)", Folder: "plugins",
		Packages: []string{"./pulumi-resource-docker", "./pulumi-resource-random"}},
}

// copySchema puts the Kubernetes plugin's schema and mapping, which the build embeds, into the folder. They lie in the
// plugin's own module.
func copySchema(ctx context.Context, _ *step.Step, folder string) error {
	// Downloaded first, because `go list` prints neither a folder nor an error for a module that is not there yet.
	if _, err := goIn(ctx, folder, "mod", "download", kubernetesProvider); err != nil {
		return err
	}
	module, err := goIn(ctx, folder, "list", "-m", "-f", "{{.Dir}}", kubernetesProvider)
	if err != nil {
		return err
	}
	from := filepath.Join(module, "cmd", "pulumi-resource-kubernetes")
	if err := copyJSON(from, folder, "schema.json", map[string]string{"version": strings.TrimPrefix(pulumiKubernetesVersion, "v")}); err != nil {
		return err
	}
	return copyJSON(from, folder, "terraform-mapping.json", nil)
}

// goIn runs the go command in a module of its own and returns what it prints.
func goIn(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "GOWORK=off")
	var problem bytes.Buffer
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(problem.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// copyJSON copies a JSON object without its white space, and with some keys set as the plugin's own build sets them.
func copyJSON(from, to, name string, set map[string]string) error {
	text, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(text, &object); err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	for key, value := range set {
		if object[key], err = json.Marshal(value); err != nil {
			return err
		}
	}
	compact, err := json.Marshal(object)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, name), compact, 0o644)
}
