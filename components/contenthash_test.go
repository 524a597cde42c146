package components

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todo/internal/pulumitest"
)

// source is a small build context with everything that matters in it.
func source(t *testing.T) Build {
	t.Helper()
	root := t.TempDir()
	pulumitest.Write(t, root, "app/main.py", "print('hello')\n")
	pulumitest.Write(t, root, "app/lib/util.py", "x = 1\n")
	pulumitest.Write(t, root, "app/node_modules/left-pad/index.js", "ignored\n")
	pulumitest.Write(t, root, "app/run.sh", "#!/bin/sh\n")
	pulumitest.Write(t, root, "Dockerfile", "FROM scratch\n")
	pulumitest.Write(t, root, "Dockerfile.dockerignore", "node_modules\n*.md\n!keep.md\n")
	if err := os.Symlink("main.py", filepath.Join(root, "app/link.py")); err != nil {
		t.Fatal(err)
	}
	return Build{Root: root, Context: "app", Dockerfile: "Dockerfile", Platform: "linux/amd64", Args: map[string]string{"A": "1", "B": "2"}}
}

func tag(t *testing.T, b Build) string {
	t.Helper()
	got, err := b.ContentTag()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestContentTagIsThatOfTheContent(t *testing.T) {
	first, second := tag(t, source(t)), tag(t, source(t))
	if first != second {
		t.Errorf("the same content in two folders has tags %s and %s: every clone would build again", first, second)
	}
	if len(first) != tagLength {
		t.Errorf("tag %q has %d digits, want %d", first, len(first), tagLength)
	}
}

func TestContentTag(t *testing.T) {
	write := func(name, text string) func(*testing.T, *Build) {
		return func(t *testing.T, b *Build) { pulumitest.Write(t, b.Root, name, text) }
	}
	path := func(b *Build, name string) string { return filepath.Join(b.Root, name) }
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(*testing.T, *Build)
		same   bool
	}{
		"mtime": {same: true, change: func(t *testing.T, b *Build) {
			long := time.Now().Add(-24 * time.Hour)
			must(t, os.Chtimes(path(b, "app/main.py"), long, long))
			must(t, os.Chtimes(path(b, "app/lib"), long, long))
		}},
		"permissions but for execution": {same: true, change: func(t *testing.T, b *Build) { must(t, os.Chmod(path(b, "app/main.py"), 0o600)) }},
		"ignored file":                  {same: true, change: write("app/node_modules/left-pad/index.js", "changed\n")},
		"ignored by pattern":            {same: true, change: write("app/README.md", "new\n")},
		"file beside the context":       {same: true, change: write("other/main.py", "new\n")},
		"empty folder":                  {same: true, change: func(t *testing.T, b *Build) { must(t, os.Mkdir(path(b, "app/empty"), 0o755)) }},

		"bytes":             {change: write("app/main.py", "print('hullo')\n")},
		"new file":          {change: write("app/new.py", "")},
		"exception":         {change: write("app/keep.md", "new\n")},
		"removed file":      {change: func(t *testing.T, b *Build) { must(t, os.Remove(path(b, "app/main.py"))) }},
		"renamed file":      {change: func(t *testing.T, b *Build) { must(t, os.Rename(path(b, "app/main.py"), path(b, "app/start.py"))) }},
		"executable bit":    {change: func(t *testing.T, b *Build) { must(t, os.Chmod(path(b, "app/run.sh"), 0o755)) }},
		"Dockerfile":        {change: write("Dockerfile", "FROM scratch\nUSER 1000\n")},
		"ignore file":       {change: write("Dockerfile.dockerignore", "node_modules\nlib\n")},
		"build argument":    {change: func(_ *testing.T, b *Build) { b.Args["A"] = "3" }},
		"argument's border": {change: func(_ *testing.T, b *Build) { b.Args = map[string]string{"A": "1B", "": "2"} }},
		"platform":          {change: func(_ *testing.T, b *Build) { b.Platform = "linux/arm64" }},
		"link's target": {change: func(t *testing.T, b *Build) {
			must(t, os.Remove(path(b, "app/link.py")))
			must(t, os.Symlink("run.sh", path(b, "app/link.py")))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := source(t)
			before := tag(t, b)
			c.change(t, &b)
			if after := tag(t, b); (before == after) != c.same {
				t.Errorf("tag before %s, after %s; want same: %t", before, after, c.same)
			}
		})
	}
}

func TestContextsOwnIgnoreFile(t *testing.T) {
	b := source(t)
	if err := os.Remove(filepath.Join(b.Root, "Dockerfile.dockerignore")); err != nil {
		t.Fatal(err)
	}
	pulumitest.Write(t, b.Root, "app/.dockerignore", "node_modules\n")
	before := tag(t, b)
	pulumitest.Write(t, b.Root, "app/node_modules/left-pad/index.js", "changed\n")
	if tag(t, b) != before {
		t.Error("a file that the context's .dockerignore leaves out changed the tag")
	}
}

func TestALinkedContextIsFollowed(t *testing.T) {
	b := source(t)
	want, err := b.ContentTag()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("app", filepath.Join(b.Root, "linked")); err != nil {
		t.Fatal(err)
	}
	b.Context = "linked"
	if got, err := b.ContentTag(); err != nil || got != want {
		t.Errorf("through a link the tag is %s (%v), want %s: the content is the same", got, err, want)
	}
}

func TestALinkOutOfTheContextIsRefused(t *testing.T) {
	for to, wrong := range map[string]bool{"../secrets": true, "/etc/passwd": true, "lib/util.py": false, "lib/../main.py": false} {
		b := source(t)
		if err := os.Symlink(to, filepath.Join(b.Root, "app/away")); err != nil {
			t.Fatal(err)
		}
		_, err := b.ContentTag()
		if wrong && (err == nil || !strings.Contains(err.Error(), "away is a link to "+to)) {
			t.Errorf("a link to %s: %v, want a refusal that names it", to, err)
		}
		if !wrong && err != nil {
			t.Errorf("a link to %s is refused: %v", to, err)
		}
	}
}

func TestContentTagNamesWhatIsMissing(t *testing.T) {
	b := source(t)
	b.Dockerfile = "missing/Dockerfile"
	if got, err := b.ContentTag(); err == nil {
		t.Errorf("a build without Dockerfile has tag %s, want an error", got)
	}
	b = source(t)
	b.Context = "missing"
	if got, err := b.ContentTag(); err == nil {
		t.Errorf("a build without context has tag %s, want an error", got)
	}
}
