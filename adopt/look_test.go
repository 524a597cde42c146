package adopt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// folder is one with these files.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	fastapiProject = "[project]\nname = \"x\"\ndependencies = [\"fastapi\", \"celery\"]\n"
	fastapiMain    = "from fastapi import FastAPI\napp = FastAPI()\n"
	next           = `{"scripts": {"start": "next start"}, "dependencies": {"next": "16"}}`
)

func TestLook(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  []string // lines of the report
		never []string
	}{
		"a compose file's passwords stay there": {map[string]string{"compose.yaml": `services:
  api:
    image: example.org/api:1
    command: [serve, --admin-password, hunter2]
    environment:
      - STRIPE_TOKEN=hunter2
      - MAIL=smtp://me:hunter2@mail.example.org
      - VENDOR=sk-hunter2
      - LEVEL=debug
      - COUNT=1
`}, []string{"- STRIPE_TOKEN # compose.yaml:6", "- MAIL # compose.yaml:7", "- VENDOR # compose.yaml:8",
			"LEVEL: debug # compose.yaml:9", `COUNT: "1" # compose.yaml:10`, "Set services.api.command."}, []string{"hunter2"}},
		"a URL of another service": {map[string]string{"docker-compose.yml": `services:
  front:
    image: example.org/front
    environment: {CATALOG: "http://stock:9000/v1", REDIS_URL: "redis://cache:6379/0"}
  stock: {image: example.org/stock, expose: ["9000"]}
  cache: {image: "redis:7"}
`}, []string{"CATALOG: ${services.stock.url}/v1 #", "REDIS_URL: redis://${services.cache.host}:6379/0 #",
			"- stock #", "- cache #"},
			[]string{"config set --secret"}},
		"PostgreSQL of the compose file is the stack's": {map[string]string{"compose.yml": `services:
  db: {image: "postgres:17"}
  api: {image: example.org/api, depends_on: {db: {condition: service_healthy}}}
`}, []string{"- database # compose.yml:3"}, []string{"    db:"}},
		"celery beside FastAPI": {map[string]string{"pyproject.toml": fastapiProject, "src/main.py": fastapiMain,
			"src/jobs/tasks.py": "from celery import Celery\nqueue = Celery('x')\n"},
			[]string{"module: main:app # src/main.py:2", "image: my-app # src/jobs/tasks.py:2", "- jobs.tasks #"}, nil},
		"an example's value of a secret": {map[string]string{"package.json": next,
			".env.example": "API_KEY=hunter2\nMODE='fast'\n", ".env": "OTHER=hunter2\n"},
			[]string{"- API_KEY # .env.example:1", "MODE: fast # .env.example:2"}, []string{"hunter2", "OTHER"}},
		"public keys are no secrets": {map[string]string{"package.json": next,
			"app.ts": "process.env.NEXT_PUBLIC_MAP_TOKEN; process.env.VAPID_PUBLIC_KEY; process.env.SIGNING_KEY;\n"},
			[]string{"- SIGNING_KEY # app.ts:1", "reads VAPID_PUBLIC_KEY, whose value",
				"reads NEXT_PUBLIC_MAP_TOKEN, whose value"},
			[]string{"- VAPID_PUBLIC_KEY", "- NEXT_PUBLIC_MAP_TOKEN"}},
		"pydantic's settings": {map[string]string{"requirements.txt": "fastapi==0.1\n", "main.py": fastapiMain,
			"conf.py": `class Base(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="MY_")
    signing_secret: SecretStr
    level: str = "info"
`}, []string{"- MY_SIGNING_SECRET # conf.py:3", "nothing sets: MY_LEVEL."}, nil},
		"an own Dockerfile": {map[string]string{"Dockerfile": "FROM scratch\nEXPOSE 9090/tcp\n",
			"main.js": "process.env.MODE\n"},
			[]string{"preset: dockerfile # Dockerfile:1", "port: 9090 # Dockerfile:2",
				"reads MODE, whose value is not known"}, nil},
		"tests and dependencies are not read": {map[string]string{"package.json": next,
			"node_modules/a/a.js": "process.env.FROM_DEPENDENCY",
			"a.test.ts":           "process.env.FROM_TEST"}, []string{"port: 3000"}, []string{"FROM_"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := Look(folder(t, test.files), "../my-app")
			if err != nil {
				t.Fatal(err)
			}
			got := text(r)
			if err := yaml.Unmarshal([]byte(r.YAML()), new(map[string]any)); err != nil {
				t.Errorf("the block is not valid YAML: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(got, want) {
					t.Errorf("the report lacks %q", want)
				}
			}
			for _, never := range test.never {
				if strings.Contains(got, never) {
					t.Errorf("the report holds %q", never)
				}
			}
			if t.Failed() {
				t.Log(got)
			}
		})
	}
}

func TestLookRefuses(t *testing.T) {
	for name, test := range map[string]struct{ folder, want string }{
		"nothing to deploy": {folder(t, map[string]string{"README.txt": "hello"}),
			"holds nothing that can be deployed; looked for"},
		"no folder":      {filepath.Join(t.TempDir(), "missing"), "reading the application"},
		"broken compose": {folder(t, map[string]string{"compose.yaml": "a: [\n"}), "compose.yaml is not valid YAML"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Look(test.folder, "x"); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %q in it", err, test.want)
			}
		})
	}
}
