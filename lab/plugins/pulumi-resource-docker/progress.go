package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
)

// lastLines is how much of a failed step's output goes into the error.
const lastLines = 20

// progress turns BuildKit's status messages into lines: one when a step ends.
type progress struct {
	info   func(string) // lines that stay
	status func(string) // which step is being done
	output func(string) // what that step prints, now and then
	steps  map[string]*buildStep
}

// buildStep is one step of a build; BuildKit calls it a vertex.
type buildStep struct {
	name    string
	said    bool // its end is printed
	failure string
	output  []string // the last lines
	partial string   // a line that has not ended yet
}

func newProgress(info, status func(string)) *progress {
	return &progress{info: info, status: status, output: nowAndThen(status), steps: map[string]*buildStep{}}
}

// nowAndThen lets a text through every three seconds: without a terminal, Pulumi prints every status on a line of its own.
func nowAndThen(status func(string)) func(string) {
	var last time.Time
	return func(text string) {
		if now := time.Now(); now.Sub(last) >= 3*time.Second {
			last = now
			status(text)
		}
	}
}

// trace reads one message, as the Engine wraps it: protobuf in a JSON string.
func (p *progress) trace(message json.RawMessage) error {
	var encoded []byte
	if err := json.Unmarshal(message, &encoded); err != nil {
		return fmt.Errorf("reading the build's progress: %w", err)
	}
	var response control.StatusResponse
	if err := proto.Unmarshal(encoded, &response); err != nil {
		return fmt.Errorf("reading the build's progress: %w", err)
	}
	for _, v := range response.Vertexes {
		p.vertex(v)
	}
	for _, l := range response.Logs {
		p.step(l.Vertex).log(string(l.Msg), p.output)
	}
	return nil
}

func (p *progress) step(digest string) *buildStep {
	if p.steps[digest] == nil {
		p.steps[digest] = &buildStep{}
	}
	return p.steps[digest]
}

// oneLine is a step's name, which for a RUN is its whole script, short enough to be read.
func oneLine(name string) string {
	const most = 110
	name = strings.Join(strings.Fields(name), " ")
	if letters := []rune(name); len(letters) > most {
		return string(letters[:most]) + "…"
	}
	return name
}

func (p *progress) vertex(v *control.Vertex) {
	s := p.step(v.Digest)
	s.name = oneLine(v.Name)
	if v.Error != "" && !strings.Contains(v.Error, "context canceled") { // cancelled because another step failed
		s.failure = v.Error
	}
	switch {
	case s.said || v.Started == nil:
	case v.Completed == nil:
		p.status(s.name)
	default:
		s.said = true
		if strings.HasPrefix(s.name, "[internal]") && v.Error == "" {
			return // reading the Dockerfile and the like
		}
		end := fmt.Sprintf("%.1fs", v.Completed.AsTime().Sub(v.Started.AsTime()).Round(100*time.Millisecond).Seconds())
		if v.Cached {
			end = "cached"
		}
		if v.Error != "" {
			end = "failed after " + end
		}
		p.info(s.name + "  " + end)
	}
}

func (s *buildStep) log(text string, status func(string)) {
	lines := strings.Split(s.partial+text, "\n")
	s.partial = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		// A progress bar rewrites its line; its last state is what counts.
		line = strings.TrimRight(line, "\r")
		line = line[strings.LastIndex(line, "\r")+1:]
		s.output = append(s.output, line)
		status(line)
	}
	if extra := len(s.output) - lastLines; extra > 0 {
		s.output = s.output[extra:]
	}
}

// failed describes the step that failed, with the end of its output; "" when none did.
func (p *progress) failed() string {
	for _, s := range p.steps {
		if s.failure == "" {
			continue
		}
		lines := s.output
		if s.partial != "" {
			lines = append(lines, s.partial)
		}
		text := fmt.Sprintf("step %s: %s", s.name, s.failure)
		if len(lines) > 0 {
			text += "\n  " + strings.Join(lines, "\n  ")
		}
		return text
	}
	return ""
}
