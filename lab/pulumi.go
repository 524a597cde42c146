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
// an older commit, the newest that the module proxy has, on the CLI's libraries. Modules that several go.mod files
// require have the same version in each (modules_test.go), so that Go compiles each only once.
const (
	pulumiVersion           = "v3.258.0"
	pulumiKubernetesVersion = "v4.25.0"
	pulumiLibraries         = "github.com/pulumi/pulumi/pkg/v3"
	languageHost            = "github.com/pulumi/pulumi/sdk/go/pulumi-language-go/v3"
	kubernetesProvider      = "github.com/pulumi/pulumi-kubernetes/provider/v4"
	kubernetesSDK           = "github.com/pulumi/pulumi-kubernetes/sdk/v4"
)

var pulumiTools = []Tool{
	{Name: "pulumi-resource-kubernetes", Version: pulumiKubernetesVersion, Folder: "tools/pulumi-resource-kubernetes", Packages: []string{"."},
		Binary: "pulumi-resource-kubernetes", Prepare: prepareKubernetesPlugin},
	{Name: "pulumi", Version: pulumiVersion, Folder: "tools/pulumi", Prepare: preparePulumi,
		Packages: []string{pulumiLibraries + "/cmd/pulumi", languageHost},
		Ldflags:  "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=" + pulumiVersion},
	// A folder each: where only one of the real plugins cannot be downloaded, the other's stand-in must not be on PATH.
	{Name: "pulumi-resource-docker", Version: "(a stand-in)", Folder: "plugins", Packages: []string{"./pulumi-resource-docker"}},
	{Name: "pulumi-resource-random", Version: "(a stand-in)", Folder: "plugins", Packages: []string{"./pulumi-resource-random"}},
}

// pulumiChanges are texts in the copies that preparePulumi makes, each followed by what takes its place: the CLI's
// imports of drivers for the storage of clouds, and what in the language host does not fit the CLI's version of the
// libraries.
var pulumiChanges = map[string][]string{
	"pkg/backend/diy/backend.go": {
		`"gocloud.dev/blob/azureblob"`, `"` + pulumiLibraries + `/backend/diy/absent/azureblob"`,
		`"gocloud.dev/blob/gcsblob"`, `"` + pulumiLibraries + `/backend/diy/absent/gcsblob"`,
		`_ "gocloud.dev/blob/s3blob"`, ``,
	},
	"pkg/backend/diy/bucket.go": {
		`"github.com/aws/aws-sdk-go-v2/service/s3"`, `"` + pulumiLibraries + `/backend/diy/absent/s3"`,
	},
	"host/main.go": {
		"pulumirpc.UnsafeLanguageRuntimeServer", "pulumirpc.UnimplementedLanguageRuntimeServer",
		"pcl.Loader(schema.NewCachedLoader(loader))", "schema.NewCachedLoader(loader)",
		`req.LocalDependencies["pulumi"]`, `map[string]string{}["pulumi"]`, // `pulumi package add` of a folder: refused
	},
}

// preparePulumi puts copies of three modules into the folder: the CLI without what needs the SDKs of clouds and without
// `pulumi api`, two thirds of its compile time, for state in s3://, gs:// and azblob://, key services and the logs of
// functions, none of which a lab uses; the language host; and the CLI's syntax highlighter without its grammars.
func preparePulumi(ctx context.Context, _ *step.Step, folder string) error {
	copies := map[string]string{pulumiLibraries: "pkg", languageHost: "host", "github.com/alecthomas/chroma": "chroma"}
	if err := copyWithout(ctx, folder, copies); err != nil {
		return err
	}
	for file, pairs := range pulumiChanges {
		if err := replaceIn(filepath.Join(folder, file), pairs...); err != nil {
			return err
		}
	}
	return nil
}

// copyWithout copies modules to folders in the folder. Files in _without/ take the place of their files of the same names.
func copyWithout(ctx context.Context, folder string, modules map[string]string) error {
	for module, to := range modules {
		if err := copyModule(ctx, folder, module, to); err != nil {
			return err
		}
	}
	ours := os.DirFS(filepath.Join(folder, "_without"))
	return fs.WalkDir(ours, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(ours, path)
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(folder, path), text, 0o644)
	})
}

// prepareKubernetesPlugin puts into the folder what is too large to commit: the schema and the mapping that the build
// embeds, which lie in the plugin's own module, and the few packages of the SDK that the plugin uses. The SDK's yaml/v2
// is left behind for our own small one, which saves minutes of compiling (kinds/kinds.go says why).
func prepareKubernetesPlugin(ctx context.Context, _ *step.Step, folder string) error {
	if err := copyModule(ctx, folder, kubernetesProvider, "provider"); err != nil {
		return err
	}
	// The one place where the plugin's source does not fit the CLI's version of Pulumi's libraries.
	if err := replaceIn(filepath.Join(folder, "provider", "pkg", "gen", "schema.go"),
		"Provider: pschema.ResourceSpec{", "Provider: &pschema.ResourceSpec{"); err != nil {
		return err
	}
	from := filepath.Join(folder, "provider", "cmd", "pulumi-resource-kubernetes")
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

// copyModule copies a module that the go.mod in folder requires into the folder, without its tests, and has go.mod name
// the copy.
func copyModule(ctx context.Context, folder, module, to string) error {
	from, err := moduleDir(ctx, folder, module)
	if err != nil {
		return err
	}
	err = fs.WalkDir(os.DirFS(from), ".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir() || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return copyFile(filepath.Join(from, path), filepath.Join(folder, to, path))
	})
	if err != nil {
		return fmt.Errorf("copying %s: %w", module, err)
	}
	_, err = goIn(ctx, folder, "mod", "edit", "-replace", module+"=./"+to)
	return err
}

// replaceIn replaces texts of a file: pairs of old and new. One that the file does not have is an error, because then
// the file is of another version than the one that the replacement was made for.
func replaceIn(file string, pairs ...string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(text, []byte(pairs[i])) {
			return fmt.Errorf("%s does not contain %s: this build was not made for its version", file, pairs[i])
		}
		text = bytes.ReplaceAll(text, []byte(pairs[i]), []byte(pairs[i+1]))
	}
	return os.WriteFile(file, text, 0o644)
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
		if err := copyFile(filepath.Join(from, path), filepath.Join(to, path)); err != nil {
			return err
		}
	}
	return nil
}

// copyFile copies a file without its mode: the module cache's files are read-only.
func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
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
