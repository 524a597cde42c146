package adopt

import (
	"encoding/json"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// manifest is what matters of a package.json.
type manifest struct {
	Name            string
	Scripts         map[string]string
	Dependencies    map[string]string
	DevDependencies map[string]string
}

func (t *tree) manifest(dir string) (manifest, string, bool) {
	var m manifest
	p, found := t.has(dir, "package.json")
	return m, p, found && json.Unmarshal([]byte(t.text[p]), &m) == nil
}

// requirement finds a package among the requirements of a Python folder.
func (t *tree) requirement(dir, name string) (string, bool) {
	needs := regexp.MustCompile(`(?im)^\s*(dependencies\s*=\s*\[.*)?["']?` + name + `\b(["'\[<>=~! ;]|$)`)
	listed := regexp.MustCompile(`(?i)["']` + name + `["'\[<>=~! ;]`)
	for _, file := range []string{"pyproject.toml", "requirements.txt", "requirements/base.txt"} {
		p, found := t.has(dir, file)
		if !found {
			continue
		}
		for i, line := range strings.Split(t.text[p], "\n") {
			if needs.MatchString(line) || strings.Contains(line, "dependencies") && listed.MatchString(line) {
				return at(p, i+1), true
			}
		}
	}
	return "", false
}

// kindOf says which preset builds a folder: that of its own Dockerfile before those of the program.
func kindOf(t *tree, s *Service) string {
	if _, own := t.has(s.dir, "Dockerfile"); own || s.dockerfile.value != "" {
		return "dockerfile"
	}
	if m, _, found := t.manifest(s.dir); found && m.Dependencies["next"] != "" {
		return "nextjs"
	}
	if _, found := t.requirement(s.dir, "fastapi"); found {
		return "fastapi"
	}
	return ""
}

// folders adds a service for each folder that looks like one.
func (r *Report) folders(t *tree, source string) {
	for _, dir := range t.dirs() {
		name := path.Base(dir)
		if dir == "." {
			name = filepath.Base(source)
		}
		s := &Service{dir: dir}
		s.kind = kindOf(t, s)
		m, file, isPackage := t.manifest(dir)
		switch s.kind {
		case "nextjs":
			s.source = fact{at: t.line(file, `"next"`)}
			s.public = s.source.at
		case "fastapi":
			s.source.at, _ = t.requirement(dir, "fastapi")
		case "dockerfile":
			s.source.at = path.Join(dir, "Dockerfile") + ":1"
		default:
			if isPackage && m.Scripts["start"] != "" {
				r.ask("%s: the start script is not that of Next.js. Add a Dockerfile to deploy this folder.",
					t.line(file, `"start"`))
			}
			continue
		}
		r.workers(t, r.add(s, name))
	}
}

// dirs are the folders that hold a manifest, the outer ones first.
func (t *tree) dirs() []string {
	var all []string
	for _, p := range t.paths {
		known := []string{"package.json", "pyproject.toml", "requirements.txt", "Dockerfile"}
		if dir := path.Dir(p); slices.Contains(known, path.Base(p)) && !slices.Contains(all, dir) {
			all = append(all, dir)
		}
	}
	slices.Sort(all)
	return all
}

// backgrounds are the libraries of background work: the text that a program which runs it holds, and its command.
// %m is the program's module, %f its file.
var backgrounds = []struct{ library, holds, command string }{
	{"celery", "Celery(", "celery -A %m worker"},
	{"arq", "class WorkerSettings", "arq %m.WorkerSettings"},
	{"dramatiq", "@dramatiq.actor", "dramatiq %m"},
	{"rq", "from rq ", "rq worker"},
	{"bullmq", "new Worker(", "node %f"},
}

// workers adds a worker that runs the image of a service, for each library of background work that it uses.
func (r *Report) workers(t *tree, s *Service) {
	m, _, _ := t.manifest(s.dir)
	for _, b := range backgrounds {
		if _, python := t.requirement(s.dir, b.library); !python && m.Dependencies[b.library] == "" {
			continue
		}
		for _, file := range t.below(s.dir) {
			isCode := slices.Contains([]string{".py", ".js", ".mjs", ".ts"}, path.Ext(file))
			if !isCode || !strings.Contains(t.text[file], b.holds) {
				continue
			}
			where := t.line(file, b.holds)
			if path.Ext(file) == ".ts" {
				r.ask("%s: a worker of %s in TypeScript. Which JavaScript file of the build runs it?", where, b.library)
				break
			}
			own := strings.TrimPrefix(file, s.dir+"/")
			command := strings.NewReplacer("%m", t.module(s.dir, file), "%f", own).Replace(b.command)
			w := r.add(&Service{dir: s.dir, kind: s.kind, image: fact{s.Name, where}}, s.Name+"-worker")
			w.command, w.commandAt = strings.Fields(command), where
			break
		}
	}
}

// module is the name under which Python imports a file of a folder. src/ is left out where it is no package itself.
func (t *tree) module(dir, file string) string {
	own := strings.TrimPrefix(strings.TrimSuffix(file, ".py"), dir+"/")
	if _, isPackage := t.has(dir, "src/__init__.py"); !isPackage {
		own = strings.TrimPrefix(own, "src/")
	}
	return strings.ReplaceAll(strings.TrimSuffix(own, "/__init__"), "/", ".")
}
