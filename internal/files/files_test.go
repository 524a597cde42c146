package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWriteReplacesAWholeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder", "file")
	for _, text := range []string{"first", "second, longer"} {
		before, _ := os.Open(path)
		if err := Write(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if before != nil {
			defer before.Close()
			old := make([]byte, 100)
			if n, err := before.Read(old); err != nil || string(old[:n]) != "first" {
				t.Errorf("a reader that has the file open sees %q (%v), want the old text to its end", old[:n], err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("%q (%v), want %q", got, err, text)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600", info.Mode(), err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "folder", ".tmp-*")); err != nil || len(left) > 0 {
		t.Errorf("temporary files are left: %v, %v", left, err)
	}
}

func TestCreateKeepsTheFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Create(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Create(path, []byte("second"), 0o600); !errors.Is(err, fs.ErrExist) {
		t.Errorf("error = %v, want fs.ErrExist: the first text may be a passphrase in use", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "first" {
		t.Errorf("%q (%v), want the first text", got, err)
	}
}
