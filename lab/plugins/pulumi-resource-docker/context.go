package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"
)

// checkFiles says in one line what a build would miss.
func (b build) checkFiles() error {
	where, err := os.Getwd()
	if err != nil {
		return err
	}
	if info, err := os.Stat(b.Context); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("build.context: there is no folder %q in %s: correct the path", b.Context, where)
	} else if err != nil {
		return fmt.Errorf("build.context: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("build.context: %q is not a folder", b.Context)
	}
	info, err := os.Stat(b.Dockerfile)
	if err == nil && info.Mode().IsRegular() {
		return nil
	}
	hint := "correct the path"
	inContext := filepath.Join(b.Context, b.Dockerfile)
	if _, err := os.Stat(inContext); err == nil && !filepath.IsAbs(b.Dockerfile) {
		hint = fmt.Sprintf("it is in the context, so set it to %q: paths start at the project's folder", inContext)
	}
	return fmt.Errorf("build.dockerfile: there is no file %q in %s: %s", b.Dockerfile, where, hint)
}

// ignored returns the patterns of <Dockerfile>.dockerignore or else of the context's .dockerignore, which is what
// BuildKit itself reads.
func (b build) ignored() ([]string, error) {
	for _, path := range []string{b.Dockerfile + ".dockerignore", filepath.Join(b.Context, ".dockerignore")} {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		defer file.Close()
		patterns, err := ignorefile.ReadAll(file)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", path, err)
		}
		return patterns, nil
	}
	return nil, nil
}

// digest is a hash over the Dockerfile and the context's files: names, content and permissions, but not times, so that
// a new clone of the same commit has the same.
func (b build) digest(ctx context.Context) (string, error) {
	patterns, err := b.ignored()
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	if err := hashFile(hash, "Dockerfile", b.Dockerfile, 0); err != nil {
		return "", err
	}
	err = fsutil.Walk(ctx, b.Context, &fsutil.FilterOpt{ExcludePatterns: patterns}, func(path string, info fs.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		return hashFile(hash, filepath.ToSlash(path), filepath.Join(b.Context, path), info.Mode())
	})
	if err != nil {
		return "", fmt.Errorf("reading the build context %s: %w", b.Context, err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

func hashFile(hash io.Writer, name, path string, mode fs.FileMode) error {
	content := sha256.New()
	switch {
	case mode.Type() == fs.ModeSymlink:
		target, err := os.Readlink(path) // the link is what is sent, not what it points to
		if err != nil {
			return err
		}
		io.WriteString(content, target)
	case mode.IsRegular():
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		if _, err := io.Copy(content, file); err != nil {
			return err
		}
	}
	fmt.Fprintf(hash, "%q %s %x\n", name, mode, content.Sum(nil))
	return nil
}
