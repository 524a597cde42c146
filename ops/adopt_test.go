package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestAdoptWritesOnlyWhereNothingIs(t *testing.T) {
	const block = "config:\n  todo:services:\n    web:\n      port: 3000\n"
	for name, test := range map[string]struct{ text, refused string }{
		"other keys":         {"# why\nconfig:\n  todo:exposure: localhost # kept\n", ""},
		"no file content":    {"", ""},
		"a salt alone":       {"encryptionsalt: v1:x\n", ""},
		"keys after it":      {"config:\n  todo:exposure: localhost\nencryptionsalt: v1:x\n", ""},
		"services are there": {"config:\n  todo:services: {backend: {replicas: 1}}\n", "has todo:services already"},
		"not YAML":           {"config: [\n", "not valid YAML"},
		"another layout":     {"config: {\"todo:exposure\": localhost}\n", "not indented by two spaces"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := withServices(test.text, block)
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Fatalf("the error is %v, want %q in it", err, test.refused)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var file struct{ Config map[string]any }
			if err := yaml.Unmarshal([]byte(got), &file); err != nil || file.Config["todo:services"] == nil {
				t.Errorf("the file has no services (%v):\n%s", err, got)
			}
			for line := range strings.Lines(test.text) {
				if !strings.Contains(got, line) {
					t.Errorf("the line %q is gone:\n%s", line, got)
				}
			}
		})
	}
}

func TestAdopt(t *testing.T) {
	const before = "config:\n  todo:exposure: localhost\n"
	for name, test := range map[string]struct {
		source, write, refused string
		written                bool
	}{
		"prints":             {source: "app"},
		"writes":             {source: "app", write: "1", written: true},
		"without a source":   {refused: "make adopt SOURCE=../my-app"},
		"no folder":          {source: "missing", refused: "SOURCE=missing is not a folder"},
		"WRITE is not a yes": {source: "app", write: "yes", refused: `WRITE="yes"; allowed: 1`},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": before})
			file := filepath.Join("app", "package.json")
			if err := writeFile(file, []byte(`{"dependencies": {"next": "16"}}`)); err != nil {
				t.Fatal(err)
			}
			t.Setenv("SOURCE", test.source)
			t.Setenv("WRITE", test.write)
			err := ops.Adopt(t.Context())
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("the error is %v, want %q in it", err, test.refused)
			}
			text, err := os.ReadFile("Pulumi.dev.yaml")
			if err != nil {
				t.Fatal(err)
			}
			written := strings.Contains(string(text), "preset: nextjs")
			if written != test.written || !written && string(text) != before {
				t.Errorf("the stack's config is now\n%s", text)
			}
		})
	}
}
