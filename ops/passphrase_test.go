package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedSalt is what Pulumi 3.258 made of the passphrase abc.
const (
	recordedSalt  = "v1:p3x38F9i/EU=:v1:lTdnHZGtjMNIJMIA:UnPuddpSjmm3PldDHKN3vxdnamRo3w=="
	recordedState = `{"deployment":{"secrets_providers":{"type":"passphrase","state":{"salt":"` + recordedSalt + `"}}}}`
)

func TestAPassphraseOpensItsOwnSalt(t *testing.T) {
	for passphrase, want := range map[string]bool{"abc": true, "abd": false, "": false} {
		if got := opens(recordedSalt, passphrase); got != want {
			t.Errorf("%q opens the salt: %v, want %v", passphrase, got, want)
		}
	}
	for _, damaged := range []string{"", "v1:", "v2:p3x38F9i/EU=:v1:lTdnHZGtjMNIJMIA:UnPuddpSjmm3PldDHKN3vxdnamRo3w==",
		"v1:p3x38F9i/EU=:v1:AAAA:UnPu", "v1:a:v1:b:c"} {
		if opens(damaged, "abc") {
			t.Errorf("%q is no salt", damaged)
		}
	}
}

func TestWhatEncryptsTheSecrets(t *testing.T) {
	const serviceState = `{"deployment":{"secrets_providers":{"type":"service","state":{}}}}`
	for name, test := range map[string]struct {
		stacks, export string
		recorded       string            // .state/dev/backend
		own            string            // .state/passphrase
		env            map[string]string // %s is a file that holds abc
		want, refused  string
	}{
		"new": {stacks: noStacks, want: passphraseOwn},
		"new, an empty variable": {stacks: noStacks,
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": ""}, want: passphraseOwn},
		"new, another project's variable": {stacks: noStacks,
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": "x"}, want: passphraseOwn},
		"new, elsewhere": {stacks: noStacks, recorded: "s3://b",
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": ""}, want: passphraseEnvironment},
		"recorded own, a variable later": {stacks: aFullStack, recorded: ownBackend + "\npassphrase: own",
			own: "abc", env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": "x"}, want: passphraseOwn},
		"recorded own, the file is lost": {stacks: aFullStack, recorded: ownBackend + "\npassphrase: own",
			refused: "is missing, and the secrets of stack dev are encrypted with it"},
		"recorded own, the file is empty": {stacks: aFullStack, recorded: ownBackend + "\npassphrase: own",
			own: "\n", refused: "is empty: put it back from a backup"},
		"from before, own": {stacks: aFullStack, own: "abc\n", want: passphraseOwn},
		"from before, made with the variable": {stacks: aFullStack, own: "unused",
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": "abc"}, want: passphraseEnvironment},
		"from before, made with a file": {stacks: aFullStack, own: "unused",
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE_FILE": "%s"}, want: passphraseEnvironment},
		"from before, the variable is missing": {stacks: aFullStack, own: "unused",
			refused: "export PULUMI_CONFIG_PASSPHRASE with the one that it was made with"},
		"recorded environment, another value": {stacks: aFullStack, recorded: "s3://b\npassphrase: environment",
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": ""}, refused: "is not the one of stack dev in s3://b"},
		"recorded environment, its value": {stacks: aFullStack, recorded: "s3://b\npassphrase: environment",
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE": "abc"}, want: passphraseEnvironment},
		"a file that is not there": {stacks: noStacks,
			env: map[string]string{"PULUMI_CONFIG_PASSPHRASE_FILE": "/no/such/file"}, refused: "PULUMI_CONFIG_PASSPHRASE_FILE: open /no/such/file"},
		"the backend's own encryption": {stacks: aFullStack, export: serviceState,
			recorded: "https://api.pulumi.com", want: passphraseOther},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			if test.export == "" {
				test.export = recordedState
			}
			pulumi, calls := fakePulumi(t, test.stacks, test.export)
			ops.tools.Pulumi = pulumi
			file := filepath.Join(t.TempDir(), "mine")
			for path, text := range map[string]string{ops.stackState("backend"): test.recorded,
				ops.state("passphrase"): test.own, file: "abc\n"} {
				if text != "" {
					if err := writeFile(path, []byte(text)); err != nil {
						t.Fatal(err)
					}
				}
			}
			for variable, value := range test.env {
				t.Setenv(variable, strings.ReplaceAll(value, "%s", file))
			}
			err := ops.PrepareStack(t.Context())
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Fatalf("error = %v, want %q", err, test.refused)
			}
			if err != nil {
				return
			}
			if h, err := ops.readHome(); err != nil || h.passphrase != test.want {
				t.Errorf("the record says %q (%v), want %q", h.passphrase, err, test.want)
			}
			// What Pulumi gets from now on: it prefers the variable, also an empty one.
			ops.exported = nil
			if _, err := ops.snapshot(t.Context()); err != nil {
				t.Fatal(err)
			}
			all := strings.Split(strings.TrimSpace(calls()), "\n")
			last := all[len(all)-1]
			if own := strings.Contains(last,
				"passphrase=unset file="+ops.state("passphrase")+":"); own != (test.want == passphraseOwn) {
				t.Errorf("Pulumi was run with %s, want the passphrase: %s", last, test.want)
			}
		})
	}
}

func TestPassphraseIsMadeOnceAndPrivate(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	var first []byte
	for range 2 {
		if err := ops.makePassphrase(); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(".state/passphrase")
		if err != nil || len(text) < 43 {
			t.Fatalf("passphrase has %d characters (%v), want at least 43", len(text), err)
		}
		if first != nil && !bytes.Equal(first, text) {
			t.Error("a second run changed the passphrase: the state cannot be read any more")
		}
		first = text
	}
	if info, err := os.Stat(".state/passphrase"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v (%v), want 0600", info.Mode(), err)
	}
}
