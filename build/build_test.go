package build

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files below a new folder, which is the root of a repository.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files = maps.Clone(files)
	if files == nil {
		files = map[string]string{}
	}
	files[".git/HEAD"] = ""
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

const (
	fastAPIProject = "[project]\nname = \"shop\"\ndependencies = [\"fastapi\"]\n"
	fastAPIServer  = "from fastapi import FastAPI\n\napp = FastAPI()\n"
	nextPackage    = `{"scripts":{"build":"next build"},"dependencies":{"next":"16.0.0"}}`
)

// The shapes are those of public applications.
func TestPlans(t *testing.T) {
	for name, c := range map[string]struct {
		files      map[string]string
		request    Request
		context    string // below the root; "" is the root
		dockerfile string
		args       map[string]string // some of them
	}{
		"FastAPI with uv": {
			files:      map[string]string{"pyproject.toml": fastAPIProject, "uv.lock": "", "main.py": fastAPIServer},
			dockerfile: "fastapi.Dockerfile", args: map[string]string{"APP_MODULE": "main:app", "APP_DIR": ".", "APP_PORT": "8000"},
		},
		"FastAPI below src, with poetry and a port": {
			files:   map[string]string{"pyproject.toml": fastAPIProject, "poetry.lock": "", "src/shop/web.py": "api = FastAPI(title=\"x\")\n", "src/shop/__init__.py": ""},
			request: Request{Port: 8080}, dockerfile: "fastapi.Dockerfile", args: map[string]string{"APP_MODULE": "shop.web:api", "APP_PORT": "8080"},
		},
		"FastAPI whose src is a package": {
			files:      map[string]string{"requirements.txt": "fastapi\n", "src/__init__.py": "", "src/api/main.py": "app: FastAPI = fastapi.FastAPI()\n"},
			dockerfile: "fastapi.Dockerfile", args: map[string]string{"APP_MODULE": "src.api.main:app"},
		},
		"FastAPI among tests and environments": {
			files:      map[string]string{"requirements.txt": "fastapi\n", "app/main.py": fastAPIServer, "tests/fake.py": fastAPIServer, ".venv/lib/x.py": fastAPIServer},
			dockerfile: "fastapi.Dockerfile", args: map[string]string{"APP_MODULE": "app.main:app"},
		},
		"FastAPI with a factory": {
			files:   map[string]string{"requirements.txt": "fastapi\n", "wsgi.py": "app = create_app()\n"},
			request: Request{Module: "wsgi:app"}, dockerfile: "fastapi.Dockerfile", args: map[string]string{"APP_MODULE": "wsgi:app"},
		},
		"a member of a uv workspace": {
			files:   map[string]string{"uv.lock": "", "pyproject.toml": "[tool.uv.workspace]\n", "services/api/pyproject.toml": fastAPIProject, "services/api/api/main.py": fastAPIServer},
			request: Request{Folder: "services/api"}, dockerfile: "fastapi.Dockerfile",
			args: map[string]string{"APP_MODULE": "api.main:app", "APP_DIR": "services/api", "APP_PACKAGE": "shop"},
		},
		"Next.js with npm": {
			files:      map[string]string{"package.json": nextPackage, "package-lock.json": "{}"},
			dockerfile: "nextjs.Dockerfile", args: map[string]string{"APP_DIR": ".", "APP_PORT": "3000", "LAYERED": "1"},
		},
		"Next.js in the root of a workspace": {
			files:      map[string]string{"package.json": strings.Replace(nextPackage, "{", `{"workspaces":["packages/*"],`, 1), "package-lock.json": "{}"},
			dockerfile: "nextjs.Dockerfile", args: map[string]string{"LAYERED": ""},
		},
		"Next.js with a yarn of today": {
			files:      map[string]string{"package.json": nextPackage, "yarn.lock": "__metadata:\n  version: 8\n"},
			dockerfile: "nextjs.Dockerfile", args: map[string]string{"YARN_BERRY": "1"},
		},
		"FastAPI in the root of a uv workspace": {
			files:      map[string]string{"uv.lock": "", "pyproject.toml": fastAPIProject + "[tool.uv.workspace]\nmembers = ['libs/*']\n", "main.py": fastAPIServer},
			dockerfile: "fastapi.Dockerfile", args: map[string]string{"WHOLE": "1", "APP_PACKAGE": ""},
		},
		"FastAPI with a dependency beside it": {
			files:      map[string]string{"poetry.lock": "", "pyproject.toml": fastAPIProject + "[tool.poetry.dependencies]\nlib = { path = \"libs/a\" }\n", "main.py": fastAPIServer},
			dockerfile: "fastapi.Dockerfile", args: map[string]string{"WHOLE": "1"},
		},
		"Next.js with bun and prisma": {
			files:      map[string]string{"package.json": nextPackage, "bun.lock": "", "prisma/schema.prisma": ""},
			dockerfile: "nextjs.Dockerfile", args: map[string]string{"LAYERED": ""},
		},
		"Next.js in a pnpm workspace": {
			files: map[string]string{"package.json": `{"packageManager":"pnpm@10.1.0+sha512.abc"}`, "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "",
				"apps/web/package.json": nextPackage},
			request: Request{Folder: "apps/web", Port: 3100}, dockerfile: "nextjs.Dockerfile",
			args: map[string]string{"APP_DIR": "apps/web", "APP_PORT": "3100", "LAYERED": ""},
		},
		"Next.js for a Node that is new enough": {
			files:   map[string]string{"package.json": strings.Replace(nextPackage, "{", `{"engines":{"node":">=20.9"},`, 1), "yarn.lock": ""},
			request: Request{NodeMajor: 20}, dockerfile: "nextjs.Dockerfile",
		},
		"a Dockerfile of its own wins": {
			files:   map[string]string{"api/Dockerfile": "FROM x\n", "api/pyproject.toml": fastAPIProject, "api/main.py": fastAPIServer},
			request: Request{Folder: "api"}, context: "api", dockerfile: "api/Dockerfile",
		},
		"a preset wins over a Dockerfile": {
			files:   map[string]string{"Dockerfile": "FROM x\n", "uv.lock": "", "main.py": fastAPIServer},
			request: Request{Preset: FastAPI}, dockerfile: "fastapi.Dockerfile",
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := tree(t, c.files)
			c.request.Folder = filepath.Join(root, c.request.Folder)
			plan, err := Make(c.request)
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, c.context); plan.Context != want {
				t.Errorf("the context is %s, want %s: a workspace is built from its root", plan.Context, want)
			}
			want := c.dockerfile
			if !plan.Shared {
				want = filepath.Join(root, want)
			}
			if plan.Dockerfile != want {
				t.Errorf("the Dockerfile is %s, want %s", plan.Dockerfile, want)
			}
			for name, want := range c.args {
				if got := plan.Args[name]; got != want {
					t.Errorf("argument %s is %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestProblems(t *testing.T) {
	for name, c := range map[string]struct {
		files   map[string]string
		request Request
		field   string
		says    []string
	}{
		"nothing known":               {files: map[string]string{"main.go": ""}, field: "preset", says: []string{"neither a Dockerfile, nor"}},
		"no such preset":              {request: Request{Preset: "rails"}, field: "preset", says: []string{"allowed: fastapi, nextjs, dockerfile"}},
		"no lock of Python":           {files: map[string]string{"pyproject.toml": fastAPIProject, "main.py": fastAPIServer}, says: []string{"none of uv.lock, poetry.lock, requirements.txt", "uv lock"}},
		"another project's":           {files: map[string]string{"requirements.txt": "fastapi\n", "api/pyproject.toml": fastAPIProject}, request: Request{Folder: "api"}, says: []string{"none of uv.lock"}},
		"two servers":                 {files: map[string]string{"requirements.txt": "fastapi\n", "a.py": fastAPIServer, "b.py": fastAPIServer}, field: "module", says: []string{"a:app, b:app"}},
		"no server":                   {files: map[string]string{"requirements.txt": "fastapi\n", "a.py": "def f(): app = FastAPI()\n"}, field: "module", says: []string{"no module of the source"}},
		"a module's name":             {files: map[string]string{"requirements.txt": "fastapi\n"}, request: Request{Module: "main.py"}, field: "module", says: []string{`"main.py"`, "main:app"}},
		"no lock of Node":             {files: map[string]string{"package.json": nextPackage}, says: []string{"lock file", "npm install"}},
		"two package managers":        {files: map[string]string{"package.json": nextPackage, "yarn.lock": "", "package-lock.json": "{}"}, says: []string{"package-lock.json, yarn.lock", "remove all but one"}},
		"another manager":             {files: map[string]string{"package.json": strings.Replace(nextPackage, "{", `{"packageManager":"pnpm@10.0.0",`, 1), "yarn.lock": ""}, says: []string{"names pnpm@10.0.0 and the lock file is yarn.lock"}},
		"an old Node":                 {files: map[string]string{"package.json": strings.Replace(nextPackage, "{", `{"engines":{"node":">=22"},`, 1), "yarn.lock": ""}, request: Request{NodeMajor: 20}, says: []string{"asks for Node >=22 and the base image has 20", "baseImages.node node:22-alpine"}},
		"another line of Node":        {files: map[string]string{"package.json": nextPackage, "yarn.lock": "", ".nvmrc": "v20.11.0\n"}, request: Request{NodeMajor: 22}, says: []string{"asks for Node v20.11.0", "node:20-alpine"}},
		"a parent's lock file":        {files: map[string]string{"package-lock.json": "{}", "package.json": "{}", "web/package.json": nextPackage}, request: Request{Folder: "web"}, says: []string{"lock file", "npm install"}},
		"a Dockerfile outside":        {files: map[string]string{"api/main.py": ""}, request: Request{Folder: "api", Dockerfile: "../Dockerfile"}, field: "dockerfile", says: []string{"a file below the source"}},
		"a member's token":            {files: map[string]string{"package.json": "{}", "pnpm-lock.yaml": "", "pnpm-workspace.yaml": "", "web/package.json": nextPackage, "web/.npmrc": "_authToken = abc\n"}, request: Request{Folder: "web"}, says: []string{".npmrc:1 holds a token"}},
		"an included password":        {files: map[string]string{"requirements.txt": "fastapi\n-r base.txt\n", "base.txt": "--index-url https://abcdefghijkl@pypi.your-company.com/\n", "main.py": fastAPIServer}, says: []string{"base.txt:1 holds a token"}},
		"a token beside a Dockerfile": {files: map[string]string{"Dockerfile": "FROM x\n", ".npmrc": "//r/:_authToken=abc\n"}, says: []string{".npmrc:1 holds a token"}},
		"no build":                    {files: map[string]string{"package.json": `{"dependencies":{"next":"16"}}`, "yarn.lock": ""}, says: []string{"no script build"}},
		"a token of npm":              {files: map[string]string{"package.json": nextPackage, "yarn.lock": "", ".npmrc": "//npm.your-company.com/:_authToken=abc\n"}, says: []string{".npmrc:1 holds a token", "services.<name>.image"}},
		"a password of pip":           {files: map[string]string{"requirements.txt": "fastapi\n--extra-index-url https://u:p@pypi.your-company.com/simple\n", "main.py": fastAPIServer}, says: []string{"requirements.txt:2 holds a token or a password"}},
		"a member without name":       {files: map[string]string{"uv.lock": "", "pyproject.toml": "[tool.uv.workspace]\n", "api/pyproject.toml": "[tool.x]\ndeps = 'fastapi'\n", "api/main.py": fastAPIServer}, request: Request{Folder: "api"}, says: []string{"no name below [project]"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.request.Folder = filepath.Join(tree(t, c.files), c.request.Folder)
			_, err := Make(c.request)
			var p *Problem
			if !errors.As(err, &p) {
				t.Fatalf("it ended with %v, want a problem", err)
			}
			if p.Field != c.field || (p.Field == "" && p.Fix == "") {
				t.Errorf("the problem is of field %q with the fix %q, want field %q or a fix", p.Field, p.Fix, c.field)
			}
			for _, want := range c.says {
				if text := p.Error() + "; " + p.Fix; !strings.Contains(text, want) {
					t.Errorf("the problem does not say %q: %s", want, text)
				}
			}
		})
	}
}

// A reference to a variable is how a token stays out of a file.
func TestReferencesToTokensAreFine(t *testing.T) {
	root := tree(t, map[string]string{"package.json": nextPackage, "yarn.lock": "", ".npmrc": "//npm.your-company.com/:_authToken=${NPM_TOKEN}\n"})
	if _, err := Make(Request{Folder: root}); err != nil {
		t.Errorf("a reference to a variable is refused: %v", err)
	}
}
