package config

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"todo/build"
)

// sharedDockerfiles is the folder of the program's own Dockerfiles, below Root.
const sharedDockerfiles = "dockerfiles"

// planBuilds finds out how the services are built that the program does not know, or that say it themselves.
func (l *loader) planBuilds(c *Config) {
	for i := range c.rows {
		s := &c.rows[i]
		if !s.Enabled || !s.Built() || s.knownBuild() || (s.Source != "" && s.folder == "") {
			continue
		}
		key := keyServices + "." + s.Name
		folder := filepath.Join(c.Root, c.SourceFolder(*s))
		if !isFolder(folder) {
			l.ps.refuse(key+".source", "no folder "+c.SourceFolder(*s), "the service is built from it", "<folder>")
			continue
		}
		plan, err := build.Make(build.Request{
			Folder: folder, Preset: build.Preset(s.Build.Preset), Dockerfile: s.Build.Dockerfile, Module: s.Build.Module,
			Port: s.Port, NodeMajor: nodeMajor(c.Images.BaseImages.Node),
		})
		var problem *build.Problem
		switch {
		case errors.As(err, &problem):
			l.addBuildProblem(key, problem)
			continue
		case err != nil:
			l.ps.add(Problem{Key: key + ".source", Got: err.Error(), Want: "the source has to be readable", Fix: "ls -l " + shellWord(c.SourceFolder(*s))})
			continue
		}
		if plan.Preset == build.Dockerfile && !isFile(plan.Dockerfile) {
			l.ps.add(Problem{Key: key + ".build.dockerfile", Got: "no file " + c.relative(plan.Dockerfile), Want: "the build needs it",
				Fix: l.ps.set(key+".build.dockerfile", "<file below the source>")})
			continue
		}
		s.plan = &plan
		for _, folder := range plan.Writable {
			s.Writable = with(map[string]string{folder: "128Mi"}, s.Writable)
		}
	}
}

// knownBuild reports whether the service is one of the three known ones, and built in their way.
func (s Service) knownBuild() bool {
	return s.computed != nil && s.Build.Preset == "" && s.Build.Dockerfile == "" && s.Build.Module == ""
}

func (l *loader) addBuildProblem(key string, p *build.Problem) {
	said := Problem{Key: key + ".source", Got: p.Got, Want: p.Want, Fix: p.Fix}
	if p.Field != "" {
		said.Key = key + ".build." + p.Field
		said.Fix = l.ps.set(said.Key, "<value>")
	}
	l.ps.add(said)
}

// nodeTag is the major version in the tag of a Node image.
var nodeTag = regexp.MustCompile(`:(\d+)`)

// nodeMajor is 0 when the reference does not tell it.
func nodeMajor(reference string) int {
	match := nodeTag.FindStringSubmatch(reference[strings.LastIndex(reference, "/")+1:])
	if match == nil {
		return 0
	}
	major, err := strconv.Atoi(match[1])
	if err != nil {
		return 0
	}
	return major
}

// SourceFolder is the folder of a service's sources, relative to Root.
func (c *Config) SourceFolder(s Service) string {
	return c.relative(or(s.folder, filepath.Join(c.Images.SourceRoot, s.Name)))
}

func (c *Config) relative(path string) string {
	if filepath.IsAbs(path) {
		if relative, err := filepath.Rel(c.Root, path); err == nil {
			return relative
		}
	}
	return path
}

// BuildContext is what the builder gets of a service: its sources, or the workspace that they belong to; relative to Root.
func (c *Config) BuildContext(s Service) string {
	if s.plan != nil {
		return c.relative(s.plan.Context)
	}
	return c.SourceFolder(s)
}

// Dockerfile is the service's, relative to Root.
func (c *Config) Dockerfile(s Service) string {
	switch {
	case s.plan == nil:
		return filepath.Join(sharedDockerfiles, s.Name+".Dockerfile")
	case s.plan.Shared:
		return filepath.Join(sharedDockerfiles, s.plan.Dockerfile)
	}
	return c.relative(s.plan.Dockerfile)
}

// publicPrefix begins the variables that Next.js writes into the browser's code.
const publicPrefix = "NEXT_PUBLIC_"

// BuildArgs returns the build arguments that the stack gives for a service, and those of its preset. They are public.
func (c *Config) BuildArgs(s Service) map[string]string {
	given := c.resolved(s.Build.Args)
	if s.plan == nil {
		return given
	}
	if s.plan.Preset != build.NextJS {
		return with(s.plan.Args, given)
	}
	for name, value := range c.resolved(s.Env) {
		if strings.HasPrefix(name, publicPrefix) {
			given[name] = value
		}
	}
	var lines []string
	for _, name := range sortedKeys(given) {
		lines = append(lines, name+"="+envFileText(given[name]))
	}
	return with(s.plan.Args, map[string]string{"PUBLIC_ENV": strings.Join(lines, "\n")})
}

// envFileText is a value as .env files have it. They know no escapes in quotes, so the quotes are ones that the value does not have;
// and they replace $NAME, unless there is a backslash before it.
func envFileText(value string) string {
	for _, quote := range []string{"'", `"`, "`"} {
		if !strings.Contains(value, quote) {
			return quote + strings.ReplaceAll(value, "$", `\$`) + quote
		}
	}
	return value
}

// BaseImage reports which of the base images a service is built from: "python", "node", or "" for any.
func (c *Config) BaseImage(s Service) string {
	switch {
	case s.plan != nil && s.plan.Preset == build.FastAPI, s.plan == nil && s.Name == BackendName:
		return "python"
	case s.plan != nil && s.plan.Preset == build.NextJS, s.plan == nil && slices.Contains([]string{WebName, ChatbotName}, s.Name):
		return "node"
	}
	return ""
}
