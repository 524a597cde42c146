package components

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// stagedDockerfile is the Dockerfile's name in a staged context: the one name that every builder agrees on.
const stagedDockerfile = "Dockerfile"

// Stage copies what the tag covers, and nothing else, to <folder>/<name>-<tag> below Root and returns the build from
// there. Copies of other tags of that name are removed.
//
// The Docker plugin looks for ignore files in the context only (pulumi-docker's mapDockerignore), and ours lie beside
// the Dockerfiles, because the sources may be somebody else's: without a copy, node_modules and .env files would go
// into the build. The copy also has uniform permissions. The plugin's own hash covers them, and a file that only its
// owner may read would be unreadable for the image's user.
func (b Build) Stage(folder, name, tag string) (Build, error) {
	staged := b
	staged.Context = filepath.Join(folder, name+"-"+tag)
	staged.Dockerfile = filepath.Join(staged.Context, stagedDockerfile)

	target := filepath.Join(b.Root, staged.Context)
	if _, err := os.Stat(target); err == nil {
		return staged, nil // the name is the content
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return staged, fmt.Errorf("staging the build context: %w", err)
	}
	// A folder of its own until it is complete: an interrupted run leaves no half context under the final name.
	temporary, err := os.MkdirTemp(filepath.Dir(target), "."+name+"-")
	if err != nil {
		return staged, fmt.Errorf("staging the build context: %w", err)
	}
	err = b.copyTo(temporary)
	if err == nil {
		err = b.unchanged(tag)
	}
	if err == nil {
		if err = os.Rename(temporary, target); err == nil {
			return staged, removeOthers(filepath.Dir(target), name, tag)
		}
	}
	if _, beaten := os.Stat(target); beaten == nil {
		err = nil // another run was faster, with the same content
	} else {
		err = fmt.Errorf("staging the build context: %w", err)
	}
	return staged, errors.Join(err, os.RemoveAll(temporary))
}

// unchanged makes sure that the copy is of one moment: an editor may have saved between two files.
func (b Build) unchanged(tag string) error {
	now, err := b.ContentTag()
	if err == nil && now != tag {
		err = fmt.Errorf("%s changed while it was read; run again", b.Context)
	}
	return err
}

func (b Build) copyTo(folder string) error {
	if err := os.Chmod(folder, 0o755); err != nil {
		return err
	}
	err := b.walk(func(relative, path string, entry fs.DirEntry) error {
		target := filepath.Join(folder, filepath.FromSlash(relative))
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		executable, err := isExecutable(entry)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if executable {
			mode = 0o755
		}
		return copyFile(path, target, mode)
	})
	if err != nil {
		return err
	}
	return copyFile(filepath.Join(b.Root, b.Dockerfile), filepath.Join(folder, stagedDockerfile), 0o644)
}

func copyFile(from, to string, mode fs.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return errors.Join(err, in.Close())
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, in.Close(), out.Close(), os.Chmod(to, mode)) // Chmod: the umask has had its say
}

// removeOthers keeps one staged context per name: the sources are their backup.
func removeOthers(folder, name, tag string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		other, ours := strings.CutPrefix(e.Name(), name+"-")
		if !ours || other == tag || len(other) != tagLength {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}
