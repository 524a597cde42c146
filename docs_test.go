package main

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"
)

// docs/architecture.md promises that a test proves each behaviour: a test that was renamed or removed must be noticed.
func TestEveryNamedProofExists(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| behaviour | proved by |")
	if !found {
		t.Fatal("docs/architecture.md has no table of behaviours any more")
	}
	var tests strings.Builder
	err = fs.WalkDir(os.DirFS("."), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (path == "app" || path == ".state" || entry.Name() == "node_modules") {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, "_test.go") || path == "docs_test.go" {
			return nil
		}
		source, err := os.ReadFile(path)
		tests.Write(source)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	proofs := regexp.MustCompile("`((?:Test|Fuzz|Example)[A-Za-z0-9]+)`|\"([^\"]+)\"").FindAllStringSubmatch(table, -1)
	if len(proofs) < 40 {
		t.Fatalf("%d tests are named in the table; it should name at least one a row", len(proofs))
	}
	for _, proof := range proofs {
		want := `{"` + proof[2] + `", test` // a step of e2e's TestStack
		if proof[1] != "" {
			want = "func " + proof[1] + "("
		}
		if !strings.Contains(tests.String(), want) {
			t.Errorf("docs/architecture.md names %s%s, and there is no such test", proof[1], proof[2])
		}
	}
}
