package adopt

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

var composeFiles = []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"}

// composed is one service of a docker-compose file.
type composed struct {
	file, name string
	line       int
	fields     map[string]*yaml.Node
}

// compose adds the services of the docker-compose file, when there is one.
func (r *Report) compose(t *tree) error {
	i := slices.IndexFunc(composeFiles, func(name string) bool { _, found := t.text[name]; return found })
	if i < 0 {
		return nil
	}
	file := composeFiles[i]
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(t.text[file]), &document); err != nil {
		return fmt.Errorf("%s is not valid YAML: %w", file, err)
	}
	if len(document.Content) == 0 {
		return nil
	}
	rows := pairs(pairs(document.Content[0]).get("services"))
	databases, built := map[string]bool{}, map[string]*Service{}
	for _, row := range rows {
		c := composed{file, row.key.Value, row.key.Line, map[string]*yaml.Node{}}
		for _, field := range pairs(row.value) {
			c.fields[field.key.Value] = field.value
		}
		if image := c.fields["image"]; c.fields["build"] == nil && image != nil && isPostgres(image.Value) {
			databases[c.name] = true
			r.ask("%s: %s is PostgreSQL. The development database of the stack takes its place; in production set "+
				"DATABASE_URL to a managed one.", c.at(row.key), c.name)
			continue
		}
		r.composeService(t, c, built)
	}
	for _, row := range rows {
		if s := r.byName(serviceName(row.key.Value)); s != nil && !databases[row.key.Value] {
			for _, d := range names(pairs(row.value).get("depends_on")) {
				target := serviceName(d.Value)
				if databases[d.Value] {
					target = "database"
				}
				s.uses[target] = at(file, d.Line)
			}
		}
	}
	return nil
}

func isPostgres(image string) bool { return strings.Contains(path.Base(image), "postgres") }

func (c composed) at(n *yaml.Node) string { return at(c.file, n.Line) }

// composeService adds one row. Services with the same build share the image of the first.
func (r *Report) composeService(t *tree, c composed, built map[string]*Service) {
	s := r.add(&Service{dir: "."}, c.name)
	if build := c.fields["build"]; build != nil {
		s.dir, s.dockerfile = buildOf(c, build)
		key := s.dir + " " + s.dockerfile.value
		if first := built[key]; first != nil {
			s.kind, s.image, s.dockerfile = first.kind, fact{first.Name, c.at(build)}, fact{}
		} else {
			built[key] = s
			s.source = fact{at: c.at(build)}
			s.kind = kindOf(t, s)
		}
	} else if image := c.fields["image"]; image != nil {
		s.kind, s.image = "image", fact{image.Value, c.at(image)}
	} else {
		r.ask("%s: %s has neither build nor image.", at(c.file, c.line), c.name)
	}
	s.composeCommand(c.fields["command"], c)
	if slices.ContainsFunc(s.command, mayHoldSecret) {
		r.ask("%s: the command of %s may hold a secret, so it is not copied. Set services.%s.command.",
			s.commandAt, s.Name, s.Name)
		s.command = nil
	}
	s.composePorts(c)
	s.composeEnv(c)
	for _, label := range entries(c.fields["labels"]) {
		if strings.HasSuffix(label.name, "schedule") && cron.MatchString(label.value) {
			s.schedule = fact{label.value, at(c.file, label.line)}
		}
	}
	if n := c.fields["x-schedule"]; n != nil && cron.MatchString(n.Value) {
		s.schedule = fact{n.Value, c.at(n)}
	}
	if n := c.fields["volumes"]; n != nil && len(n.Content) > 0 {
		r.ask("%s: %s has volumes. The root of a pod is read-only: list folders that it writes to under writable; "+
			"they do not outlive the pod.", c.at(n), c.name)
	}
}

// mayHoldSecret reports whether a word of a command may be a secret, or name the one that follows it.
func mayHoldSecret(word string) bool {
	return hasPassword(word) || regexp.MustCompile(`(?i)pass|secret|token|api-?key`).MatchString(word)
}

// cron matches what a CronJob takes.
var cron = regexp.MustCompile(`^(@(hourly|daily|midnight|weekly|monthly|yearly|annually)|(\S+ +){4}\S+)$`)

func buildOf(c composed, build *yaml.Node) (dir string, dockerfile fact) {
	context := build.Value
	if build.Kind == yaml.MappingNode {
		fields := pairs(build)
		if n := fields.get("context"); n != nil {
			context = n.Value
		}
		if n := fields.get("dockerfile"); n != nil {
			dockerfile = fact{n.Value, c.at(n)}
		}
	}
	return path.Clean(context), dockerfile
}

var serves = regexp.MustCompile(`^([\w.]+:\w+)$`)

// composeCommand takes the command apart. That of a web server is the preset's: its module and port are kept.
func (s *Service) composeCommand(n *yaml.Node, c composed) {
	if n == nil {
		return
	}
	words := words(n)
	if len(words) > 0 && s.kind == "fastapi" && slices.Contains([]string{"uvicorn", "gunicorn", "fastapi"}, words[0]) {
		for i, word := range words {
			if serves.MatchString(word) && !strings.HasPrefix(word, "0.") {
				s.module = fact{word, c.at(n)}
			}
			if word == "--port" && i+1 < len(words) {
				s.port = fact{words[i+1], c.at(n)}
			}
		}
		return
	}
	s.command, s.commandAt = words, c.at(n)
}

// composePorts reads the container's port. A published one is for users.
func (s *Service) composePorts(c composed) {
	for _, key := range []string{"expose", "ports"} {
		n := c.fields[key]
		if n == nil {
			continue
		}
		for _, item := range n.Content {
			port := item.Value
			if item.Kind == yaml.MappingNode {
				if target := pairs(item).get("target"); target != nil {
					port = target.Value
				}
			}
			port, _, _ = strings.Cut(port[strings.LastIndex(port, ":")+1:], "/")
			if !isPort(port) {
				continue
			}
			if s.port.value == "" {
				s.port = fact{port, c.at(item)}
			}
			if key == "ports" && s.kind != "image" {
				s.public = c.at(item)
			}
		}
	}
}

var withDefault = regexp.MustCompile(`^\$\{\w+:-([^$}]*)\}$`)

// composeEnv keeps the values that are plain; of the others only the names.
func (s *Service) composeEnv(c composed) {
	for _, e := range entries(c.fields["environment"]) {
		where, value := at(c.file, e.line), e.value
		if m := withDefault.FindStringSubmatch(value); m != nil {
			value = m[1]
		} else if strings.Contains(value, "$") {
			value = "" // it comes from the environment of whoever runs compose
		}
		s.variable(e.name, value, where, false)
	}
}
