package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const good = `ARG BASE=python:3.13-slim
FROM ${BASE} AS build
WORKDIR /app
COPY requirements.txt ./
RUN --mount=type=cache,target=/root/.cache pip install -r requirements.txt
COPY . .
FROM ${BASE}
COPY --from=build /app /app
USER 1000:1000
HEALTHCHECK CMD ["true"]
CMD ["python", "main.py"]
`

func TestRules(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"as it should be":           {"", "", ""},
		"named user":                {"USER 1000:1000", "USER app", "runAsNonRoot"},
		"root":                      {"USER 1000:1000", "USER 0", "runAsNonRoot"},
		"no user":                   {"USER 1000:1000\n", "", "runs as root"},
		"no health check":           {"HEALTHCHECK CMD [\"true\"]\n", "", "HEALTHCHECK"},
		"base image in the FROM":    {"FROM ${BASE} AS build", "FROM python:3.13-slim AS build", "name base images in an ARG"},
		"latest":                    {"python:3.13-slim", "python:latest", "pin a version"},
		"no tag":                    {"python:3.13-slim", "registry.example.com:5000/python", "pin a version"},
		"secret as argument":        {"WORKDIR /app", "ARG OPENAI_API_KEY\nWORKDIR /app", "SecretsUsedInArgOrEnv"},
		"ADD":                       {"COPY . .", "ADD https://example.com/a.tar /app/", "ADD fetches"},
		"source first":              {"COPY requirements.txt ./\n", "COPY . .\n", "before the dependencies"},
		"one stage":                 {"FROM ${BASE}\nCOPY --from=build /app /app\n", "", "one stage"},
		"apt lists left":            {"RUN --mount=type=cache,target=/root/.cache pip", "RUN apt-get install --no-install-recommends -y gcc && pip", "leaves the lists"},
		"apt recommends":            {"RUN --mount=type=cache,target=/root/.cache pip", "RUN apt-get install -y gcc && rm -rf /var/lib/apt/lists/* && pip", "recommends"},
		"apk index left":            {"RUN --mount=type=cache,target=/root/.cache pip", "RUN apk add gcc && pip", "apk add"},
		"sudo":                      {"RUN --mount=type=cache,target=/root/.cache pip", "RUN sudo pip", "sudo"},
		"shell form of the command": {`CMD ["python", "main.py"]`, "CMD python main.py", "JSONArgsRecommended"},
		"a variable nobody sets":    {"COPY --from=build /app /app", "COPY --from=build /app $NOWHERE", "UndefinedVar"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, test.old, test.new, 1)
			if test.old != "" && text == good {
				t.Fatalf("%q is not in the Dockerfile that the case changes", test.old)
			}
			findings, err := lint(t.Context(), "Dockerfile", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if test.want == "" {
				if len(findings) > 0 {
					t.Errorf("a good Dockerfile is refused: %v", findings)
				}
				return
			}
			for _, f := range findings {
				if strings.Contains(f.text, test.want) {
					return
				}
			}
			t.Errorf("no finding says %q: %v", test.want, findings)
		})
	}
}

func TestOurs(t *testing.T) {
	paths, err := filepath.Glob("../*.Dockerfile")
	if err != nil || len(paths) != 5 {
		t.Fatalf("%d Dockerfiles beside this folder (%v), want those of the three known services and the two presets", len(paths), err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		findings, err := lint(t.Context(), path, text)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, f := range findings {
			t.Errorf("%s:%d: %s", filepath.Base(path), f.line, f.text)
		}
	}
}
