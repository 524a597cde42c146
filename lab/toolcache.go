//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"todo/internal/step"
)

// keepUnused is how long the cache keeps what no checkout has used.
const keepUnused = 30 * 24 * time.Hour

// lockTool keeps every other process from building the tool until the returned function is called. Where another
// checkout is building it, it waits and says for what; the build then finds its result.
func lockTool(ctx context.Context, s *step.Step, cache, name string) (unlock func(), err error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(cache, "."+name+".lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for said := false; ; said = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("locking %s: %w", file.Name(), err)
		}
		if !said {
			fmt.Fprintf(s, "waiting for another process that is building %s\n", name)
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, ctx.Err()
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// markUsed dates what is used of the cache, so that pruneCache keeps it. What does not exist is not made.
func markUsed(paths ...string) error {
	for _, path := range paths {
		now := time.Now()
		if err := os.Chtimes(path, now, now); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// cacheEntry matches what the cache keeps by a hash: a tool's folder, and an image's archive.
var cacheEntry = regexp.MustCompile(`^[a-z-]+-[0-9a-f]{12,16}(\.tar\.gz)?$`)

// pruneCache removes from the cache what has not been used since then, except what running programs were started from.
// It returns what it removed.
func pruneCache(cache string, since time.Time, running []string) ([]string, error) {
	var removed []string
	for _, folder := range []string{cache, filepath.Join(cache, "images")} {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, err
		}
		for _, entry := range entries {
			path := filepath.Join(folder, entry.Name())
			info, err := entry.Info()
			if err != nil {
				return removed, err
			}
			inUse := slices.ContainsFunc(running, func(program string) bool {
				return strings.HasPrefix(program, path+"/")
			})
			if !cacheEntry.MatchString(entry.Name()) || info.ModTime().After(since) || inUse {
				continue
			}
			if err := os.RemoveAll(path); err != nil {
				return removed, err
			}
			removed = append(removed, entry.Name())
		}
	}
	return removed, nil
}

// tidyCache prunes the cache and says what it removed.
func tidyCache() error {
	cache, err := cacheDir()
	if err != nil {
		return err
	}
	removed, err := pruneCache(cache, time.Now().Add(-keepUnused), runningPrograms())
	if len(removed) > 0 {
		fmt.Printf("Removed from %s, unused for %d days: %s\n",
			cache, int(keepUnused.Hours()/24), strings.Join(removed, ", "))
	}
	return err
}

// runningPrograms are the files that this machine's processes were started from. Processes that end meanwhile are left
// out.
func runningPrograms() []string {
	links, err := filepath.Glob("/proc/[0-9]*/exe")
	if err != nil {
		return nil // the pattern is good
	}
	var programs []string
	for _, link := range links {
		if program, err := os.Readlink(link); err == nil {
			programs = append(programs, program)
		}
	}
	return programs
}
