package components

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// Build is everything that decides what an image contains.
type Build struct {
	Root       string            // folder that the paths start from; not part of the content
	Context    string            // folder of the sources
	Dockerfile string            // its ignore file is <Dockerfile>.dockerignore, or else the context's .dockerignore
	Target     string            // stage of the Dockerfile; "" is the last
	Args       map[string]string // build arguments, base images among them
	Platform   string            // os/arch
}

// tagLength in hexadecimal digits: 64 bits, far more than one repository's builds can collide in.
const tagLength = 16

// ContentTag is a tag that changes exactly when the image would: it covers the Dockerfile, the build arguments, the
// platform, and of each file that is not ignored its path, its executable bit and its bytes or link target. Times,
// owners and the other permission bits differ between two clones of one commit and do not count.
func (b Build) ContentTag() (string, error) {
	h := sha256.New()
	field(h, "platform", b.Platform)
	if b.Target != "" {
		field(h, "target", b.Target)
	}
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		field(h, "arg", name, b.Args[name])
	}
	if err := file(h, "dockerfile", filepath.Join(b.Root, b.Dockerfile)); err != nil {
		return "", fmt.Errorf("reading the Dockerfile: %w", err)
	}
	err := b.walk(func(relative, path string, entry fs.DirEntry) error { return hashEntry(h, relative, path, entry) })
	if err != nil {
		return "", fmt.Errorf("reading the build context: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil))[:tagLength], nil
}

// ignored reads the context's own ignore file and then the Dockerfile's, whose patterns win: they keep secrets out.
func (b Build) ignored() (*patternmatcher.PatternMatcher, error) {
	var all []string
	for _, name := range []string{filepath.Join(b.Context, ".dockerignore"), b.Dockerfile + ".dockerignore"} {
		f, err := os.Open(filepath.Join(b.Root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("opening the ignore file: %w", err)
		}
		patterns, err := ignorefile.ReadAll(f)
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		all = append(all, patterns...)
	}
	matcher, err := patternmatcher.New(all)
	if err != nil {
		return nil, fmt.Errorf("the ignore files of %s: %w", b.Context, err)
	}
	return matcher, nil
}

// walk visits the files and links that the builder gets, in WalkDir's order, which is lexical and so the same
// everywhere. The context's own Dockerfile and ignore file are left out: Dockerfile and its ignore file stand for them.
func (b Build) walk(visit func(relative, path string, entry fs.DirEntry) error) error {
	ignored, err := b.ignored()
	if err != nil {
		return err
	}
	// The folder itself may be a link, which WalkDir would not follow: the image would be empty.
	root, err := filepath.EvalSymlinks(filepath.Join(b.Root, b.Context))
	if err != nil {
		return err
	}
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, path)
		if err != nil || relative == "." {
			return err
		}
		relative = filepath.ToSlash(relative)
		skip, err := ignored.MatchesOrParentMatches(relative)
		if err != nil {
			return err
		}
		if skip && entry.IsDir() && !ignored.Exclusions() {
			// An exception (!path) may bring back something below; only without any can the folder be left out
			// unread. That matters: node_modules has more files than everything else together.
			return filepath.SkipDir
		}
		if skip || relative == stagedDockerfile || relative == ".dockerignore" {
			return nil
		}
		if entry.Type()&fs.ModeSymlink != 0 {
			if err := staysInside(relative, path); err != nil {
				return err
			}
			return visit(relative, path, entry)
		}
		if entry.Type().IsRegular() {
			return visit(relative, path, entry)
		}
		return nil // folders exist through their files; sockets and devices are not sent to the builder
	})
}

// staysInside refuses a link that leads out of the context: the builder would get a link to nothing.
func staysInside(relative, path string) error {
	to, err := os.Readlink(path)
	if err != nil {
		return err
	}
	if filepath.IsAbs(to) || !filepath.IsLocal(filepath.Join(filepath.Dir(filepath.FromSlash(relative)), to)) {
		return fmt.Errorf("%s is a link to %s, outside of the folder, which the builder does not get; copy the file there, name it in .dockerignore,"+
			" or build from the folder that holds both", relative, to)
	}
	return nil
}

// hashEntry writes what a file or link adds to the tag.
func hashEntry(h hash.Hash, relative, path string, entry fs.DirEntry) error {
	if entry.Type()&fs.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		field(h, "link", relative, target)
		return err
	}
	executable, err := isExecutable(entry)
	if err != nil {
		return err
	}
	return file(h, fmt.Sprintf("file executable=%t", executable), path, relative)
}

func isExecutable(entry fs.DirEntry) (bool, error) {
	info, err := entry.Info()
	if err != nil {
		return false, err
	}
	return info.Mode()&0o100 != 0, nil
}

// file hashes a file's bytes after the names it goes by.
func file(h hash.Hash, kind, path string, names ...string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	content := sha256.New()
	_, err = io.Copy(content, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	field(h, append([]string{kind}, append(names, hex.EncodeToString(content.Sum(nil)))...)...)
	return nil
}

// field writes strings so that no two different lists give the same bytes.
func field(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p) // a hash's Write never fails
	}
	fmt.Fprint(h, "\n")
}
