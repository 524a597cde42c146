package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"todo/internal/files"
)

// PrepareStack makes sure that the stack exists in its backend and that `pulumi` can be run on it without a question.
// No committed file changes: the passphrase is .state/passphrase, and the encryption salt, which Pulumi writes into the
// stack's config file, goes into a copy of that file (configFile).
func (o *Ops) PrepareStack(ctx context.Context) error {
	h, err := o.home()
	if err != nil {
		return err
	}
	if err := pulumiHomeWritable(); err != nil {
		return err
	}
	committed, err := os.ReadFile(filepath.Join(o.Root, "Pulumi."+o.Stack+".yaml"))
	if err != nil {
		return fmt.Errorf("reading the stack's config: %w", err)
	}
	if err := o.writeConfig(committed); err != nil {
		return fmt.Errorf("copying the stack's config: %w", err)
	}
	found, resources, err := o.findStack(ctx, h)
	if err != nil {
		return err
	}
	if h.login && resources == 0 { // a login that the stack has never used
		h = home{backend: ownBackend}
		o.chosen = &h
		if found, _, err = o.findStack(ctx, h); err != nil {
			return err
		}
	}
	if h, err = o.settlePassphrase(ctx, h, found); err != nil {
		return err
	}
	o.chosen = &h
	if !found {
		if err := o.initStack(ctx, h, committed); err != nil {
			return err
		}
	}
	return o.recordHome(h)
}

// initStack makes the stack. `stack init` takes no --config-file; it is run in a copy of the project's folder instead.
func (o *Ops) initStack(ctx context.Context, h home, committed []byte) error {
	project, err := os.ReadFile(filepath.Join(o.Root, "Pulumi.yaml"))
	if err != nil {
		return fmt.Errorf("reading the project: %w", err)
	}
	folder, err := os.MkdirTemp(filepath.Dir(o.configFile()), "init-*")
	if err != nil {
		return fmt.Errorf("creating stack %s: %w", o.Stack, err)
	}
	defer os.RemoveAll(folder)
	for name, text := range map[string][]byte{"Pulumi.yaml": project, "Pulumi." + o.Stack + ".yaml": committed} {
		if err := writeFile(filepath.Join(folder, name), text); err != nil {
			return fmt.Errorf("creating stack %s: %w", o.Stack, err)
		}
	}
	o.stateChanges()
	text, err := o.pulumiCommand(ctx, "-C", folder, "stack", "init", o.Stack, "--no-select").CombinedOutput()
	if err == nil {
		return nil
	}
	// Another command of this checkout may have made it in the meantime.
	if found, _, findErr := o.findStack(ctx, h); findErr == nil && found {
		return nil
	}
	return fmt.Errorf("creating stack %s in %s: %w: %s", o.Stack, o.backendURL(h), err, bytes.TrimSpace(text))
}

// configFile is the copy of Pulumi.<stack>.yaml that the commands give to Pulumi. Pulumi adds the encryption salt, which
// it finds in the stack's state, and the committed file stays as it is. Commands that change nothing have a copy of
// their own: a preview must not replace what a rollback is deploying.
func (o *Ops) configFile() string {
	if o.changing {
		return o.stackState("Pulumi." + o.Stack + ".yaml")
	}
	return o.stackState("preview.yaml")
}

// writeConfig gives Pulumi the settings, and keeps them for the record of the release.
func (o *Ops) writeConfig(settings []byte) error {
	o.settings = settings
	if old, err := os.ReadFile(o.configFile()); err == nil && sameSettings(old, settings) {
		return nil
	}
	return writeFile(o.configFile(), settings)
}

// sameSettings reports whether a copy says what the settings say, but for the salt that Pulumi adds to it.
func sameSettings(written, settings []byte) bool {
	var x, y map[string]any
	if yaml.Unmarshal(written, &x) != nil || yaml.Unmarshal(settings, &y) != nil {
		return false
	}
	if _, own := y["encryptionsalt"]; !own {
		delete(x, "encryptionsalt")
	}
	return reflect.DeepEqual(asText(x), asText(y))
}

// asText is a YAML value with its scalars as text: Pulumi rewrites numbers and booleans so.
func asText(value any) any {
	switch value := value.(type) {
	case map[string]any:
		texts := map[string]any{}
		for key, v := range value {
			texts[key] = asText(v)
		}
		return texts
	case []any:
		texts := make([]any, len(value))
		for i, v := range value {
			texts[i] = asText(v)
		}
		return texts
	}
	return fmt.Sprint(value)
}

// findStack looks for the stack in its backend, and counts its resources.
func (o *Ops) findStack(ctx context.Context, h home) (found bool, resources int, err error) {
	if h.backend == ownBackend {
		if err := os.MkdirAll(o.state("pulumi"), 0o700); err != nil {
			return false, 0, fmt.Errorf("creating the state backend: %w", err)
		}
		if err := o.breakDeadLock(); err != nil {
			return false, 0, err
		}
	}
	asked, cancel := context.WithTimeout(ctx, backendLimit)
	defer cancel()
	text, err := o.pulumiCommand(asked, "stack", "ls", "--json").Output()
	if ctx.Err() != nil {
		return false, 0, ctx.Err()
	}
	if err != nil {
		if asked.Err() != nil {
			err = fmt.Errorf("no answer within %s", backendLimit)
		} else if said := stderrOf(err); said != "" {
			err = errors.New(strings.TrimPrefix(strings.TrimPrefix(oneLine(said), ": "), "error: "))
		}
		return false, 0, fmt.Errorf("the state backend of stack %s, %s, cannot be read: %w; "+
			"check the network, and the login with: pulumi login '%s'", o.Stack, o.backendURL(h), err, o.backendURL(h))
	}
	var stacks []struct {
		Name          string
		ResourceCount int
	}
	if err := json.Unmarshal(text, &stacks); err != nil {
		return false, 0, fmt.Errorf("asking the Pulumi backend for its stacks: %w", err)
	}
	for _, s := range stacks {
		if s.Name == o.Stack { // <organization>/<stack> is another organization's
			return true, s.ResourceCount, nil
		}
	}
	return false, 0, nil
}

// pulumiHomeWritable refuses a home that Pulumi cannot write to: it would say so half way, in its own words.
func pulumiHomeWritable() error {
	home := pulumiHome()
	err := os.MkdirAll(home, 0o700)
	if err == nil {
		var try *os.File
		if try, err = os.CreateTemp(home, ".try-*"); err == nil {
			err = errors.Join(try.Close(), os.Remove(try.Name()))
		}
	}
	if err != nil {
		return fmt.Errorf("Pulumi cannot write to its folder %s (%w); nothing was changed. "+
			"Fix: export PULUMI_HOME=<a folder that you can write to>", home, err)
	}
	return nil
}

// writeFile writes a file that only its owner reads, whole or not at all, and the folder it is in.
func writeFile(path string, text []byte) error { return files.Write(path, text, 0o600) }
