package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"todo/internal/step"
)

// plugin is a Pulumi resource plugin that the program needs.
type plugin struct {
	name   string
	module string // its SDK in go.mod: where its version is written
	// stub: what the lab builds is not the real plugin but a substitute for the resource types that the program uses.
	stub bool
}

var plugins = []plugin{
	{name: "kubernetes", module: "github.com/pulumi/pulumi-kubernetes/sdk/v4"},
	{name: "docker", module: "github.com/pulumi/pulumi-docker/sdk/v4", stub: true},
	{name: "random", module: "github.com/pulumi/pulumi-random/sdk/v4", stub: true},
}

// pluginSites are where Pulumi looks for a plugin, in its order.
var pluginSites = []func(name, file, version string) string{
	func(name, file, version string) string {
		return "https://github.com/pulumi/pulumi-" + name + "/releases/download/" + version + "/" + file
	},
	func(_, file, _ string) string { return "https://get.pulumi.com/releases/plugins/" + file },
}

// findPlugins has Pulumi download the plugins that are missing. On the lab, those that cannot be downloaded are built.
func (o *Ops) findPlugins(ctx context.Context, pulumi string) error {
	// A shell that ran `eval "$(make env)"` keeps the lab's plugins on PATH, and Pulumi prefers those to installed ones.
	os.Setenv("PATH", withoutLabPlugins(os.Getenv("PATH")))
	missing, err := o.missingPlugins()
	if err != nil || len(missing) == 0 {
		return err
	}
	var names, stubs []string
	var failure error
	var refused []error
	for _, p := range missing {
		version, err := o.moduleVersion("go.mod", p.module)
		if err != nil {
			return err
		}
		failed := o.installPlugin(ctx, pulumi, p.name, version)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if failed == nil {
			continue
		}
		o.choice.wait(ctx)
		may, why := o.place().mayBuild(p)
		if may {
			names = append(names, "pulumi-resource-"+p.name) // the lab's name for what it builds instead
			failure = failed
			if p.stub {
				stubs = append(stubs, p.name)
			}
			continue
		}
		refused = append(refused, fmt.Errorf("Pulumi plugin %s %s is not installed and cannot be downloaded: %w%s; "+
			"check the network and HTTPS_PROXY and run the command again, or bring %s from another machine and type: "+
			"%s plugin install resource %s %s --file %[5]s", p.name, version, failed, why, pluginFile(p.name, version),
			pulumi, p.name, version))
	}
	if len(refused) > 0 {
		return errors.Join(refused...)
	}
	if err := o.build(ctx, failure, names...); err != nil {
		return err
	}
	if len(stubs) > 0 {
		fmt.Fprintf(os.Stderr, "  The real Pulumi plugins %s cannot be downloaded here: using the lab's stubs.\n",
			strings.Join(stubs, " and "))
	}
	return nil
}

// mayBuild reports whether the lab's build may replace a plugin that cannot be downloaded; why not is for the end of a
// sentence. A production stack on a cluster other than the lab never gets a stub.
func (p place) mayBuild(wanted plugin) (may bool, why string) {
	switch {
	case runtime.GOOS != "linux":
		return false, ""
	case wanted.stub && p.production && !p.lab:
		return false, "; a production stack never gets the lab's stub"
	case !p.lab && !p.forced:
		return false, "; only the lab replaces it (LAB=1 allows that here)"
	}
	return true, ""
}

// missingPlugins are those that Pulumi would have to download: neither on PATH nor whole in its own folder.
func (o *Ops) missingPlugins() ([]plugin, error) {
	var missing []plugin
	for _, p := range plugins {
		version, err := o.moduleVersion("go.mod", p.module)
		if err != nil {
			return nil, err
		}
		installed := filepath.Join(pulumiHome(), "plugins", "resource-"+p.name+"-"+version)
		_, err = os.Stat(installed)
		_, partial := os.Stat(installed + ".partial") // an interrupted installation leaves it
		if (err != nil || partial == nil) && o.look("pulumi-resource-"+p.name) == "" {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// installPlugin has Pulumi download a plugin, with Pulumi's own progress.
func (o *Ops) installPlugin(ctx context.Context, pulumi, name, version string) error {
	if err := o.pluginOffered(ctx, name, version); err != nil {
		return err
	}
	title := "Download Pulumi plugin " + name + " " + version
	install := func(progress io.Writer) error {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, pulumi, "plugin", "install", "resource", name, version, "--exact")
		cmd.Dir, cmd.Env = o.Root, o.pulumiEnv()
		cmd.Stdout, cmd.Stderr = progress, io.MultiWriter(progress, &said)
		if isTerminal(os.Stderr) {
			cmd.Stdin = os.Stdin // without a terminal on it, Pulumi draws no bar
		} else {
			ownGroup(cmd)
		}
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("pulumi plugin install: %w: %s", err, lastLineOf(said.Bytes()))
		}
		return nil
	}
	if isTerminal(os.Stderr) {
		fmt.Fprintf(os.Stderr, "▸ %s\n", title)
		return install(os.Stderr)
	}
	printer := step.New(o.state("logs"))
	printer.Out = os.Stderr
	return printer.Run(title, func(s *step.Step) error { return install(s) })
}

// pluginOffered fails where none of the plugin's sites has it. `pulumi plugin install` would try each for many seconds,
// and a machine without a way out would lose them at every run.
func (o *Ops) pluginOffered(ctx context.Context, name, version string) error {
	if os.Getenv("PULUMI_PLUGIN_DOWNLOAD_URL_OVERRIDES") != "" {
		return nil // Pulumi knows other sites
	}
	if err := o.rememberedTimeout(); err != nil {
		return err
	}
	file := pluginFile(name, version)
	var failed error
	for _, site := range pluginSites {
		err := offers(ctx, site(name, file, version))
		if err == nil {
			return nil
		}
		failed = err // the last site is the one that has every plugin
	}
	o.rememberTimeout(failed)
	return failed
}

// pluginFile is the name of a plugin's archive for this machine.
func pluginFile(name, version string) string {
	return fmt.Sprintf("pulumi-resource-%s-%s-%s-%s.tar.gz", name, version, runtime.GOOS, runtime.GOARCH)
}

// withoutLabPlugins leaves out of a PATH the folders of plugins that the lab has built.
func withoutLabPlugins(path string) string {
	lab, err := os.UserCacheDir()
	if err != nil {
		return path
	}
	lab = filepath.Join(lab, "todo-lab") + string(filepath.Separator)
	var kept []string
	for _, dir := range filepath.SplitList(path) {
		plugins, _ := filepath.Glob(filepath.Join(dir, "pulumi-resource-*")) // a pattern that is invalid matches nothing
		if len(plugins) == 0 || !strings.HasPrefix(filepath.Clean(dir)+string(filepath.Separator), lab) {
			kept = append(kept, dir)
		}
	}
	return strings.Join(kept, string(filepath.ListSeparator))
}
