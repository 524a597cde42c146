package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// text is a report as the golden files hold it.
func text(r *Report) string {
	return r.YAML() + "\n# commands\n" + strings.Join(r.Commands(" -s dev"), "\n") + "\n\n# unknown\n" +
		strings.Join(r.Unknown, "\n") + "\n"
}

// UPDATE=1 go test ./adopt writes the golden files again.
func TestGolden(t *testing.T) {
	for name, folder := range map[string]string{
		"shop": "../e2e/testdata/apps/shop", "portal": "../e2e/testdata/apps/portal", "mono": "../e2e/testdata/apps/mono",
		"todo": "../app",
	} {
		t.Run(name, func(t *testing.T) {
			r, err := Look(folder, strings.TrimPrefix(folder, "../"))
			if err != nil {
				t.Fatal(err)
			}
			got := text(r)
			if err := yaml.Unmarshal([]byte(r.YAML()), new(map[string]any)); err != nil {
				t.Errorf("the block is not valid YAML: %v", err)
			}
			file := filepath.Join("testdata", name+".golden")
			if os.Getenv("UPDATE") != "" {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the report changed; UPDATE=1 go test ./adopt writes it again\n%s", got)
			}
		})
	}
}
