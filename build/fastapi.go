package build

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// pythonLocks name the dependencies, the most exact first.
var pythonLocks = []string{"uv.lock", "poetry.lock", "requirements.txt"}

var (
	// application is a FastAPI application in a variable of a module.
	application = regexp.MustCompile(`(?m)^(\w+)\s*(?::\s*(?:\w+\.)?FastAPI\s*)?=\s*(?:\w+\.)?FastAPI\(`)
	moduleName  = regexp.MustCompile(`^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$`)
	// literalToken leaves out references to variables: ${NPM_TOKEN}.
	literalToken = regexp.MustCompile(`(?i)(_authToken|_password|_auth|npmAuthToken|npmAuthIdent)["']?\s*[=:]\s*["']?[^\s$"'{]`)
	urlPassword  = regexp.MustCompile(`https?://[^/\s@${]{8,}@|://[^/\s:@$]+:[^/\s@${]+@`)
	inclusion    = regexp.MustCompile(`(?m)^\s*(?:-r|-c|--requirement|--constraint)[ =]+(\S+)`)

	uvWorkspace = regexp.MustCompile(`(?m)^\[tool\.uv\.workspace\]`)
	// localPath is a dependency whose sources are in the repository.
	localPath = regexp.MustCompile(`(?m)\{[^}\n]*\bpath\s*=`)
)

func isUVWorkspace(folder string) bool {
	text, err := os.ReadFile(filepath.Join(folder, "pyproject.toml"))
	return err == nil && uvWorkspace.Match(text)
}

// notSources are folders that hold no server of the application's own.
var notSources = []string{"tests", "test", "node_modules", "venv", "docs", "examples", "migrations", "alembic", "scripts"}

// deepest is how far below the folder a server is looked for: src/<package>/main.py.
const deepest = 3

func fastAPI(r Request) (Plan, error) {
	context, _ := root(r.Folder, pythonLocks, isUVWorkspace)
	if context == "" {
		return Plan{}, &Problem{Got: "the source has none of " + strings.Join(pythonLocks, ", "),
			Want: "the build installs what one of them names", Fix: "uv lock (or pip freeze > requirements.txt) in " + r.Folder}
	}
	dir, err := member(context, r.Folder)
	if err != nil {
		return Plan{}, err
	}
	if err := refuseTokens(context, r.Folder); err != nil {
		return Plan{}, err
	}
	module := r.Module
	if module == "" {
		if module, err = findModule(r.Folder); err != nil {
			return Plan{}, err
		}
	} else if !moduleName.MatchString(module) {
		return Plan{}, &Problem{Field: "module", Got: fmt.Sprintf("%q", module), Want: "allowed: <package>.<module>:<variable>, as main:app"}
	}
	args := map[string]string{"APP_MODULE": module, "APP_DIR": dir, "APP_PORT": fmt.Sprint(or(r.Port, 8000))}
	if text, err := os.ReadFile(filepath.Join(context, "pyproject.toml")); err == nil && (uvWorkspace.Match(text) || localPath.Match(text)) {
		args["WHOLE"] = "1" // its members are installed with it
	}
	if dir != "." {
		if args["APP_PACKAGE"], err = packageName(r.Folder); err != nil {
			return Plan{}, err
		}
	}
	return Plan{Preset: FastAPI, Context: context, Dockerfile: "fastapi.Dockerfile", Shared: true, Args: args}, nil
}

// findModule looks for the one server among the folder's modules.
func findModule(folder string) (string, error) {
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			name := entry.Name()
			if relative != "." && (strings.HasPrefix(name, ".") || slices.Contains(notSources, name) || strings.Count(relative, string(filepath.Separator)) >= deepest) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".py" || strings.HasPrefix(entry.Name(), "test_") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if match := application.FindSubmatch(text); match != nil {
			all = append(all, dotted(folder, filepath.ToSlash(relative))+":"+string(match[1]))
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	switch len(all) {
	case 1:
		return all[0], nil
	case 0:
		return "", &Problem{Field: "module", Got: "no module of the source makes a FastAPI application at its top level",
			Want: "name the one that does, as main:app (a factory: <package>.<module>:<variable> that holds its result)"}
	}
	return "", &Problem{Field: "module", Got: "several modules make a FastAPI application", Want: "choose one of " + names(all)}
}

// dotted is a file's module name. A folder src that is no package is only the place of packages.
func dotted(folder, relative string) string {
	if rest, below := strings.CutPrefix(relative, "src/"); below && !isFile(filepath.Join(folder, "src", "__init__.py")) && strings.Contains(rest, "/") {
		relative = rest
	}
	module := strings.ReplaceAll(strings.TrimSuffix(relative, ".py"), "/", ".")
	return strings.TrimSuffix(module, ".__init__")
}

var projectName = regexp.MustCompile(`(?m)^\[project\][^\[]*?^name\s*=\s*["']([^"']+)["']`)

// packageName is the name of a workspace's member.
func packageName(folder string) (string, error) {
	text, err := os.ReadFile(filepath.Join(folder, "pyproject.toml"))
	if err != nil {
		return "", &Problem{Got: "the source has no pyproject.toml, and the lock file is in a folder above it",
			Want: "a member of a workspace has one", Fix: "uv init --package in " + folder}
	}
	match := projectName.FindSubmatch(text)
	if match == nil {
		return "", &Problem{Got: "pyproject.toml has no name below [project]", Want: "uv installs a workspace's member by its name", Fix: "add one to " + filepath.Join(folder, "pyproject.toml")}
	}
	return string(match[1]), nil
}

func or(given, otherwise int) int {
	if given == 0 {
		return otherwise
	}
	return given
}
