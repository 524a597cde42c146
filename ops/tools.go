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
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
)

// Tools are the programs that the verbs run.
type Tools struct {
	Pulumi  string   // path
	Kubectl string   // path
	Path    []string // folders that come before the user's PATH: what was downloaded or built

	mu  sync.Mutex // for Path: tools are found while the cluster starts
	lab sync.Once
	err error // of building bin/lab
}

// FindTools finds Pulumi with its plugins, and kubectl. What is missing is downloaded; on the lab, what cannot be
// downloaded is built. All progress goes to standard error: `make env` is read by a shell.
func (o *Ops) FindTools(ctx context.Context) error {
	if err := o.findPulumi(ctx); err != nil {
		return err
	}
	return o.findKubectl(ctx)
}

func (o *Ops) findKubectl(ctx context.Context) (err error) {
	if o.tools.Kubectl == "" {
		o.tools.Kubectl, err = o.findTool(ctx, "kubectl")
	}
	return err
}

func (o *Ops) findPulumi(ctx context.Context) error {
	if o.tools.Pulumi != "" {
		return nil
	}
	pulumi, err := o.findTool(ctx, "pulumi")
	if err != nil {
		return err
	}
	if err := o.findPlugins(ctx, pulumi); err != nil {
		return err
	}
	o.tools.Pulumi = pulumi
	return nil
}

// findTool returns the path of pulumi or kubectl: on PATH, downloaded earlier, downloaded now, or built by the lab.
func (o *Ops) findTool(ctx context.Context, name string) (string, error) {
	if path := o.look(name); path != "" {
		return path, nil
	}
	tool, err := o.officialTool(name)
	if err != nil {
		return "", err
	}
	folder, failed := o.download(ctx, tool)
	switch {
	case failed == nil:
		o.addPath(folder)
		return o.look(name), nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(failed, errChecksum):
		return "", failed
	}
	if name == "pulumi" { // looked for while the cluster is chosen, which may take kubectl
		o.choice.wait(ctx)
	}
	if here := o.place(); !here.lab && !here.forced {
		hint := ""
		if runtime.GOOS == "linux" {
			hint = "; or have it built from Go modules: LAB=1"
		}
		return "", fmt.Errorf("%s %s is not on PATH and cannot be downloaded: %w; check the network and HTTPS_PROXY and run "+
			"the command again, or install it: %s%s", name, tool.version, failed, tool.page, hint)
	}
	if err := o.build(ctx, failed, tool.built...); err != nil {
		return "", err
	}
	return o.look(name), nil
}

// addKnownTool puts pulumi or kubectl on the search path if it is on this machine. It downloads and builds nothing.
func (o *Ops) addKnownTool(ctx context.Context, name string) error {
	if o.look(name) != "" {
		return nil
	}
	tool, err := o.officialTool(name)
	if err != nil {
		return err
	}
	if tools, err := toolsFolder(); err == nil {
		folder := tool.folder(tools)
		if _, err := os.Stat(folder); err == nil {
			o.addPath(folder)
			return nil
		}
	}
	if here := o.place(); here.lab || here.forced {
		o.addPath(o.builtTools(ctx, tool.built...)...)
	}
	return nil
}

// moduleVersion is a module's version in a go.mod, the one place where it is written.
func (o *Ops) moduleVersion(file, module string) (string, error) {
	text, err := os.ReadFile(filepath.Join(o.Root, file))
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", module, err)
	}
	match := regexp.MustCompile(`(?m)^(?:require)?\s*` + regexp.QuoteMeta(module) + ` (v\S+)`).FindSubmatch(text)
	if match == nil {
		return "", fmt.Errorf("%s does not require %s", file, module)
	}
	return string(match[1]), nil
}

// build has the lab build tools and puts their folders before PATH. Tools in the cache cost nothing. For others, the
// failed download is printed before the work starts.
func (o *Ops) build(ctx context.Context, failed error, names ...string) error {
	if len(names) == 0 {
		return nil
	}
	if runtime.GOOS != "linux" {
		return errors.New("tools are built on Linux only")
	}
	folders := o.builtTools(ctx, names...)
	if len(folders) < len(names) {
		if failed != nil {
			fmt.Fprintf(os.Stderr, "  Building %s from Go modules, as the download failed: %s\n",
				strings.Join(names, ", "), oneLine(failed.Error()))
		}
		cmd := o.labCommand(ctx, append([]string{"tools"}, names...)...)
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("building %s: %w", strings.Join(names, ", "), err)
		}
		folders = lines(out.Bytes())
	}
	o.addPath(folders...)
	return nil
}

// builtTools are the folders of those of the tools that the lab has built before.
func (o *Ops) builtTools(ctx context.Context, names ...string) []string {
	if runtime.GOOS != "linux" {
		return nil
	}
	cmd := o.labCommand(ctx, append([]string{"tools", "-built"}, names...)...)
	cmd.Stdout, cmd.Stderr = nil, nil
	out, err := cmd.Output()
	if err != nil {
		return nil // building them will say why
	}
	return lines(out)
}

// lines splits what `lab tools` prints. A folder's name may have spaces.
func lines(out []byte) []string {
	var all []string
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func (o *Ops) addPath(folders ...string) {
	o.tools.mu.Lock()
	defer o.tools.mu.Unlock()
	for _, folder := range folders {
		if !slices.Contains(o.tools.Path, folder) {
			o.tools.Path = append(o.tools.Path, folder)
		}
	}
}

// searchPath is the user's PATH with what was downloaded or built before it.
func (o *Ops) searchPath() string {
	o.tools.mu.Lock()
	defer o.tools.mu.Unlock()
	return strings.Join(append(slices.Clone(o.tools.Path), os.Getenv("PATH")), string(os.PathListSeparator))
}

// look is exec.LookPath with the downloaded and built tools first; "" when there is no such program.
func (o *Ops) look(name string) string {
	o.tools.mu.Lock()
	defer o.tools.mu.Unlock()
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
// itself and not only `go run`. The first call builds it: most machines never need it.
func (o *Ops) labCommand(ctx context.Context, args ...string) *exec.Cmd {
	o.tools.lab.Do(func() {
		build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join("bin", "lab"), "./lab")
		build.Dir = o.Root
		if out, err := build.CombinedOutput(); err != nil {
			o.tools.err = fmt.Errorf("go build ./lab: %w: %s", err, bytes.TrimSpace(out))
		}
	})
	cmd := exec.CommandContext(ctx, filepath.Join(o.Root, "bin", "lab"), args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = o.Root, os.Stdout, os.Stderr
	if o.tools.err != nil {
		cmd.Err = o.tools.err
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	return cmd
}

// lastLineOf also splits at the carriage returns of a progress bar.
func lastLineOf(text []byte) string {
	text = bytes.TrimSpace(text)
	return string(bytes.TrimSpace(text[bytes.LastIndexAny(text, "\r\n")+1:]))
}
