package adopt

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// YAML is the block for Pulumi.<stack>.yaml, from `config:` on. Each line has a comment of where it was found.
func (r *Report) YAML() string {
	p := printer{}
	p.line(0, "config:", "")
	p.line(1, "todo:services:", "")
	for _, s := range r.Services {
		p.service(s)
	}
	for _, name := range sample {
		if r.byName(name) == nil {
			p.line(2, name+": {enabled: false}", "of the sample application")
		}
	}
	return p.String()
}

// Commands are those that set the values of the secrets. Pulumi asks for each value. options follow each command.
func (r *Report) Commands(options string) []string {
	all := map[string]bool{}
	for _, s := range r.Services {
		for name := range s.secrets {
			all[name] = true
		}
	}
	var commands []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		key := "--path 'secrets." + name + "'"
		if slices.Contains(wellKnown, name) {
			key = name
		}
		commands = append(commands, "pulumi config set --secret "+key+options)
	}
	return commands
}

// wellKnown are the secrets with a key of their own.
var wellKnown = []string{"DATABASE_URL", "BETTER_AUTH_SECRET", "BETTER_AUTH_SECRET_ALSO", "OPENAI_API_KEY",
	"VITE_OPENAI_API_KEY"}

// sample are the services that a stack has unless its configuration says otherwise.
var sample = []string{"backend", "frontend-web", "frontend-chatbot"}

type printer struct{ bytes.Buffer }

func (p *printer) line(depth int, text, where string) {
	if where != "" {
		text += " # " + where
	}
	fmt.Fprintf(p, "%s%s\n", strings.Repeat("  ", depth), text)
}

func (p *printer) fact(depth int, key string, f fact) {
	if f.value != "" {
		p.line(depth, key+": "+scalar(f.value), f.at)
	}
}

func (p *printer) list(depth int, key string, items []string, where func(string) string) {
	if len(items) == 0 {
		return
	}
	p.line(depth, key+":", "")
	for _, item := range items {
		p.line(depth+1, "- "+scalar(item), where(item))
	}
}

func (p *printer) service(s *Service) {
	p.line(2, s.Name+":", "")
	p.fact(3, "source", s.source)
	p.fact(3, "image", s.image)
	p.build(s)
	p.list(3, "command", s.command, func(string) string { return s.commandAt })
	if s.port.value != "" {
		p.line(3, "port: "+s.port.value, s.port.at)
	}
	p.fact(3, "schedule", s.schedule)
	if s.public != "" {
		p.line(3, "public: true", s.public)
	}
	if s.port.value != "" && s.liveness.value+s.readiness.value != "" {
		live, ready := s.liveness, s.readiness
		if ready.value == "" {
			ready = live
		} else if live.value == "" {
			live = ready
		}
		p.line(3, "probes:", "")
		p.fact(4, "liveness", live)
		p.fact(4, "readiness", ready)
	}
	p.env(s)
	p.list(3, "secrets", slices.Sorted(maps.Keys(s.secrets)), func(name string) string { return s.secrets[name] })
	p.list(3, "uses", slices.Sorted(maps.Keys(s.uses)), func(name string) string { return s.uses[name] })
}

func (p *printer) build(s *Service) {
	if s.source.at == "" || s.dockerfile.value+s.module.value+s.kind == "" {
		return
	}
	p.line(3, "build:", "")
	if s.kind != "" {
		p.line(4, "preset: "+s.kind, s.source.at)
	}
	p.fact(4, "dockerfile", s.dockerfile)
	p.fact(4, "module", s.module)
}

// env prints the variables whose value is known. The others are among the questions.
func (p *printer) env(s *Service) {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(s.env)), func(n string) bool { return s.env[n].value == "" })
	if len(names) > 0 {
		p.line(3, "env:", "")
	}
	for _, name := range names {
		text := s.env[name].value
		if scalar(text) == text && !isText(text) {
			text = `"` + text + `"`
		} else {
			text = scalar(text)
		}
		p.line(4, name+": "+text, s.env[name].at)
	}
}

// isText reports whether YAML reads a plain scalar as text: 1 and true are none.
func isText(text string) bool {
	var value any
	if yaml.Unmarshal([]byte(text), &value) != nil {
		return false
	}
	_, is := value.(string)
	return is
}

// scalar is a text as YAML on one line.
func scalar(text string) string {
	out, err := yaml.Marshal(text)
	line := strings.TrimSpace(string(out))
	if err != nil || strings.Contains(line, "\n") {
		return fmt.Sprintf("%q", text)
	}
	return line
}

// questions lists what the sources do not say.
func (r *Report) questions() {
	for _, s := range r.Services {
		if slices.Contains(sample, s.Name) {
			r.ask("%s has the name of a service of the sample application, whose defaults apply to it. "+
				"Rename it unless it is that one.", s.Name)
		}
		for _, name := range slices.Sorted(maps.Keys(s.env)) {
			if s.env[name].value == "" {
				r.ask("%s: %s reads %s, whose value is not known. Set services.%s.env.%s.",
					s.env[name].at, s.Name, name, s.Name, name)
			}
		}
		if s.source.at != "" && s.kind == "" {
			r.ask("%s: how %s is built is not known. Add a Dockerfile.", s.source.at, s.Name)
		}
		if s.kind == "fastapi" && s.source.at != "" && s.module.value == "" {
			r.ask("%s: the FastAPI application of %s was not found. Set services.%s.build.module.",
				s.source.at, s.Name, s.Name)
		}
		if s.port.value != "" && s.liveness.value+s.readiness.value == "" {
			r.ask("%s: %s has no health route that was recognised: "+
				"only whether its port is open is probed. Set services.%s.probes if it speaks HTTP.", s.port.at, s.Name, s.Name)
		}
		if s.schedule.value == "" && s.port.value == "" && len(s.command) == 0 && s.source.at != "" {
			r.ask("%s: %s has neither a port nor a command.", s.source.at, s.Name)
		}
		if len(s.optional) > 0 {
			r.ask("%s reads variables that have a default or that nothing sets: %s. "+
				"Add those that you need to services.%s.env.",
				s.Name, strings.Join(slices.Sorted(maps.Keys(s.optional)), ", "), s.Name)
		}
	}
}
