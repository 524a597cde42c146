// Command lint checks Dockerfiles: with BuildKit's own build checks, and with the rules of this repository (rules.go).
//
//	lint FILE...
//
// It needs neither Docker nor a registry: base images are taken as they are named.
package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/opencontainers/go-digest"
)

func main() {
	found := 0
	for _, path := range os.Args[1:] {
		text, err := os.ReadFile(path)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		findings, err := lint(context.Background(), path, text)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
		for _, f := range findings {
			fmt.Printf("%s:%d: %s\n", path, f.line, f.text)
		}
		found += len(findings)
	}
	if found > 0 {
		os.Exit(1)
	}
}

// finding is one broken rule; line 0 is the file as a whole.
type finding struct {
	line int
	text string
}

func lint(ctx context.Context, name string, text []byte) ([]finding, error) {
	parsed, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	stages, args, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{}))
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	source := llb.NewSourceMap(nil, name, "Dockerfile", text)
	source.Definition = &llb.Definition{} // of the context that the file came from: there is none
	checked, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{
		SourceMap: source, MetaResolver: anyImage{},
	})
	if err != nil {
		return nil, fmt.Errorf("build checks: %w", err)
	}
	var all []finding
	if checked.Error != nil {
		all = append(all, finding{text: checked.Error.Message})
	}
	for _, w := range checked.Warnings {
		f := finding{text: w.RuleName + ": " + w.Detail}
		if len(w.Location.Ranges) > 0 {
			f.line = int(w.Location.Ranges[0].Start.Line)
		}
		all = append(all, f)
	}
	return append(all, check(stages, args)...), nil
}

// anyImage answers for every base image that it exists and sets nothing.
type anyImage struct{}

func (anyImage) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	config := []byte(`{"architecture":"amd64","os":"linux","config":{}}`)
	return ref, digest.FromBytes(config), config, nil
}
