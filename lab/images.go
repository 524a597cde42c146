//go:build linux

package main

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"todo/internal/step"
)

// recipes holds the folders that the stand-ins for base images are built from.
//
//go:embed images/rootfs images/python images/node images/postgres
var recipes embed.FS

// baseImage is an image that the application's Dockerfiles or pods name. Where it cannot be pulled, a stand-in of the
// same name is built from Debian packages, for the lab's Docker only.
type baseImage struct {
	name   string
	recipe string // folder below images/
	pods   bool   // pods use it as it is, so containerd needs it too
}

var baseImages = []baseImage{
	{name: "python:3.13-slim", recipe: "python"},
	{name: "postgres:17-alpine", recipe: "postgres", pods: true},
	{name: "node:20-alpine", recipe: "node"},
}

// recipeLabel carries the hash of what a stand-in was built from, so that a changed recipe is noticed.
const recipeLabel = "todo-lab.recipe"

// stageLabel marks the stages of a recipe that its image does not contain.
const stageLabel = "todo-lab.stage"

// pullTimeout is how long a registry gets to show that it can be reached; the pull itself may take longer.
const pullTimeout = 8 * time.Second

// hash is over all that decides what a stand-in contains. What Debian's mirror has that day is not in it: a stand-in is
// built once and kept.
func (b baseImage) hash(r rootfs) (string, error) {
	files, err := recipeFiles(b.recipe)
	if err != nil {
		return "", err
	}
	parts := []string{r.hash}
	for _, name := range sortedKeys(files) {
		parts = append(parts, name, string(files[name]))
	}
	return specHash(parts...), nil
}

func recipeFiles(recipe string) (map[string][]byte, error) {
	files := map[string][]byte{}
	root := path.Join("images", recipe)
	err := fs.WalkDir(recipes, root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := recipes.ReadFile(name)
		files[name[len(root)+1:]] = text
		return err
	})
	return files, err
}

// ensureImages puts the base images into the lab's Docker, and those that pods use as they are into containerd.
func (u setup) ensureImages(ctx context.Context, printer *step.Printer) error {
	r, err := newRootfs(ctx)
	if err != nil {
		return err
	}
	missing := []baseImage{}
	if _, err := cachedFile("rootfs", r.hash); err != nil {
		return err
	}
	for _, b := range baseImages {
		have, err := b.present(ctx, r)
		if err != nil {
			return err
		}
		if !have {
			missing = append(missing, b)
		}
	}
	if len(missing) == 0 {
		return printer.Run("Base images", func(*step.Step) error { return step.ErrDone })
	}
	for _, b := range missing {
		standIn := false
		err := printer.Run("Base image "+b.name, func(s *step.Step) error {
			reachable, cancel := context.WithTimeout(ctx, pullTimeout)
			defer cancel()
			err := newEngine().reachable(reachable, b.name)
			if err == nil {
				err = newEngine().pull(ctx, s, b.name)
			}
			if err == nil {
				return nil
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			fmt.Fprintf(s, "%s cannot be pulled: %v\n", b.name, err)
			standIn = true
			return b.standIn(ctx, s, r)
		})
		if err != nil {
			return err
		}
		if standIn {
			fmt.Fprintf(printer.Out, "    %s cannot be pulled here: the lab's Docker uses a stand-in built from Debian packages\n", b.name)
		}
	}
	return nil
}

// present says whether the image is everywhere it is needed, and, when it is a stand-in, built from the present recipe.
func (b baseImage) present(ctx context.Context, r rootfs) (bool, error) {
	hash, err := b.hash(r)
	if err != nil {
		return false, err
	}
	if _, err := cachedFile(b.recipe, hash); err != nil {
		return false, err
	}
	labels, ok, err := newEngine().labels(ctx, b.name)
	if err != nil || !ok {
		return false, err
	}
	built, standIn := labels[recipeLabel]
	if !standIn {
		return true, nil // pulled, so containerd can pull it too
	}
	if built != hash || !b.pods {
		return built == hash, nil
	}
	return criHas(ctx, "docker.io/library/"+b.name)
}

// standIn loads the stand-in from the cache, after building it if it is not there.
func (b baseImage) standIn(ctx context.Context, s *step.Step, r rootfs) error {
	hash, err := b.hash(r)
	if err != nil {
		return err
	}
	file, err := cached(b.recipe, hash, func(w io.Writer) error {
		if err := r.ensure(ctx, s); err != nil {
			return err
		}
		files, err := recipeFiles(b.recipe)
		if err != nil {
			return err
		}
		packed, err := tarOf(files, 0o644)
		if err != nil {
			return err
		}
		if err := newEngine().build(ctx, s, b.name, map[string]string{"ROOTFS": r.image()}, map[string]string{recipeLabel: hash}, packed); err != nil {
			return err
		}
		if err := newEngine().prune(ctx, stageLabel); err != nil {
			return err
		}
		archive, err := newEngine().save(ctx, b.name)
		if err != nil {
			return err
		}
		defer archive.Close()
		fmt.Fprintln(s, "saving it to the cache")
		_, err = io.Copy(w, archive)
		return err
	})
	if err != nil {
		return err
	}
	if labels, _, err := newEngine().labels(ctx, b.name); err != nil {
		return err
	} else if labels[recipeLabel] != hash { // not just built
		fmt.Fprintln(s, "loading", file)
		if err := readCached(file, func(archive io.Reader) error { return newEngine().load(ctx, s, archive) }); err != nil {
			return err
		}
	}
	if !b.pods {
		return nil
	}
	return readCached(file, func(archive io.Reader) error { return criImport(ctx, s, archive) })
}

// cached returns the cache's file <name>-<hash>.tar.gz, written by write when it is not there. It is written beside its
// place and renamed, so that half a file is never taken for a whole one.
func cached(name, hash string, write func(io.Writer) error) (file string, err error) {
	if file, err = cachedFile(name, hash); err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".tmp-*")
	if err != nil {
		return "", err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	zip, err := gzip.NewWriterLevel(tmp, gzip.BestSpeed)
	if err != nil {
		return "", err
	}
	if err := write(zip); err != nil {
		return "", err
	}
	if err := errors.Join(zip.Close(), tmp.Close()); err != nil {
		return "", err
	}
	return file, os.Rename(tmp.Name(), file)
}

// cachedFile is the place of such a file, whether it is there or not. Asking for it counts as a use.
func cachedFile(name, hash string) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	file := filepath.Join(cache, "images", name+"-"+hash+".tar.gz")
	return file, markUsed(file)
}

// readCached hands the unpacked content of a cached file to read.
func readCached(file string, read func(io.Reader) error) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zip, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("%s: %w; remove it to have it made again", file, err)
	}
	return read(zip)
}

// fileHash returns a hash of a file; of an absent one, that of nothing.
func fileHash(name string) (string, error) {
	text, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(text)), nil
}
