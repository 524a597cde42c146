package config

import (
	"fmt"
	"maps"
	"slices"
)

// Input is one stack's configuration as the CLI hands it over, and what the caller knows about the run.
type Input struct {
	Stack   string
	Root    string // folder of Pulumi.yaml; relative paths start there
	Preview bool   // a dry run
	Values  map[string]Value
	// StackOutput reads an output of another stack, decrypted; nil when it has none of that name.
	StackOutput func(stack, output string) (any, error)
}

// Value is one key, without the project's namespace.
type Value struct {
	Text   string // an object or a list is JSON
	Secret bool   // encrypted in the stack's file, as a whole or in part
}

// Secret is a text that is never printed. The zero value was not set.
type Secret string

const redacted = "[secret]"

// String hides the text from every format verb.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// unknown rejects keys that nothing reads: a misspelt key would silently keep its default.
func (in Input) unknown(ps *problems) {
	known := knownKeys()
	for _, key := range sortedKeys(in.Values) {
		if !slices.Contains(known, key) {
			ps.add(Problem{Key: key, Got: "unknown key", Want: suggestion(key, known), Fix: ps.remove(key)})
		}
	}
}

// misplaced rejects encrypted values where plain text belongs: the program would decrypt them into ConfigMaps, into the
// state and into previews. It comes before anything else is read.
func (in Input) misplaced(file stackFile, ps *problems) {
	for _, key := range sortedKeys(in.Values) {
		if !in.Values[key].Secret || isSecret(key) || !slices.Contains(plainKeys, key) {
			continue
		}
		if _, structured := shapes[key]; !structured {
			ps.add(Problem{Key: key, Got: "is encrypted", Want: "it is no secret, and appears in plain text in the cluster",
				Fix: ps.set(key, "<value>")})
			continue
		}
		paths := file.encrypted(key)
		if len(paths) == 0 {
			paths = []string{key}
		}
		for _, path := range paths {
			ps.add(Problem{Key: path, Got: "holds an encrypted value", Want: "it would be decrypted into ConfigMaps and previews;" +
				" a secret belongs under secrets.<NAME>, and its name into services.<name>.secrets",
				Fix: fmt.Sprintf("%s && pulumi config set -s %s --secret --path '%s.<NAME>'", ps.remove(path), ps.stack, keySecrets)})
		}
	}
}

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
