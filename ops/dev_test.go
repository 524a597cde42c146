package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestASavedSourceIsAChange(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "src", "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	changes, err := watch(t.Context(), []string{root})
	if err != nil {
		t.Fatal(err)
	}
	for _, save := range []struct {
		file, why string
		change    bool
	}{
		{"src/node_modules/x.js", "packages are not sources", false},
		{"src/.main.py.swp", "an editor's own file is not a source", false},
		{"src/main.py", "a saved file has to be deployed", true},
		{"src/new/deeper/file.py", "so has one in a folder that is new", true},
		{"src/new/deeper/file.py", "and one that was there and changes", true},
	} {
		path := filepath.Join(root, save.file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(time.Now().String()), 0o644); err != nil {
			t.Fatal(err)
		}
		if !save.change {
			continue // it would come before, or in the place of, the next
		}
		select {
		case got := <-changes:
			if !strings.HasPrefix(path, got.file) {
				t.Errorf("the change is of %s, want %s: %s", got.file, path, save.why)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: %s", save.file, save.why)
		}
	}
}

func TestServicesAreCheckedByName(t *testing.T) {
	if _, err := oneService("backnd", serviceNames); err == nil || !strings.Contains(err.Error(), "allowed: backend, frontend-web, frontend-chatbot") {
		t.Errorf("error = %v, want one with the services there are", err)
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	if _, err := ops.sources(stackKeys{}, "backend"); err == nil || !strings.Contains(err.Error(), "sourceRoot") {
		t.Errorf("error = %v, want one that names the key that says where sources are", err)
	}
}
