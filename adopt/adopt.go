// Package adopt looks at the folder of an application that it has never seen and proposes the rows of `todo:services`
// for it. Every proposal names the file and the line where it was found. The values of secrets are never kept.
package adopt

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// fact is one proposed value and where it was found: file:line, below the folder.
type fact struct{ value, at string }

// Service is one proposed row.
type Service struct {
	Name string // valid as a Kubernetes name

	dir        string // of the sources, below the folder; "." is the folder
	kind       string // fastapi, nextjs, dockerfile, image
	source     fact
	image      fact
	dockerfile fact
	module     fact
	command    []string
	commandAt  string
	port       fact
	schedule   fact
	env        map[string]fact
	secrets    map[string]string // name -> where
	uses       map[string]string // name -> where
	public     string            // where it was found that users reach it; "" is not public
	liveness   fact
	readiness  fact

	optional map[string]string // names that the code reads with a default
}

// Report is what Look found.
type Report struct {
	Services []*Service
	Unknown  []string // what a person has to decide, one sentence each
}

// Look reads the folder and returns its services. source is how the rows name the folder, usually the same path.
// A folder that cannot be read, or without anything that can be deployed, is an error.
func Look(folder, source string) (*Report, error) {
	t, err := readTree(folder)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := r.compose(t); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.Services, func(s *Service) bool { return s.source.at != "" }) {
		r.folders(t, source)
	}
	if len(r.Services) == 0 {
		return nil, fmt.Errorf("%s holds nothing that can be deployed; looked for: a docker-compose file, "+
			"package.json with next, pyproject.toml or requirements.txt with fastapi, a Dockerfile", folder)
	}
	for _, s := range r.Services {
		if s.source.at != "" {
			s.source.value = strings.TrimSuffix(path.Join(source, s.dir), "/")
			if strings.HasPrefix(source, "./") && !strings.HasPrefix(s.source.value, ".") {
				s.source.value = "./" + s.source.value
			}
			r.code(t, s)
		}
	}
	r.connect()
	r.questions()
	return r, nil
}

// add gives a service its maps and a name that no other has.
func (r *Report) add(s *Service, wanted string) *Service {
	s.env, s.optional = map[string]fact{}, map[string]string{}
	s.secrets, s.uses = map[string]string{}, map[string]string{}
	s.Name = serviceName(wanted)
	if r.byName(s.Name) != nil {
		s.Name = serviceName(strings.ReplaceAll(s.dir, "/", "-") + "-" + wanted)
	}
	r.Services = append(r.Services, s)
	return s
}

func (r *Report) byName(name string) *Service {
	for _, s := range r.Services {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (r *Report) ask(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(r.Unknown, text) {
		r.Unknown = append(r.Unknown, text)
	}
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// serviceName is a text as a Kubernetes name of at most 40 characters.
func serviceName(text string) string {
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(text), "-"), "-")
	if len(name) > 40 {
		name = strings.Trim(name[:40], "-")
	}
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = strings.Trim("app-"+name, "-")
	}
	return name
}
