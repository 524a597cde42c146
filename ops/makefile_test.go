package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// runMake runs make on this repository's Makefile in a folder, with a standard input that never ends.
func runMake(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make on PATH")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "make", args...)
	cmd.Dir, cmd.WaitDelay = folder, time.Second
	cmd.Env = append(os.Environ(), "MAKEFLAGS=") // not those of a make that runs the tests
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// An archive of a release has no git. Folders of other programs and hidden ones are not checked.
func TestMakeTestGoInAnUnpackedArchive(t *testing.T) {
	text, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "my checkout")
	for name, content := range map[string]string{
		"Makefile": string(text), "go.mod": "module x\n\ngo 1.26\n", "a.go": "package x\n",
		"app/node_modules/b.go": "package  b\n", ".cache/c.go": "package  c\n",
	} {
		if err := writeFile(filepath.Join(folder, name), []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOFLAGS", "")
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(folder))
	if out, err := runMake(t, folder, "test-go", "MODULES=."); err != nil {
		t.Errorf("make test-go: %v\n%s", err, out)
	}
	if err := writeFile(filepath.Join(folder, "sub", "d.go"), []byte("package  d\n")); err != nil {
		t.Fatal(err)
	}
	out, err := runMake(t, folder, "test-go", "MODULES=.")
	if err == nil || !strings.Contains(out, "not formatted: ./sub/d.go") {
		t.Errorf("make test-go with a file that is not formatted: %v\n%s", err, out)
	}
}

func TestCommandsDoNotBuildTheLabFirst(t *testing.T) {
	for _, command := range []string{"up", "down", "preview", "doctor", "env"} {
		if out, err := runMake(t, "..", "-n", command); err != nil || strings.Contains(out, "./lab") {
			t.Errorf("make %s (%v) runs\n%s\nThe lab is needed on few machines: ops builds it there", command, err, out)
		}
	}
	if out, err := runMake(t, "..", "-n", "lab-up"); err != nil || !strings.Contains(out, "go build -o bin/lab ./lab") {
		t.Errorf("make lab-up (%v) runs\n%s\nwithout building the lab", err, out)
	}
}
