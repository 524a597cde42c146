// Package files writes small files so that a reader, or a crash, never finds half of one.
package files

import (
	"errors"
	"os"
	"path/filepath"
)

// Write writes a whole file with its folder, or leaves the old one.
func Write(path string, text []byte, mode os.FileMode) error {
	return write(path, text, mode, os.Rename)
}

// Create is Write for a file that must not exist yet: the error is fs.ErrExist when it does.
func Create(path string, text []byte, mode os.FileMode) error {
	return write(path, text, mode, os.Link) // the temporary name goes, the linked one stays
}

func write(path string, text []byte, mode os.FileMode, publish func(from, to string) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".tmp-*") // mode 0600: a key is never readable in between
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // a renamed file has no such name any more
	_, err = tmp.Write(text)
	if err := errors.Join(err, tmp.Chmod(mode), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return publish(tmp.Name(), path)
}
