// Package build finds out how the folder of a service becomes an image: by a preset for FastAPI or Next.js, or by the folder's
// own Dockerfile. It reads files and changes nothing.
package build

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Preset is a way to build that needs no Dockerfile.
type Preset string

// The presets.
const (
	FastAPI    Preset = "fastapi"
	NextJS     Preset = "nextjs"
	Dockerfile Preset = "dockerfile" // the folder's own
)

// Presets are all of them, as an error message lists them.
var Presets = []string{string(FastAPI), string(NextJS), string(Dockerfile)}

// Request is one service's build.
type Request struct {
	Folder     string // of the service's sources
	Preset     Preset // "" is found
	Dockerfile string // below Folder; "" is Dockerfile
	Module     string // of FastAPI: <package>.<module>:<variable>; "" is found
	Port       int    // that the server listens on; 0 is the preset's own
	NodeMajor  int    // of the base image; 0 is not known
}

// Plan is how the image is made.
type Plan struct {
	Preset     Preset
	Context    string            // Folder, or the root of the workspace that it belongs to
	Dockerfile string            // a file in dockerfiles/, or with preset dockerfile a path
	Shared     bool              // Dockerfile is one of the program's own, in dockerfiles/
	Args       map[string]string // build arguments
	Writable   []string          // folders that the server writes to
}

// Problem is what is wrong with a folder.
type Problem struct {
	Field string // of services.<name>.build that can cure it; "" is none
	Got   string
	Want  string
	Fix   string // of the sources, when Field is ""
}

func (p *Problem) Error() string { return p.Got + "; " + p.Want }

// Make returns the plan for a service. An error is a *Problem, or what reading the folder ended with.
func Make(r Request) (Plan, error) {
	if r.Preset == "" {
		r.Preset = detect(r)
	}
	switch r.Preset {
	case FastAPI:
		return fastAPI(r)
	case NextJS:
		return nextJS(r)
	case Dockerfile:
		name := "Dockerfile"
		if r.Dockerfile != "" {
			name = r.Dockerfile
		}
		if !filepath.IsLocal(name) {
			return Plan{}, &Problem{Field: "dockerfile", Got: fmt.Sprintf("%q", name), Want: "allowed: a file below the source"}
		}
		if err := refuseTokens(r.Folder); err != nil {
			return Plan{}, err
		}
		return Plan{Preset: Dockerfile, Context: r.Folder, Dockerfile: filepath.Join(r.Folder, name)}, nil
	}
	return Plan{}, &Problem{Field: "preset", Got: "nothing in the source tells how it is built",
		Want: "there is neither a Dockerfile, nor a package.json that needs next, nor a Python project that needs fastapi; allowed: " +
			strings.Join(Presets, ", ")}
}

// detect prefers a Dockerfile: whoever wrote one means it to be used.
func detect(r Request) Preset {
	switch {
	case r.Dockerfile != "" || isFile(filepath.Join(r.Folder, "Dockerfile")):
		return Dockerfile
	case needs(filepath.Join(r.Folder, "package.json"), `"next"`):
		return NextJS
	}
	for _, name := range []string{"pyproject.toml", "requirements.txt"} {
		if needs(filepath.Join(r.Folder, name), "fastapi") {
			return FastAPI
		}
	}
	return ""
}

func needs(file, dependency string) bool {
	text, err := os.ReadFile(file)
	return err == nil && strings.Contains(strings.ToLower(string(text)), dependency)
}

// root returns the folder whose lock file is the source's, and which of the files it has: the source itself, or the nearest folder
// above it that declares a workspace. It does not leave the repository. at is "" when there is none.
func root(folder string, files []string, workspace func(folder string) bool) (at string, found []string) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", nil
	}
	for at = folder; ; at = filepath.Dir(at) {
		if at == folder || workspace(at) {
			for _, name := range files {
				if isFile(filepath.Join(at, name)) {
					found = append(found, name)
				}
			}
		}
		if len(found) > 0 {
			return at, found
		}
		if _, err := os.Stat(filepath.Join(at, ".git")); err == nil || at == filepath.Dir(at) {
			return "", nil
		}
	}
}

// member is the service's folder below the context, with slashes; "." is the context itself.
func member(context, folder string) (string, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	relative, err := filepath.Rel(context, folder)
	return filepath.ToSlash(relative), err
}

// settings are files that may name a registry and hold a token for it.
var settings = []string{".npmrc", ".yarnrc.yml", ".yarnrc", "pip.conf", "requirements.txt", "pyproject.toml", "uv.toml", "poetry.toml"}

// refuseTokens refuses credentials in files that become layers of the image. They would be readable by all who can pull it.
func refuseTokens(folders ...string) error {
	for _, folder := range slices.Compact(folders) {
		names := settings
		for _, more := range included(filepath.Join(folder, "requirements.txt")) {
			names = append(slices.Clone(names), more)
		}
		for _, name := range names {
			text, err := os.ReadFile(filepath.Join(folder, name))
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				return err
			}
			for i, line := range strings.Split(string(text), "\n") {
				if literalToken.MatchString(line) || urlPassword.MatchString(line) {
					return &Problem{Got: fmt.Sprintf("%s:%d holds a token or a password", name, i+1),
						Want: "it would be readable in the image",
						Fix:  "take it out of the file, and give an image that is built elsewhere, with its own secrets, as services.<name>.image"}
				}
			}
		}
	}
	return nil
}

// included are the files that a requirements file names with -r or -c.
func included(requirements string) []string {
	text, err := os.ReadFile(requirements)
	if err != nil {
		return nil
	}
	var all []string
	for _, match := range inclusion.FindAllSubmatch(text, -1) {
		all = append(all, string(match[1]))
	}
	return all
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func names(list []string) string { return strings.Join(slices.Sorted(slices.Values(list)), ", ") }
