//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"todo/internal/step"
)

// up brings the lab to its full state from whatever state it is in.
func up(ctx context.Context) error {
	if problems := preflight(ctx); len(problems) > 0 {
		return refusal{fmt.Errorf("nothing was changed, because\n%w", errors.Join(problems...))}
	}
	unlock, err := lock()
	if err != nil {
		return refusal{err}
	}
	defer unlock()
	printer, err := newPrinter()
	if err != nil {
		return err
	}
	bins, err := toolDirs(ctx, append(clusterTools, pauseTool, traefikName))
	if err != nil {
		return err
	}
	var u setup
	err = parts{
		build: func(ctx context.Context) error { return buildAll(ctx, printer, bins) },
		engines: func(ctx context.Context) (err error) {
			if u, err = prepare(ctx, printer, bins); err != nil {
				return err
			}
			return u.startAll(ctx, printer, "Start container engines and registry", pick(u.components(), engines, true))
		},
		images:  func(ctx context.Context) error { return u.ensureImages(ctx, printer) },
		cluster: func(ctx context.Context) error { return u.startCluster(ctx, printer) },
	}.run(ctx, printer)
	if err != nil {
		return withAdvice(ctx, err, printer.LogDir)
	}
	if err := tidyCache(); err != nil {
		return err
	}
	fmt.Printf("The lab is up: context %s, kubeconfig %s, registry %s\n", clusterName, adminConf, registryAddr)
	return nil
}

// engines are the components that need Debian's packages only.
var engines = []string{"containerd", "docker", "registry"}

// prepare does everything that comes before the first process: packages, addresses, kernel settings, certificates.
func prepare(ctx context.Context, printer *step.Printer, bins map[string]string) (setup, error) {
	if err := printer.Run("Install Debian packages", func(s *step.Step) error { return installPackages(ctx, s, debianPackages) }); err != nil {
		return setup{}, err
	}
	u, err := newSetup(bins)
	if err != nil {
		return setup{}, err
	}
	for _, folder := range []string{stateDir, runDir, volumesDir} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return setup{}, err
		}
	}
	if err := errors.Join(noteFirewall(ctx), noteOutside()); err != nil { // in this order
		return setup{}, err
	}
	return u, printer.Run("Set up network and certificates", func(s *step.Step) error {
		made, err := ensureCerts(u.Network)
		if err != nil {
			return err
		}
		changed, err := setupNetwork(ctx, s, u.Network)
		if err == nil && !made && !changed {
			return step.ErrDone
		}
		return err
	})
}

// newSetup reads what the components' command lines depend on from the machine.
func newSetup(bins map[string]string) (setup, error) {
	n, err := loadNetwork()
	if err != nil {
		return setup{}, err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return setup{}, err
	}
	return setup{Network: n, bins: bins, restrict: !hasSysResource(string(status)), cniBin: cniFolder(),
		patience: startPatience}, nil
}

// startCluster starts Kubernetes on the running engines and waits until it can run pods.
func (u setup) startCluster(ctx context.Context, printer *step.Printer) error {
	if err := printer.Run("Load the pause image", func(s *step.Step) error { return u.ensurePause(ctx, s) }); err != nil {
		return err
	}
	all := append(pick(u.components(), engines, false), u.optional()...)
	if err := u.startAll(ctx, printer, "Start Kubernetes "+kubernetesVersion, all); err != nil {
		return err
	}
	if err := printer.Run("Apply addons", func(s *step.Step) error { return u.applyAddons(ctx, s) }); err != nil {
		return err
	}
	if err := printer.Run("Wait for the node", func(s *step.Step) error { return u.waitNode(ctx, s) }); err != nil {
		return err
	}
	// One may have ended after it was healthy, as some do when another one was too slow for them.
	return u.startAll(ctx, printer, "", append(u.components(), u.optional()...))
}

// toolDirs returns the folder of each tool, whether it is built yet or not.
func toolDirs(ctx context.Context, names []string) (map[string]string, error) {
	dirs := map[string]string{}
	for _, name := range names {
		tool, err := findTool(name)
		if err != nil {
			return nil, err
		}
		if dirs[name], err = tool.dir(ctx); err != nil {
			return nil, err
		}
	}
	return dirs, nil
}

// buildAll builds the tools whose folders are not there; one after another, for each build uses all cores.
func buildAll(ctx context.Context, printer *step.Printer, dirs map[string]string) error {
	missing := false
	for _, name := range append([]string{pauseTool}, clusterTools...) {
		if isDir(dirs[name]) {
			continue
		}
		missing = true
		tool, err := findTool(name)
		if err != nil {
			return err
		}
		err = printer.Run(tool.title(), func(s *step.Step) error {
			_, err := Build(ctx, s, tool)
			return err
		})
		if err != nil {
			return err
		}
	}
	if missing {
		return nil
	}
	return printer.Run("Build "+kubernetesVersion+" and its addons", func(*step.Step) error { return step.ErrDone })
}
