package components

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

func stage(t *testing.T, b Build) Build {
	t.Helper()
	staged, err := b.Stage("staging", "web", tag(t, b))
	if err != nil {
		t.Fatal(err)
	}
	return staged
}

func TestStagedContextHoldsWhatTheTagCovers(t *testing.T) {
	b := source(t)
	pulumitest.Write(t, b.Root, "app/Dockerfile", "FROM somebody-elses\n")
	pulumitest.Write(t, b.Root, "app/notes.txt", "for people\n")
	pulumitest.Write(t, b.Root, "app/.dockerignore", "notes.txt\n") // beside what the Dockerfile's own ignore file names
	if err := os.Chmod(filepath.Join(b.Root, "app/main.py"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(b.Root, "app/run.sh"), 0o700); err != nil {
		t.Fatal(err)
	}
	staged := stage(t, b)

	var got []string
	err := filepath.WalkDir(filepath.Join(b.Root, staged.Context), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		name := strings.TrimPrefix(path, filepath.Join(b.Root, staged.Context)+"/")
		got = append(got, info.Mode().String()+" "+name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"-rw-r--r-- Dockerfile", "-rw-r--r-- lib/util.py", "Lrwxrwxrwx link.py", "-rw-r--r-- main.py", "-rwxr-xr-x run.sh"}
	if !slices.Equal(got, want) {
		t.Errorf("the staged context holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	text, err := os.ReadFile(filepath.Join(b.Root, staged.Dockerfile))
	if err != nil || string(text) != "FROM scratch\n" {
		t.Errorf("the staged Dockerfile is %q (%v), want ours and not the source folder's", text, err)
	}
}

func TestStagingTwiceCopiesOnce(t *testing.T) {
	b := source(t)
	first := stage(t, b)
	mark := filepath.Join(b.Root, first.Context, "mark")
	if err := os.WriteFile(mark, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if second := stage(t, b); second.Context != first.Context {
		t.Errorf("unchanged sources are staged in %s, then in %s", first.Context, second.Context)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("unchanged sources were copied again")
	}
}

func TestStagingKeepsOneContextPerName(t *testing.T) {
	b := source(t)
	old := stage(t, b)
	other, err := b.Stage("staging", "web-admin", tag(t, b))
	if err != nil {
		t.Fatal(err)
	}
	pulumitest.Write(t, b.Root, "app/main.py", "changed\n")
	stage(t, b)
	if _, err := os.Stat(filepath.Join(b.Root, old.Context)); err == nil {
		t.Error("the context of an old tag is still there: they would pile up")
	}
	if _, err := os.Stat(filepath.Join(b.Root, other.Context)); err != nil {
		t.Error("the context of another service was removed")
	}
}

func TestStagingRefusesWhatChangedMeanwhile(t *testing.T) {
	b := source(t)
	before := tag(t, b)
	pulumitest.Write(t, b.Root, "app/main.py", "changed\n")
	_, err := b.Stage("staging", "web", before)
	if err == nil || !strings.Contains(err.Error(), "app changed while it was read") {
		t.Errorf("a changed source was staged under the old tag (%v)", err)
	}
	left, err := os.ReadDir(filepath.Join(b.Root, "staging"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind (%v)", left, err)
	}
}
