//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
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
	kubernetesSDK           = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
)

var pulumiTools = []Tool{
	{Name: "pulumi", Version: pulumiVersion, Folder: "tools/pulumi", Packages: []string{"github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"},
		Ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + pulumiVersion},
	{Name: "pulumi-language-go", Version: "2025-07-18", Folder: "tools/pulumi-language-go", Packages: []string{"github.com/pulumi/pulumi/sdk/go/pulumi-language-go/v3"}},
	{Name: "pulumi-resource-kubernetes", Version: pulumiKubernetesVersion, Folder: "tools/pulumi-resource-kubernetes", Packages: []string{"."},
		Binary: "pulumi-resource-kubernetes", Prepare: prepareKubernetesPlugin},
	// A folder each: where only one of the real plugins cannot be downloaded, the other's stand-in must not be on PATH.
	{Name: "pulumi-resource-docker", Version: "(a stand-in)", Folder: "plugins", Packages: []string{"./pulumi-resource-docker"}},
	{Name: "pulumi-resource-random", Version: "(a stand-in)", Folder: "plugins", Packages: []string{"./pulumi-resource-random"}},
}

// prepareKubernetesPlugin puts into the folder what is too large to commit: the schema and the mapping that the build
// embeds, which lie in the plugin's own module, and the few packages of the SDK that the plugin uses. The SDK's yaml/v2
// is left behind for our own small one, which saves minutes of compiling (kinds/kinds.go says why).
func prepareKubernetesPlugin(ctx context.Context, _ *step.Step, folder string) error {
	plugin, err := moduleDir(ctx, folder, kubernetesProvider)
	if err != nil {
		return err
	}
	from := filepath.Join(plugin, "cmd", "pulumi-resource-kubernetes")
	if err := copyJSON(from, folder, "schema.json", map[string]string{"version": strings.TrimPrefix(pulumiKubernetesVersion, "v")}); err != nil {
		return err
	}
	if err := copyJSON(from, folder, "terraform-mapping.json", nil); err != nil {
		return err
	}

	sdk, err := moduleDir(ctx, folder, kubernetesSDK)
	if err != nil {
		return err
	}
	to := filepath.Join(folder, "sdk")
	for _, pattern := range []string{"go.mod", "go/kubernetes/*.go", "go/kubernetes/utilities/*.go", "go/kubernetes/helm/v4/*.go"} {
		if err := copyFiles(sdk, to, pattern); err != nil {
			return err
		}
	}
	ours := filepath.Join(to, "go", "kubernetes", "yaml", "v2")
	if err := os.MkdirAll(filepath.Dir(ours), 0o755); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(folder, "kinds"), ours); err != nil {
		return err
	}
	_, err = goIn(ctx, folder, "mod", "edit", "-replace", kubernetesSDK+"=./sdk")
	return err
}

// moduleDir returns the folder of a module that the go.mod in folder requires.
func moduleDir(ctx context.Context, folder, module string) (string, error) {
	// Downloaded first, because `go list` prints neither a folder nor an error for a module that is not there yet.
	if _, err := goIn(ctx, folder, "mod", "download", module); err != nil {
		return "", err
	}
	return goIn(ctx, folder, "list", "-m", "-f", "{{.Dir}}", module)
}

// copyFiles copies the files that match a pattern below from to the same places below to.
func copyFiles(from, to, pattern string) error {
	paths, err := fs.Glob(os.DirFS(from), pattern)
	if err != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("no %s in %s", pattern, from)
	}
	for _, path := range paths {
		text, err := os.ReadFile(filepath.Join(from, path))
		if err != nil {
			return err
		}
		target := filepath.Join(to, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, text, 0o644); err != nil { // not the module cache's read-only mode
			return err
		}
	}
	return nil
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
