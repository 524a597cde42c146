package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"todo/adopt"
)

// Adopt looks at the folder in SOURCE and prints the `services` block for it, what a person has to decide, and the
// commands that set the secrets. With WRITE=1 it adds the block to Pulumi.<stack>.yaml, when no services are there yet.
func (o *Ops) Adopt(context.Context) error {
	source, write := os.Getenv("SOURCE"), os.Getenv("WRITE")
	if source == "" {
		return fmt.Errorf("SOURCE is empty; it is the folder of an application, such as: make adopt SOURCE=../my-app%s",
			o.stackArgument())
	}
	if write != "" && write != "0" && write != "1" {
		return fmt.Errorf("WRITE=%q; allowed: 1 writes into Pulumi.%s.yaml, 0 prints", write, o.Stack)
	}
	folder := source
	if !filepath.IsAbs(folder) {
		folder = filepath.Join(o.Root, folder)
	}
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("SOURCE=%s is not a folder that can be read; a repository has to be cloned first: "+
			"git clone <URL> ../my-app", source)
	}
	report, err := adopt.Look(folder, source)
	if err != nil {
		return err
	}
	if write == "1" {
		err = o.writeServices(report.YAML())
	} else {
		fmt.Printf("# Paste this into Pulumi.%s.yaml, or run the command again with WRITE=1.\n%s", o.Stack, report.YAML())
	}
	if err != nil {
		return err
	}
	printAdopted(report, o.stackArgument(), " -s "+o.Stack)
	return nil
}

func printAdopted(report *adopt.Report, environment, options string) {
	if commands := report.Commands(options); len(commands) > 0 {
		fmt.Printf("\nThe secrets; Pulumi asks for each value:\n  eval \"$(make env%s)\"\n  %s\n", environment,
			strings.Join(commands, "\n  "))
	}
	if len(report.Unknown) > 0 {
		fmt.Printf("\nThe sources do not say:\n  - %s\n", strings.Join(report.Unknown, "\n  - "))
	}
}

// writeServices adds the block to the stack's configuration. The text that is there stays as it is.
func (o *Ops) writeServices(block string) error {
	file := "Pulumi." + o.Stack + ".yaml"
	path := filepath.Join(o.Root, file)
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the stack's config: %w", err)
	}
	merged, err := withServices(string(text), block)
	if err != nil {
		return fmt.Errorf("%s: %w; print the block without WRITE=1 and merge it by hand", file, err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading the stack's config: %w", err)
	}
	if err := os.WriteFile(path, []byte(merged), info.Mode().Perm()); err != nil {
		return fmt.Errorf("writing the stack's config: %w", err)
	}
	fmt.Printf("wrote the services into %s\n", file)
	return nil
}

// withServices is a stack's configuration with the block below its `config:`.
func withServices(text, block string) (string, error) {
	var file struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		return "", fmt.Errorf("it is not valid YAML: %w", err)
	}
	if _, found := file.Config["todo:services"]; found {
		return "", errors.New("it has todo:services already")
	}
	if len(file.Config) == 0 {
		if strings.Contains("\n"+text, "\nconfig:") {
			return "", errors.New("its config is empty")
		}
		return strings.TrimRight(text, "\n") + strings.Repeat("\n", min(len(text), 1)) + block, nil
	}
	rows := strings.TrimPrefix(block, "config:\n")
	before, after, found := strings.Cut("\n"+text, "\nconfig:\n")
	indent := after[:len(after)-len(strings.TrimLeft(after, " "))]
	if !found || indent != "  " {
		return "", errors.New("its config is not indented by two spaces")
	}
	merged := strings.TrimPrefix(before+"\nconfig:\n"+rows+after, "\n")
	var check map[string]any
	if err := yaml.Unmarshal([]byte(merged), &check); err != nil {
		return "", fmt.Errorf("the block does not fit: %w", err)
	}
	return merged, nil
}
