package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"todo/internal/step"
)

// settle is how long the sources have to be quiet before they are deployed: editors and git write in bursts.
const settle = 300 * time.Millisecond

// unwatched are folders that tools fill beside the sources, and that no image gets (dockerfiles/*.dockerignore).
var unwatched = []string{"node_modules", "__pycache__", "coverage", "dist", "build"}

// Dev brings the stack up, and then deploys again whenever a source of $SERVICE, or of any service, changes; what its pods
// say is printed meanwhile. An interrupt lets Pulumi finish the step it is in.
func (o *Ops) Dev(ctx context.Context) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	service, err := oneService(os.Getenv("SERVICE"), keys.services())
	if err != nil {
		return err
	}
	folders, err := o.sources(keys, service)
	if err != nil {
		return err
	}
	changes, err := watch(ctx, folders)
	if err != nil {
		return err
	}
	if err := o.Up(ctx); err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if err != nil {
		return err
	}
	fmt.Printf("\n▸ watching %s; a saved change is deployed, Ctrl-C ends (the stack stays up)\n\n", strings.Join(o.relative(folders), ", "))
	logs := &follower{ops: o, cluster: cluster, namespace: keys.namespace(o.Stack), service: service, out: os.Stdout, colour: isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == ""}
	followed := make(chan error, 1)
	go func() { followed <- logs.follow(ctx) }()
	for {
		select {
		case <-ctx.Done():
			return <-followed
		case err := <-followed:
			return err
		case change := <-changes:
			o.redeploy(ctx, cluster, change)
		}
	}
}

// change is one burst of saved files.
type change struct {
	file string // the first
	at   time.Time
}

// redeploy has Pulumi deploy the sources as they are now. A failure is explained and not the end: the next save tries again.
func (o *Ops) redeploy(ctx context.Context, c Cluster, what change) {
	name := o.relative([]string{what.file})[0]
	if err := o.beginRelease(); err != nil { // what runs from here on is no release that a rollback knows
		fmt.Println(err)
	}
	err := o.steps.Run("Deploy after "+name, func(s *step.Step) error {
		// Not o.pulumi: Pulumi's tree would fight with the logs over the terminal.
		err := o.pulumiStep(ctx, s, "up", "--yes", "--skip-preview", "--color", "never", "--stack", o.Stack,
			"--config-file", o.configFile())
		if err == nil {
			err = o.awaitRollout(ctx, c)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	})
	switch {
	case ctx.Err() != nil:
	case err != nil:
		o.explain(ctx, c)
	default:
		fmt.Printf("✓ %s: the new code serves %.1f s after it was saved\n", name, time.Since(what.at).Seconds())
	}
}

// relative are paths as a person in the checkout knows them.
func (o *Ops) relative(paths []string) []string {
	var short []string
	for _, path := range paths {
		if rel, err := filepath.Rel(o.Root, path); err == nil {
			path = rel
		}
		short = append(short, path)
	}
	return short
}

// sources are the folders that a service, or all, are built from.
func (o *Ops) sources(keys stackKeys, service string) ([]string, error) {
	names := keys.services()
	if service != "" {
		names = []string{service}
	}
	base := keys.SourceRoot
	if base == "" {
		base = "app"
	}
	if !filepath.IsAbs(base) {
		base = filepath.Join(o.Root, base)
	}
	var folders []string
	for _, name := range names {
		if !keys.builds(name) {
			continue
		}
		folder := filepath.Join(base, name)
		if source := keys.Services.value[name].Source; source != "" {
			if folder = source; !filepath.IsAbs(folder) {
				folder = filepath.Join(o.Root, source)
			}
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return nil, fmt.Errorf("%s is not there: make dev watches folders, and the sources of %s are below the configuration's sourceRoot or in services.%s.source", folder, name, name)
		}
		folders = append(folders, folder)
	}
	return append(folders, filepath.Join(o.Root, "dockerfiles")), nil
}

// watch sends a change when files below the folders have been saved and then left alone. Changes that come while nobody
// receives are one change.
func watch(ctx context.Context, folders []string) (<-chan change, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watching the sources: %w", err)
	}
	for _, folder := range folders {
		if err := addFolders(watcher, folder); err != nil {
			return nil, errors.Join(err, watcher.Close())
		}
	}
	changes := make(chan change, 1)
	go func() {
		defer watcher.Close()
		quiet := time.NewTimer(time.Hour)
		quiet.Stop()
		var next change
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-watcher.Events:
				if event.Op == fsnotify.Chmod || ignored(event.Name) {
					continue
				}
				if event.Op.Has(fsnotify.Create) {
					// A new folder's own files may have come before its watch: its creation is a change already.
					if info, err := os.Stat(event.Name); err == nil && info.IsDir() {
						if err := addFolders(watcher, event.Name); err != nil {
							fmt.Fprintln(os.Stderr, err)
						}
					}
				}
				if next.file == "" {
					next.file = event.Name
				}
				next.at = time.Now()
				quiet.Reset(settle)
			case err := <-watcher.Errors:
				fmt.Fprintf(os.Stderr, "watching the sources: %v\n", err)
			case <-quiet.C:
				select {
				case changes <- next:
				default: // one is waiting already, and will deploy this as well
				}
				next = change{}
			}
		}
	}()
	return changes, nil
}

func addFolders(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // gone again
		case err != nil:
			return fmt.Errorf("watching the sources: %w", err)
		case !entry.IsDir():
			return nil
		case path != root && ignored(path):
			return filepath.SkipDir
		}
		if err := watcher.Add(path); err != nil {
			return fmt.Errorf("watching %s: %w", path, err)
		}
		return nil
	})
}

// ignored are hidden files, editors' own files, and what tools make.
func ignored(path string) bool {
	name := filepath.Base(path)
	return strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".pyc") || name == "4913" || slices.Contains(unwatched, name)
}
