package adopt

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// variableName is what an environment variable is called in code.
const variableName = `([A-Z][A-Z0-9_]{2,})`

// reads are the ways in which code reads a variable. The first group is its name, the second the rest of
// the line, where a default can stand.
var reads = []*regexp.Regexp{
	regexp.MustCompile(`environ(?:\.get\(|\[)\s*["']` + variableName + `["'](.*)`),
	regexp.MustCompile(`getenv\(\s*["']` + variableName + `["'](.*)`),
	regexp.MustCompile(`(?:process|import\.meta)\.env\.` + variableName + `\b(.*)`),
	regexp.MustCompile(`process\.env\[["']` + variableName + `["']\](.*)`),
	regexp.MustCompile(`\b(?:read|env|getEnv|requireEnv|readEnv|config)\(\s*["']` + variableName + `["'](.*)`),
}

// fallback is how the rest of a line gives a default.
var fallback = regexp.MustCompile(`^\s*(,\s*[^)\s]|\]?\)?\s*(\?\?|\|\||\bor\b))|^\?`)

// written matches what follows a variable that the code sets, and does not read.
var written = regexp.MustCompile(`^\]?\s*=[^=]`)

// platformNames are set by the platform, the runtime or the build.
var platformNames = []string{"NODE_ENV", "PATH", "HOME", "PORT", "HOSTNAME", "HOST", "NEXT_RUNTIME", "CI", "TZ", "LANG",
	"PYTHONPATH", "NEXT_TELEMETRY_DISABLED", "VERCEL", "VERCEL_URL"}

// code looks at the sources of a service.
func (r *Report) code(t *tree, s *Service) {
	composed := s.composedEnv()
	for _, file := range t.below(s.dir) {
		if r.ownedByAnother(s, file) {
			continue
		}
		switch ext := path.Ext(file); {
		case ext == ".py":
			s.python(t, file, composed)
		case slices.Contains([]string{".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"}, ext):
			s.javascript(t, file, composed)
		case isExample(path.Base(file)):
			s.example(t, file, composed)
		}
	}
	s.defaults(t)
	for _, w := range r.Services { // a worker without an environment of its own reads the same variables
		if w.image.value == s.Name && !composed && len(w.env)+len(w.secrets) == 0 {
			for name, f := range s.env {
				w.env[name] = f
			}
			for name, where := range s.secrets {
				w.secrets[name] = where
			}
		}
	}
}

func (s *Service) composedEnv() bool { return strings.Contains(path.Base(s.source.at), "compose") }

// ownedByAnother reports whether a file is in the folder of a service inside this one.
func (r *Report) ownedByAnother(s *Service, file string) bool {
	return slices.ContainsFunc(r.Services, func(o *Service) bool {
		inner := o.dir != s.dir && (s.dir == "." || strings.HasPrefix(o.dir, s.dir+"/"))
		return inner && strings.HasPrefix(file, o.dir+"/")
	})
}

var (
	fastapi  = regexp.MustCompile(`(?m)^(\w+)\s*(?::\s*FastAPI\s*)?=\s*FastAPI\(`)
	made     = regexp.MustCompile(`^(app|api|application)\s*=\s*\w*(?:app|application)\w*\(`)
	route    = regexp.MustCompile(`@\w+\.(?:get|api_route)\(\s*["'](/[\w/-]*)["']`)
	settings = regexp.MustCompile(`^class (\w+)\((.*)\)\s*:`)
	field    = regexp.MustCompile(`^    ([a-z][a-z0-9_]*)\s*:\s*([^=]+)(=.*)?$`)
	prefixed = regexp.MustCompile(`env_prefix\s*=\s*["'](\w+)["']`)
)

func (s *Service) python(t *tree, file string, composed bool) {
	text := t.text[file]
	if m := fastapi.FindStringSubmatch(text); m != nil && s.module.value == "" && s.kind == "fastapi" {
		s.module = fact{t.module(s.dir, file) + ":" + m[1], t.line(file, m[0])}
	}
	classes, inside, prefix := []string{"BaseSettings"}, false, ""
	for i, line := range strings.Split(text, "\n") {
		where := at(file, i+1)
		if m := route.FindStringSubmatch(line); m != nil {
			s.health(m[1], where)
		}
		s.lineReads(line, where, composed)
		if m := made.FindStringSubmatch(line); m != nil && s.kind == "fastapi" && path.Base(file) == "main.py" &&
			s.module.value == "" {
			s.module = fact{t.module(s.dir, file) + ":" + m[1], where}
		}
		if m := settings.FindStringSubmatch(line); m != nil {
			inside = slices.ContainsFunc(classes, func(c string) bool { return strings.Contains(m[2], c) })
			if prefix = ""; inside {
				classes = append(classes, m[1])
			}
		} else if inside && line != "" && !strings.HasPrefix(line, " ") {
			inside = false
		}
		if m := prefixed.FindStringSubmatch(line); inside && m != nil {
			prefix = m[1]
		}
		if m := field.FindStringSubmatch(line); inside && m != nil && m[1] != "model_config" {
			isDefault := m[3] != "" && !strings.Contains(m[3], "Field(...")
			s.read(strings.ToUpper(prefix+m[1]), where, isDefault, composed)
		}
	}
}

func (s *Service) javascript(t *tree, file string, composed bool) {
	if dir := strings.TrimPrefix(path.Dir(file), s.dir+"/"); strings.HasPrefix(path.Base(file), "route.") {
		if _, below, found := strings.Cut("/"+dir, "/app/"); found {
			s.health("/"+below, at(file, 1))
		}
	} else if _, below, found := strings.Cut("/"+file, "/pages/api/"); found {
		s.health("/api/"+strings.TrimSuffix(below, path.Ext(below)), at(file, 1))
	}
	for i, line := range strings.Split(t.text[file], "\n") {
		s.lineReads(line, at(file, i+1), composed)
	}
}

func (s *Service) lineReads(line, where string, composed bool) {
	if code := strings.TrimSpace(line); strings.HasPrefix(code, "//") || strings.HasPrefix(code, "#") ||
		strings.HasPrefix(code, "*") {
		return
	}
	for _, pattern := range reads {
		for rest := line; ; {
			m := pattern.FindStringSubmatch(rest)
			if m == nil {
				break
			}
			if !written.MatchString(m[2]) {
				s.read(m[1], where, fallback.MatchString(m[2]), composed)
			}
			rest = m[2]
		}
	}
}

// read notes a variable that the code reads. A compose file says which ones a service is given; the
// others are optional.
func (s *Service) read(name, where string, isDefault, composed bool) {
	if slices.Contains(platformNames, name) {
		return
	}
	_, isPlain := s.env[name]
	if _, isSecret := s.secrets[name]; isSecret || isPlain {
		return
	}
	quiet := strings.HasPrefix(name, "OTEL_") || isDefault && !slices.Contains(wellKnown, name) && !isServiceURL(name)
	if composed || quiet {
		if _, known := s.optional[name]; !known {
			s.optional[name] = where
		}
		return
	}
	s.variable(name, "", where, true)
}

var assignment = regexp.MustCompile(`^(?:export\s+)?` + variableName + `=(.*)$`)

// example takes the values of an example file, which are no secrets unless they look like one.
func (s *Service) example(t *tree, file string, composed bool) {
	for i, line := range strings.Split(t.text[file], "\n") {
		m := assignment.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || composed || slices.Contains(platformNames, m[1]) {
			continue
		}
		s.variable(m[1], strings.Trim(strings.TrimSpace(m[2]), `"'`), at(file, i+1), true)
	}
}

var healthy = regexp.MustCompile(`^(/api)?/(health|healthz|health-check|healthcheck|livez|live|ping)(/live)?$`)
var prepared = regexp.MustCompile(`^(/api)?/(ready|readyz|health/ready|readiness)$`)

func (s *Service) health(route, where string) {
	if healthy.MatchString(route) && s.liveness.value == "" {
		s.liveness = fact{route, where}
	}
	if prepared.MatchString(route) && s.readiness.value == "" {
		s.readiness = fact{route, where}
	}
}

var (
	exposes    = regexp.MustCompile(`(?mi)^EXPOSE\s+(\d+)`)
	scriptPort = regexp.MustCompile(`(?:-p|--port)[ =](\d+)`)
)

// defaults finds the port where no compose file has it.
func (s *Service) defaults(t *tree) {
	if s.port.value != "" || s.composedEnv() && len(s.command) > 0 {
		return
	}
	dockerfile := path.Join(s.dir, "Dockerfile")
	if s.dockerfile.value != "" {
		dockerfile = path.Join(s.dir, s.dockerfile.value)
	}
	if m := exposes.FindStringSubmatch(t.text[dockerfile]); m != nil {
		s.port = fact{m[1], t.line(dockerfile, m[0])}
		return
	}
	m, file, _ := t.manifest(s.dir)
	for _, script := range []string{"start", "dev"} {
		if p := scriptPort.FindStringSubmatch(m.Scripts[script]); p != nil {
			s.port = fact{p[1], t.line(file, `"`+script+`"`)}
			return
		}
	}
	switch s.kind {
	case "nextjs":
		s.port = fact{"3000", "the default of Next.js"}
	case "fastapi":
		s.port = fact{"8000", "the default of uvicorn"}
	}
}

func isPort(text string) bool {
	n, err := strconv.Atoi(text)
	return err == nil && n > 0 && n < 65536
}
