package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// pulumiEnv is this process's environment with what the stack needs added.
func (o *Ops) pulumiEnv() []string {
	vars, unset := o.exports()
	env := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return slices.Contains(unset, name)
	})
	for _, v := range vars {
		env = append(env, v[0]+"="+v[1])
	}
	return env
}

// exports are the variables in which `pulumi` and `kubectl` act on this stack and cluster, in printing order, and those
// that would lead them elsewhere. The state backend and the passphrase are those that the stack was made with.
func (o *Ops) exports() (vars [][2]string, unset []string) {
	vars = [][2]string{
		{"PATH", o.searchPath()},
		{"PULUMI_STACK", o.Stack}, // so that no command needs -s
		{"PULUMI_SKIP_UPDATE_CHECK", "true"},
		// The encryption salt is taken from the stack's state when the config file has none.
		{"PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER", "true"},
	}
	if h, err := o.home(); err == nil { // onStack and PrintEnv report the error
		// The variable, the project and the login may hold credentials that the record has not.
		if c, err := o.choices(); err != nil || redactedURL(c.pulumis()) != h.backend {
			vars = append(vars, [2]string{"PULUMI_BACKEND_URL", o.backendURL(h)})
		}
		_, given, passphraseErr := o.environmentPassphrase()
		if h.passphrase == passphraseOwn || h.passphrase == "" && !given && passphraseErr == nil {
			vars = append(vars, [2]string{"PULUMI_CONFIG_PASSPHRASE_FILE", o.state("passphrase")})
			unset = append(unset, "PULUMI_CONFIG_PASSPHRASE") // Pulumi would prefer it, also an empty one
		}
	}
	if cluster, err := o.Cluster(); err == nil && cluster.Kubeconfig != "" {
		vars = append(vars, [2]string{"KUBECONFIG", o.kubeconfig(cluster)})
	}
	// The Makefile's: with other flags a plain `pulumi up` would compile the program's libraries again.
	if flags := os.Getenv("GOFLAGS"); flags != "" {
		vars = append(vars, [2]string{"GOFLAGS", flags})
	}
	return vars, unset
}

// PrintEnv prints the exports for a shell: eval "$(make env)". It prepares the stack, because what follows may be
// `pulumi config set` before the first `make up`. It needs no cluster, and kubectl only when there is one.
func (o *Ops) PrintEnv(ctx context.Context) error {
	if err := errors.Join(o.findPulumi(ctx), o.addKnownTool(ctx, "kubectl")); err != nil {
		if o.tools.Pulumi = o.look("pulumi"); o.tools.Pulumi == "" {
			return err
		}
		fmt.Fprintln(os.Stderr, err) // `pulumi config set` needs no plugin
	}
	if _, err := o.Cluster(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	fmt.Print(o.shell())
	return nil
}

// shell is what a shell has to read so that `pulumi` and `kubectl` act on this stack and cluster.
func (o *Ops) shell() string {
	var lines strings.Builder
	vars, unset := o.exports()
	for _, name := range unset {
		fmt.Fprintf(&lines, "unset %s\n", name)
	}
	for _, v := range vars {
		fmt.Fprintf(&lines, "export %s=%s\n", v[0], shellQuoted(v[1]))
	}
	// The lab's kubeconfig has one context. Any other may have many, and its current one is not this stack's business.
	if cluster, err := o.Cluster(); err == nil && cluster.Kind != "lab" {
		fmt.Fprintf(&lines, "kubectl() { command kubectl --context %s \"$@\"; }\n", shellQuoted(cluster.Context))
	}
	return lines.String()
}

func shellQuoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
