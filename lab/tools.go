//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"todo/internal/step"
)

// Tool is one thing built from Go modules because its binaries may not be downloadable here.
type Tool struct {
	Name     string   // on the command line, and of its folder in the cache
	Version  string   // as printed; go.mod decides what is really built
	Folder   string   // of its go.mod, below lab/
	Packages []string // what is built; "." for a tool whose source is in its folder
	Ldflags  string   // added to "-s -w"
	Binary   string   // name of the built file; "" keeps the packages' own names
	Links    []string // further names of the built file, which runs as the one that it is called by
	// Prepare, when set, runs in a private copy of the folder before the build, to put files there that are too large
	// to commit.
	Prepare func(ctx context.Context, s *step.Step, copy string) error
}

// kubernetesVersion stamps what `kubectl version` prints; without it every component calls itself v0.0.0.
const (
	kubernetesVersion = "v1.34.4"
	kubernetesLdflags = "-X k8s.io/component-base/version.gitVersion=v1.34.4 -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34 " +
		"-X k8s.io/client-go/pkg/version.gitVersion=v1.34.4 -X k8s.io/client-go/pkg/version.gitMajor=1 -X k8s.io/client-go/pkg/version.gitMinor=34"
)

// clusterModule is where everything of the cluster is pinned. One module for all of it: they share most of Kubernetes'
// own packages, and at one version those are compiled once.
const clusterModule = "tools/cluster"

// nodePrograms are what the one program of the cluster's node runs as (tools/cluster/_hyperkube).
var nodePrograms = []string{"kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubelet",
	"coredns", "kube-router", "metrics-server", "provisioner"}

// tools is everything `lab tools` can build. clusterTools names what `lab up` needs.
var tools = append(pulumiTools, []Tool{
	{Name: "kubernetes", Version: kubernetesVersion, Folder: clusterModule, Packages: []string{"./_hyperkube"},
		Ldflags: kubernetesLdflags, Links: nodePrograms, Binary: "hyperkube", Prepare: prepareNode},
	{Name: "kubectl", Version: kubernetesVersion, Folder: clusterModule,
		Packages: []string{"k8s.io/kubernetes/cmd/kubectl"}, Ldflags: kubernetesLdflags},
	{Name: pauseTool, Version: "3.10", Folder: "images/pause", Packages: []string{"."}},
	{Name: "kubectl-ai", Version: "v0.0.25", Folder: "tools/kubectl-ai",
		Packages: []string{"github.com/GoogleCloudPlatform/kubectl-ai/cmd"},
		Ldflags:  "-X main.version=v0.0.25", Binary: "kubectl-ai"},
	{Name: traefikName, Version: traefikVersion, Folder: traefikFolder, Packages: []string{traefikModule + "/cmd/traefik"},
		Ldflags: "-X " + traefikModule + "/pkg/version.Version=" + traefikVersion, Prepare: prepareTraefik},
}...)

// clusterTools are built in this order, the longest build first.
var clusterTools = []string{"kubernetes", "kubectl"}

// prepareNode puts copies of two modules into the folder whose packages link helpers of tests.
func prepareNode(ctx context.Context, _ *step.Step, folder string) error {
	return copyWithout(ctx, folder, map[string]string{"k8s.io/kubernetes": "kubernetes", "k8s.io/apiserver": "apiserver"})
}

// findTool returns the tool of that name, or an error that lists the names there are.
func findTool(name string) (Tool, error) {
	var names []string
	for _, t := range tools {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Tool{}, fmt.Errorf("unknown tool %q: allowed are %s", name, strings.Join(names, ", "))
}

// title is the tool's step name.
func (t Tool) title() string { return "Build " + t.Name + " " + t.Version }

// Build builds a tool into a folder of the cache whose name is a hash of all that the build reads, and returns the
// folder. It returns step.ErrDone with the folder when it is there already. Folders of other versions are left alone:
// another checkout may run them.
func Build(ctx context.Context, s *step.Step, t Tool) (dir string, err error) {
	if dir, err = t.dir(ctx); err != nil {
		return "", err
	}
	if isDir(dir) {
		return dir, step.ErrDone
	}
	root, err := labDir()
	if err != nil {
		return "", err
	}
	unlock, err := lockTool(ctx, s, filepath.Dir(dir), t.Name)
	if err != nil {
		return "", err
	}
	defer unlock()
	if isDir(dir) { // built by the process that held the lock
		return dir, step.ErrDone
	}
	// Built beside its final place and renamed: an interrupted build never looks like a finished one. The place is
	// always the same, because the Go cache knows a prepared package by its folder.
	tmp := filepath.Join(filepath.Dir(dir), "."+t.Name)
	if err := os.RemoveAll(tmp); err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := t.build(ctx, s, filepath.Join(root, t.Folder), tmp); err != nil {
		return "", err
	}
	return dir, os.Rename(filepath.Join(tmp, "bin"), dir)
}

// dir is the folder that Build builds the tool into, whether it is there or not. Asking for it counts as a use.
func (t Tool) dir(ctx context.Context) (string, error) {
	version, err := goVersion(ctx)
	if err != nil {
		return "", err
	}
	root, err := labDir()
	if err != nil {
		return "", err
	}
	hash, err := t.hash(root, version)
	if err != nil {
		return "", fmt.Errorf("%s: reading its sources: %w", t.Name, err)
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, t.Name+"-"+hash)
	return dir, markUsed(dir)
}

// goVersion is the version of the go command, asked once.
func goVersion(ctx context.Context) (string, error) {
	if knownGo == "" {
		out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
		if err != nil {
			return "", fmt.Errorf("go env GOVERSION: %w", err)
		}
		knownGo = strings.TrimSpace(string(out))
	}
	return knownGo, nil
}

var knownGo string

// build compiles the tool's packages into <tmp>/bin.
func (t Tool) build(ctx context.Context, s *step.Step, folder, tmp string) error {
	bin := filepath.Join(tmp, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	if t.Prepare != nil {
		source := filepath.Join(tmp, "source")
		if err := os.CopyFS(source, os.DirFS(folder)); err != nil {
			return fmt.Errorf("%s: copying its sources: %w", t.Name, err)
		}
		if err := t.Prepare(ctx, s, source); err != nil {
			return fmt.Errorf("%s: preparing its sources: %w", t.Name, err)
		}
		folder = source
	}
	// -v prints each package as it is compiled, which is what a heartbeat then shows. -trimpath is not set: Pulumi
	// builds the program without it, and to Go no package compiled with it is the same as one compiled without.
	args := slices.Concat([]string{"build", "-v", "-mod=readonly", "-buildvcs=false"}, compilerFlags,
		[]string{"-ldflags", strings.TrimSpace("-s -w " + t.Ldflags), "-o", bin + "/" + t.Binary})
	env := []string{"GOWORK=off", compilerGC}
	if err := s.Command(ctx, folder, env, "go", append(args, t.Packages...)...); err != nil {
		return err
	}
	for _, name := range t.Links {
		if err := os.Symlink(t.Binary, filepath.Join(bin, name)); err != nil {
			return err
		}
	}
	return nil
}

// compilerGC lets the compiler's heap grow: it then takes a fifth less CPU, and 0.8 GB for the largest packages.
const compilerGC = "GOGC=400"

// compilerFlags leave out debug information, which the linker drops anyway (-s -w): a fifth of the compiler's work and
// output. The Makefile sets the same for the program, because to Go no package compiled with it is the same as one without.
var compilerFlags = []string{"-gcflags=all=-dwarf=false"}

// hash returns 12 hex digits over everything that decides what a build yields: the files, the flags, the Go version.
func (t Tool) hash(root, goVersion string) (string, error) {
	var all bytes.Buffer
	names := strings.Join(slices.Concat(t.Packages, t.Links), " ")
	fmt.Fprintf(&all, "%s\n%s\n%s\n%s\n%s\n%s\n", goVersion, t.Name, compilerFlags, t.Ldflags, t.Binary, names)
	files, err := hashFolder(filepath.Join(root, t.Folder))
	if err != nil {
		return "", err
	}
	fmt.Fprintln(&all, files)
	sum := sha256.Sum256(all.Bytes())
	return hex.EncodeToString(sum[:])[:12], nil
}

// hashFolder returns a hash over the names and contents of a folder's files, without tests, which no build reads.
func hashFolder(folder string) (string, error) {
	hash := sha256.New()
	err := fs.WalkDir(os.DirFS(folder), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(filepath.Join(folder, path))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		fmt.Fprintf(hash, "%x %s\n", sum, path)
		return nil
	})
	return hex.EncodeToString(hash.Sum(nil)), err
}

// cacheDir is where built binaries and base images are kept, outside any checkout.
func cacheDir() (string, error) {
	user, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache folder: %w; set HOME or XDG_CACHE_HOME", err)
	}
	return filepath.Join(user, "todo-lab"), nil
}

// labDir is the lab/ folder of the checkout that the command runs in.
func labDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for at := dir; ; at = filepath.Dir(at) {
		if isDir(filepath.Join(at, "lab", "tools")) {
			return filepath.Join(at, "lab"), nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("no checkout around %s: run the lab from the folder that holds lab/", dir)
		}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
