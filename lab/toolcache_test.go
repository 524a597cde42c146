//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"todo/internal/step"
)

func TestOneToolIsBuiltByOneProcessAtATime(t *testing.T) {
	cache, log := t.TempDir(), t.TempDir()
	printer := &step.Printer{Out: os.Stdout, LogDir: log}
	run := func(name string, do func(s *step.Step) error) {
		t.Helper()
		if err := printer.Run(name, do); err != nil {
			t.Fatal(err)
		}
	}
	run("first", func(s *step.Step) error {
		unlock, err := lockTool(context.Background(), s, cache, "pulumi")
		if err != nil {
			return err
		}
		defer unlock()
		other, err := lockTool(context.Background(), s, cache, "kubernetes")
		if err != nil {
			t.Errorf("the lock of one tool keeps another from being built: %v", err)
		} else {
			other()
		}
		impatient, cancel := context.WithCancel(context.Background())
		run("second", func(s *step.Step) error {
			time.AfterFunc(50*time.Millisecond, cancel)
			if _, err := lockTool(impatient, s, cache, "pulumi"); !errors.Is(err, context.Canceled) {
				t.Errorf("a second process builds the tool at the same time (%v)", err)
			}
			return nil
		})
		return nil
	})
	said, err := os.ReadFile(filepath.Join(log, "second.log"))
	if err != nil || !strings.Contains(string(said), "waiting for another process that is building pulumi") {
		t.Errorf("who waits does not say for what: %q, %v", said, err)
	}
	run("third", func(s *step.Step) error {
		unlock, err := lockTool(context.Background(), s, cache, "pulumi")
		if err == nil {
			unlock()
		}
		return err
	})
}

func TestPruneRemovesOnlyWhatIsOldAndUnused(t *testing.T) {
	cache := t.TempDir()
	old := time.Now().Add(-2 * keepUnused)
	entries := map[string]bool{ // whether it stays
		"kubernetes-0123456789ab":            false, // old
		"kubernetes-1123456789ab":            true,  // used lately
		"pulumi-2123456789ab":                true,  // running
		"images/python-3123456789ab.tar.gz":  false,
		"images/python-4123456789ab.tar.gz":  true, // used lately
		".pulumi.lock":                       true, // not by a hash
		"python-of-someone-else":             true,
		"pulumi-resource-docker-512345678ab": true, // no hash of the cache
	}
	for name := range entries {
		path := filepath.Join(cache, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	used := []string{filepath.Join(cache, "kubernetes-1123456789ab"),
		filepath.Join(cache, "images/python-4123456789ab.tar.gz"), filepath.Join(cache, "not-there")}
	if err := markUsed(used...); err != nil {
		t.Fatal(err)
	}
	running := []string{"/bin/sh", filepath.Join(cache, "pulumi-2123456789ab", "pulumi")}
	removed, err := pruneCache(cache, time.Now().Add(-keepUnused), running)
	if err != nil {
		t.Fatal(err)
	}
	for name, stays := range entries {
		if _, err := os.Stat(filepath.Join(cache, name)); (err == nil) != stays {
			t.Errorf("%s: it stays is %v, want %v", name, err == nil, stays)
		}
	}
	slices.Sort(removed)
	if strings.Join(removed, " ") != "kubernetes-0123456789ab python-3123456789ab.tar.gz" {
		t.Errorf("what was removed is reported as %v", removed)
	}
	if removed, err := pruneCache(filepath.Join(cache, "none"), time.Now(), nil); err != nil || len(removed) > 0 {
		t.Errorf("a cache that does not exist is a problem: %v, %v", removed, err)
	}
}
