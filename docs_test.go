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

// The README shows the tree of the dev stack, taken from a real run: a resource that came or went must be noticed.
func TestREADMEShowsTheTree(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/dev.golden")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^[│├└─ ]*\S+:\S+:\S+ +(todo\S*)$`).FindAllStringSubmatch(string(readme), -1) {
		shown[m[1]] = true
	}
	delete(shown, "todo-dev") // the stack itself
	for line := range strings.Lines(string(golden)) {
		path, _, _ := strings.Cut(line, ":")
		name := path[strings.LastIndex(path, "/")+1:]
		if !shown[name] {
			t.Errorf("the README's tree lacks %s", name)
		}
		delete(shown, name)
	}
	for name := range shown {
		t.Errorf("the README's tree shows %s, which the stack does not have", name)
	}
}
