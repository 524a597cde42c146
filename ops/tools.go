package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Tools are the programs that the verbs run.
type Tools struct {
	Pulumi  string   // path
	Kubectl string   // path
	Path    []string // folders that come before the user's PATH: what was built here
}

// plugin is a Pulumi resource plugin that the program needs.
type plugin struct {
	name   string
	module string // its SDK in go.mod: where its version is written
	// standIn tells that what the lab builds is not the real plugin but our own, for the resource types the program uses.
	standIn bool
}

var plugins = []plugin{
	{name: "kubernetes", module: "github.com/pulumi/pulumi-kubernetes/sdk/v4"},
	{name: "docker", module: "github.com/pulumi/pulumi-docker/sdk/v4", standIn: true},
	{name: "random", module: "github.com/pulumi/pulumi-random/sdk/v4", standIn: true},
}

// downloadLimit bounds one attempt to download a plugin. A refusal takes milliseconds; this is for a network that
// neither answers nor refuses.
const downloadLimit = 2 * time.Minute

// FindTools finds the tools that a verb needs, and gets or builds those that are missing. What it says goes to standard
// error: `make env` is read by a shell.
func (o *Ops) FindTools(ctx context.Context) error {
	if err := o.findPulumi(ctx); err != nil {
		return err
	}
	return o.findKubectl(ctx)
}

// findKubectl finds kubectl on PATH, or has the lab build it.
func (o *Ops) findKubectl(ctx context.Context) error {
	if o.look("kubectl") == "" {
		if err := o.build(ctx, "kubectl"); err != nil {
			return err
		}
	}
	o.tools.Kubectl = o.look("kubectl")
	return nil
}

// findPulumi finds Pulumi and its plugins on PATH or where Pulumi installs plugins, and has what is missing downloaded
// or, failing that, built from Go modules.
func (o *Ops) findPulumi(ctx context.Context) error {
	if o.tools.Pulumi != "" {
		return nil
	}
	if o.look("pulumi") == "" {
		if err := o.build(ctx, "pulumi"); err != nil {
			return err
		}
	}
	pulumi := o.look("pulumi")

	missing, err := o.missingPlugins()
	if err != nil {
		return err
	}
	var build, standIns []string
	for _, p := range missing {
		if o.download(ctx, pulumi, p) != nil {
			build = append(build, "pulumi-resource-"+p.name) // the lab's name for what it builds instead
			if p.standIn {
				standIns = append(standIns, p.name)
			}
		}
	}
	if err := o.build(ctx, build...); err != nil {
		return err
	}
	o.tools.Pulumi = pulumi
	if len(standIns) > 0 {
		fmt.Fprintf(os.Stderr, "  The real Pulumi plugins %s cannot be downloaded here: using the lab's stand-ins.\n", strings.Join(standIns, " and "))
	}
	return nil
}

// missingPlugins are those that Pulumi would have to download: neither on PATH nor in its own folder.
func (o *Ops) missingPlugins() ([]plugin, error) {
	var missing []plugin
	for _, p := range plugins {
		version, err := o.sdkVersion(p.module)
		if err != nil {
			return nil, err
		}
		_, err = os.Stat(filepath.Join(pulumiHome(), "plugins", "resource-"+p.name+"-"+version))
		if err != nil && o.look("pulumi-resource-"+p.name) == "" {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// download has Pulumi install a plugin. That a download failed is remembered for a day: trying again takes seconds at
// every run on a machine that has no way out.
func (o *Ops) download(ctx context.Context, pulumi string, p plugin) error {
	version, err := o.sdkVersion(p.module)
	if err != nil {
		return err
	}
	mark := o.state("no-download", p.name+"-"+version)
	if info, err := os.Stat(mark); err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return errors.New("failed before")
	}
	limited, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	fmt.Fprintf(os.Stderr, "▸ Downloading Pulumi plugin %s %s\n", p.name, version)
	cmd := exec.CommandContext(limited, pulumi, "plugin", "install", "resource", p.name, version)
	cmd.Env = o.pulumiEnv()
	if text, err := cmd.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "  not possible here: %s\n", lastLineOf(text))
		return errors.Join(err, writeFile(mark, text))
	}
	return nil
}

// sdkVersion is a module's version in go.mod, the one place where it is written.
func (o *Ops) sdkVersion(module string) (string, error) {
	text, err := os.ReadFile(filepath.Join(o.Root, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("reading the SDK versions: %w", err)
	}
	match := regexp.MustCompile(regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("go.mod does not require %s", module)
	}
	return string(match[1]), nil
}

// build has the lab build tools and puts their folders before PATH. Tools in the cache cost nothing.
func (o *Ops) build(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	cmd := o.labCommand(ctx, append([]string{"tools"}, names...)...)
	var folders bytes.Buffer
	cmd.Stdout = &folders
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w", strings.Join(names, ", "), err)
	}
	o.tools.Path = append(o.tools.Path, strings.Fields(folders.String())...)
	return nil
}

// look is exec.LookPath with the built tools first; "" when there is no such program.
func (o *Ops) look(name string) string {
	for _, dir := range o.tools.Path {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return ""
	}
	return path
}

// LabEnv is what `lab env` prints: how the lab is reached.
type LabEnv struct {
	Context    string `json:"context"`
	Kubeconfig string `json:"kubeconfig"`
	Registry   string `json:"registry"`
	DockerHost string `json:"dockerHost"`
}

func (o *Ops) labEnv(ctx context.Context) (LabEnv, error) {
	var env LabEnv
	cmd := o.labCommand(ctx, "env")
	cmd.Stdout, cmd.Stderr = nil, nil
	text, err := cmd.Output()
	if err != nil {
		return env, fmt.Errorf("asking the lab how it is reached: %w%s", err, stderrOf(err))
	}
	if err := json.Unmarshal(text, &env); err != nil {
		return env, fmt.Errorf("asking the lab how it is reached: %w", err)
	}
	return env, nil
}

// labCommand is `go run ./lab …` on this terminal. The binary is kept in bin/, so that an interrupt reaches the lab
// itself and not only `go run`.
func (o *Ops) labCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(o.Root, "bin", "lab"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Root, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

func lastLineOf(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
