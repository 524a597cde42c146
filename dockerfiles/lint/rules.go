package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

// check applies what BuildKit does not look at: the rules that the pods' security, small images and quick builds rest on.
func check(stages []instructions.Stage, args []instructions.ArgCommand) []finding {
	var all []finding
	report := func(line int, format string, values ...any) {
		all = append(all, finding{line, fmt.Sprintf(format, values...)})
	}
	defaults := map[string]string{}
	for _, command := range args {
		for _, arg := range command.Args {
			defaults[arg.Key] = arg.ValueString()
		}
	}
	if len(stages) < 2 {
		report(0, "one stage: build in one and copy the result into another, or the image carries the build's tools")
	}
	installed := map[string]bool{} // stages in which a command has run before the whole source was copied
	names := map[string]bool{}
	for _, stage := range stages {
		line := stage.Location[0].Start.Line
		if !names[strings.ToLower(stage.BaseName)] {
			checkBase(stage, defaults, func(format string, values ...any) { report(line, format, values...) })
		}
		ran := installed[strings.ToLower(stage.BaseName)]
		for _, command := range stage.Commands {
			at := command.Location()[0].Start.Line
			switch c := command.(type) {
			case *instructions.AddCommand:
				report(at, "ADD fetches and unpacks: COPY what is in the context, and download with a checksum in a RUN")
			case *instructions.RunCommand:
				ran = true
				checkRun(c, func(format string, values ...any) { report(at, format, values...) })
			case *instructions.CopyCommand:
				if c.From == "" && copiesAll(c) && !ran {
					report(at, "the source is copied before the dependencies are installed: every change of it would install them again")
				}
			}
		}
		names[strings.ToLower(stage.Name)], installed[strings.ToLower(stage.Name)] = true, ran
	}
	return append(all, checkFinal(stages)...)
}

var argument = regexp.MustCompile(`^\$\{?(\w+)\}?$`)

// checkBase wants a base image from an ARG, so that config can name a mirror, whose default is a tag that stays what it is.
func checkBase(stage instructions.Stage, defaults map[string]string, report func(string, ...any)) {
	m := argument.FindStringSubmatch(stage.BaseName)
	if m == nil {
		report("FROM %s: name base images in an ARG before the first FROM, so that config can replace them", stage.BaseName)
		return
	}
	image := defaults[m[1]]
	_, tag, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	if tag == "" || tag == "latest" {
		report("FROM %s: the default of ARG %s is %q: pin a version", stage.BaseName, m[1], image)
	}
}

// checkRun wants package lists gone from the layer they came with, or kept in a cache mount.
func checkRun(run *instructions.RunCommand, report func(string, ...any)) {
	text := strings.Join(run.CmdLine, " ")
	cached := len(instructions.GetMounts(run)) > 0
	if strings.Contains(text, "apt-get install") && !cached {
		if !strings.Contains(text, "rm -rf /var/lib/apt/lists") {
			report("apt-get install without rm -rf /var/lib/apt/lists/* in the same RUN leaves the lists in the layer")
		}
		if !strings.Contains(text, "--no-install-recommends") {
			report("apt-get install without --no-install-recommends")
		}
	}
	if strings.Contains(text, "apk add") && !strings.Contains(text, "--no-cache") && !cached {
		report("apk add without --no-cache leaves the index in the layer")
	}
	if regexp.MustCompile(`\bsudo\b`).MatchString(text) {
		report("sudo: a RUN is root already, unless USER says otherwise")
	}
}

func copiesAll(c *instructions.CopyCommand) bool {
	for _, path := range c.SourcePaths {
		if path == "." || path == "./" || path == "*" {
			return true
		}
	}
	return false
}

var numericUser = regexp.MustCompile(`^[1-9][0-9]*(:[0-9]+)?$`)

// checkFinal looks at the stage that becomes the image.
func checkFinal(stages []instructions.Stage) []finding {
	var user *instructions.UserCommand
	health := false
	for _, command := range stages[len(stages)-1].Commands {
		switch c := command.(type) {
		case *instructions.UserCommand:
			user = c
		case *instructions.HealthCheckCommand:
			health = true
		}
	}
	var all []finding
	if user == nil {
		all = append(all, finding{0, "no USER in the last stage: the image runs as root"})
	} else if !numericUser.MatchString(user.User) {
		all = append(all, finding{user.Location()[0].Start.Line, fmt.Sprintf("USER %s: the kubelet's runAsNonRoot judges only a number other than 0", user.User)})
	}
	if !health {
		all = append(all, finding{0, "no HEALTHCHECK in the last stage"})
	}
	return all
}
