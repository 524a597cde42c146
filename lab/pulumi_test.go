//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplaceInRefusesAnotherVersionsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bucket.go")
	if err := os.WriteFile(file, []byte("import s3\nimport gs\nuse s3\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := replaceIn(file, "s3", "absent", "import gs\n", ""); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "import absent\nuse absent\n" {
		t.Errorf("replaced to %q, %v", text, err)
	}
	err = replaceIn(file, "s3", "absent")
	if err == nil || !strings.Contains(err.Error(), "bucket.go") || !strings.Contains(err.Error(), "s3") {
		t.Errorf("a text that is not there any more: %v, want an error that names the file and the text", err)
	}
}

func TestNodeProgramsAreThoseOfTheirMain(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("tools", "cluster", "_hyperkube", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range nodePrograms {
		if !strings.Contains(string(text), `"`+name+`":`) {
			t.Errorf("hyperkube cannot be called %s", name)
		}
	}
	folder := filepath.Join(t.TempDir(), "node")
	u := setup{bins: map[string]string{"kubernetes": folder}}
	for _, component := range u.components() {
		program := component.Command[0]
		if filepath.Dir(program) != folder {
			continue // of Debian
		}
		found := false
		for _, name := range nodePrograms {
			found = found || filepath.Base(program) == name
		}
		if !found {
			t.Errorf("component %s starts %s, to which nothing is linked", component.Name, program)
		}
	}
}
