package doctor

import (
	"regexp"
	"strings"
)

// The commands that the doctor prints name their cluster: the kubeconfig's current context may be another one.

// cluster is a kubectl command for objects that are in no namespace.
func (t Target) cluster(rest string) string {
	command := "kubectl"
	if t.Kubeconfig != "" {
		command += " --kubeconfig " + quoted(t.Kubeconfig)
	}
	if t.Context != "" {
		command += " --context " + quoted(t.Context)
	}
	return command + " " + rest
}

func (t Target) kubectl(rest string) string { return t.cluster("-n " + t.Namespace + " " + rest) }

var plain = regexp.MustCompile(`^[A-Za-z0-9_./:@%+=,-]+$`)

// quoted is a word for a shell.
func quoted(word string) string {
	if plain.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
