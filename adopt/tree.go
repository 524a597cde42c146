package adopt

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

const (
	maxFiles = 20_000  // a folder with more is not one application's sources
	maxBytes = 512_000 // a longer file is data or generated
)

// tree is the text of an application's sources, without dependencies, builds and tests.
type tree struct {
	paths []string // sorted, with slashes
	text  map[string]string
}

var skipped = []string{"node_modules", "dist", "build", "venv", "env", "__pycache__", "coverage", "vendor",
	"test", "tests", "__tests__", "e2e", "testdata", "fixtures"}

var sources = []string{".py", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx", ".toml", ".json", ".yaml", ".yml", ".txt"}

func readTree(folder string) (*tree, error) {
	if info, err := os.Stat(folder); err != nil {
		return nil, fmt.Errorf("reading the application: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("reading the application: %s is not a folder", folder)
	}
	t := &tree{text: map[string]string{}}
	files := os.DirFS(folder)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			hidden := strings.HasPrefix(entry.Name(), ".") && name != "."
			if hidden || name != "." && slices.Contains(skipped, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !wanted(entry.Name()) {
			return nil
		}
		if info, err := entry.Info(); err != nil || info.Size() > maxBytes {
			return err
		}
		if len(t.paths) == maxFiles {
			return fmt.Errorf("%s holds more than %d source files; name the folder of one application", folder, maxFiles)
		}
		text, err := fs.ReadFile(files, name)
		t.paths, t.text[name] = append(t.paths, name), string(text)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the application: %w", err)
	}
	return t, nil
}

// wanted reports whether a file says something about the application. A .env may hold real secrets and is not read.
func wanted(name string) bool {
	if strings.HasPrefix(name, ".env") {
		return isExample(name)
	}
	if strings.Contains(name, ".test.") || strings.Contains(name, ".spec.") || strings.HasPrefix(name, "test_") ||
		strings.HasSuffix(name, "_test.py") || name == "conftest.py" || strings.Contains(name, "lock") {
		return false
	}
	return isDockerfile(name) || slices.Contains(sources, path.Ext(name))
}

func isExample(name string) bool {
	return slices.Contains([]string{".env.example", ".env.sample", ".env.template", ".env.production"}, name)
}

func isDockerfile(name string) bool {
	return name == "Dockerfile" || strings.HasSuffix(name, ".Dockerfile")
}

// below are the files of a folder, with those of the folders in it.
func (t *tree) below(dir string) []string {
	if dir == "." {
		return t.paths
	}
	return slices.DeleteFunc(slices.Clone(t.paths), func(p string) bool { return !strings.HasPrefix(p, dir+"/") })
}

// has reports whether the folder holds the file, and returns its path.
func (t *tree) has(dir, name string) (string, bool) {
	p := path.Join(dir, name)
	_, found := t.text[p]
	return p, found
}

// line is the place of the first line that holds a text, or of the file.
func (t *tree) line(file, text string) string {
	for i, line := range strings.Split(t.text[file], "\n") {
		if strings.Contains(line, text) {
			return at(file, i+1)
		}
	}
	return at(file, 1)
}

func at(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }
