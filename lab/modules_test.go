//go:build linux

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// coldModules are the go.mod files that a first `make up` builds from, and that of the tests which compile the same
// libraries. Traefik and kubectl-ai are built on request only.
var coldModules = []string{"..", "../conformance", "plugins",
	"tools/cluster", "tools/pulumi", "tools/pulumi-resource-kubernetes"}

// unequal are modules that may have different versions in those files, each with the reason.
var unequal = map[string]string{}

// A package is compiled once for all programs only when its version and that of everything that it imports is the same.
func TestSharedModulesHaveOneVersion(t *testing.T) {
	all := map[string]map[string][]string{} // module, version, folders
	for _, folder := range coldModules {
		text, err := os.ReadFile(filepath.Join(folder, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for module, version := range moduleVersions(string(text)) {
			if all[module] == nil {
				all[module] = map[string][]string{}
			}
			all[module][version] = append(all[module][version], folder)
		}
	}
	if len(all) < 100 {
		t.Fatalf("only %d modules were found", len(all))
	}
	for _, module := range sortedKeys(all) {
		versions := all[module]
		if reason, ok := unequal[module]; ok {
			if len(versions) < 2 {
				t.Errorf("%s has one version: remove the exception (%s)", module, reason)
			}
			continue
		}
		if len(versions) < 2 {
			continue
		}
		t.Errorf("%s has several versions and is compiled for each: %v\n"+
			"  in each folder: GOWORK=off go get %s@<the newest of them>; where modules are copied: lab/README.md, Tools",
			module, versions, module)
	}
}

var (
	requireLine = regexp.MustCompile(`^(?:require )?(\S+) (v\S+)`)
	replaceLine = regexp.MustCompile(`^(?:replace )?(\S+) => (\S+)(?: (v\S+))?`)
)

// moduleVersions reads the modules of a go.mod with the versions that are built.
func moduleVersions(text string) map[string]string {
	versions := map[string]string{}
	var replaced [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if match := replaceLine.FindStringSubmatch(line); match != nil {
			replaced = append(replaced, match)
		} else if match := requireLine.FindStringSubmatch(line); match != nil {
			versions[match[1]] = match[2]
		}
	}
	for _, match := range replaced {
		module, by, version := match[1], match[2], match[3]
		if _, used := versions[module]; !used {
			continue
		}
		if by != module {
			version = strings.TrimSpace(by + " " + version)
		}
		versions[module] = version
	}
	return versions
}

func TestModuleVersions(t *testing.T) {
	got := moduleVersions(`module x

go 1.26

require a.org/a v1.0.0

require (
	b.org/b v1.2.3 // indirect
	c.org/c v1.0.0
	d.org/d v1.0.0
)

tool b.org/b/cmd

replace c.org/c => c.org/c v1.1.0

replace (
	d.org/d => e.org/e v2.0.0
	f.org/f => f.org/f v1.0.0
)
`)
	want := []string{"a.org/a v1.0.0", "b.org/b v1.2.3", "c.org/c v1.1.0", "d.org/d e.org/e v2.0.0"}
	var lines []string
	for _, module := range sortedKeys(got) {
		lines = append(lines, module+" "+got[module])
	}
	if !slices.Equal(lines, want) {
		t.Errorf("read %v, want %v", lines, want)
	}
}
