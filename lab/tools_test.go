//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestToolHashFollowsWhatTheBuildReads(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	hash := func(tool Tool, version string) string {
		t.Helper()
		sum, err := tool.hash(root, version)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	write("tool/go.mod", "module x")
	write("tool/a.go", "package a")
	tool := Tool{Name: "x", Folder: "tool", Packages: []string{"."}}
	before := hash(tool, "go1")
	if len(before) != 12 {
		t.Errorf("the hash %q has not 12 digits", before)
	}
	write("tool/x_test.go", "package x")
	if hash(tool, "go1") != before {
		t.Error("a test file, which no build reads, changes the hash")
	}
	if hash(tool, "go2") == before {
		t.Error("another Go version gives the same hash")
	}
	changed := tool
	changed.Ldflags = "-X a=b"
	if hash(changed, "go1") == before {
		t.Error("other flags give the same hash")
	}
	write("tool/a.go", "package b")
	if hash(tool, "go1") == before {
		t.Error("a changed file that the build reads gives the same hash")
	}
}

func TestEveryToolHasItsModule(t *testing.T) {
	for _, tool := range tools {
		if !isDir(tool.Folder) {
			t.Errorf("%s: there is no folder lab/%s", tool.Name, tool.Folder)
		}
	}
	for _, name := range clusterTools {
		if _, err := findTool(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := findTool("nonsense"); err == nil || !strings.Contains(err.Error(), "kubernetes") {
		t.Errorf("an unknown tool's error does not name those there are: %v", err)
	}
}
