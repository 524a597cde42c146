package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Kube is the one cluster that the stack may change.
type Kube struct {
	Context string
	Path    string             // a kubeconfig file, as configured; "" is the machine's own ($KUBECONFIG or ~/.kube/config)
	Content pulumi.StringInput // a kubeconfig's text, secret; wins over Path
	Stack   string             // of Pulumi, whose output is the kubeconfig; "" is none
	Absent  bool               // a preview without any cluster
	// HostNetwork is the network that Minikube's node shares with the machine it runs on; "" for every other cluster.
	HostNetwork string

	nodeAddress string // of Minikube's node, as far as its API server's address tells
	explicit    bool   // the stack or `make up` named the context
	local       bool   // `make up` knows that the cluster is on this machine
	minikube    bool   // the context is a Minikube profile

	allowNonLocal, allowLocal bool
	inline                    string // Content, until it has been parsed
	pathGiven                 bool   // the stack names a kubeconfig file
}

// kube resolves which kubeconfig and which context. The machine's current context never matters: it changes
// under a program's feet (pulumi/pulumi-kubernetes#2357).
func (l *loader) kube(chosen cluster) Kube {
	k := Kube{
		Context:  l.text(keyKubeContext, chosen.Context),
		Path:     l.text(keyKubeconfigPath, chosen.Kubeconfig),
		Content:  l.secret(keyKubeconfig, nil),
		Stack:    l.text(keyKubeStack, ""),
		local:    chosen.Local,
		minikube: chosen.Kind == "minikube",

		allowNonLocal: l.boolean(keyAllowNonLocal, false),
		allowLocal:    l.boolean(keyAllowLocal, false),
	}
	if k.Content != nil {
		k.inline, _ = l.ctx.GetConfig(project + ":" + keyKubeconfig)
	}
	k.explicit, k.pathGiven = k.Context != "", l.text(keyKubeconfigPath, "") != ""
	return k
}

// guard checks the context against the kubeconfig, and the cluster against the kind of stack, before a single
// resource is registered.
func (k *Kube) guard(c *Config, m machine, ps *problems) {
	found, origin, ok := k.read(c, m, ps)
	inline := k.inline
	k.inline = "" // a kubeconfig holds credentials: keep the text no longer than needed
	if !ok {
		k.Absent = true
		return
	}
	if inline != "" && !k.explicit {
		// The text is part of the stack, so its current context is the stack's own choice.
		k.Context, k.explicit = found.current, true
	}
	if !k.explicit && c.Production {
		ps.add(Problem{Key: keyKubeContext, Got: "not set", Want: "production never guesses its cluster; known: " + found.names(),
			Fix: ps.set(keyKubeContext, "<context>"), Later: true})
		k.Absent = true
		return
	}
	k.Context = or(k.Context, defaultContext)
	target, known := found.contexts[k.Context]
	if !known {
		ps.refuse(keyKubeContext, fmt.Sprintf("%q is not in %s", k.Context, origin), "known: "+found.names(), found.suggest(k.Context))
		return
	}
	// Minikube marks what it writes; the name alone counts too, for kubeconfigs that were rewritten by a tool.
	k.minikube = k.minikube || target.minikube || k.Context == defaultContext
	if k.minikube {
		k.HostNetwork, k.nodeAddress = target.network(), target.address()
	}
	k.judge(c, target, ps)
}

// judge compares where the cluster is with what the stack is for.
func (k *Kube) judge(c *Config, target endpoint, ps *problems) {
	where := target.place(k.Context)
	if k.local {
		where = local
	}
	switch {
	case !c.Production && where == remote && !k.allowNonLocal:
		ps.add(Problem{Key: keyKubeContext, Got: fmt.Sprintf("%q is at %s, which does not look local", k.Context, target.server),
			Want: "a development stack changes local clusters only", Fix: ps.set(keyAllowNonLocal, "true")})
	case c.Production && where == local && !k.allowLocal:
		ps.add(Problem{Key: keyKubeContext, Got: fmt.Sprintf("%q is at %s, a cluster of this machine", k.Context, target.server),
			Want: "production does not belong there", Fix: ps.set(keyKubeContext, "<context>") + ", or " + ps.set(keyAllowLocal, "true")})
	}
}

// read parses the kubeconfig. ok is false when there is none, or none that can be read.
func (k *Kube) read(c *Config, m machine, ps *problems) (found kubeconfig, origin string, ok bool) {
	if k.inline != "" {
		found, err := parseKubeconfig([]byte(k.inline))
		if err != nil {
			ps.refuse(keyKubeconfig, "cannot be parsed", "it must be the text of a kubeconfig", `"$(cat <file>)"`)
			return found, "", false
		}
		return found, "the kubeconfig of the stack", true
	}
	files := m.kubeconfigFiles()
	if k.Path != "" {
		// The provider gets the path as it is: an absolute one in the state would be looked for on every other machine, and end
		// its updates when it is not there (pulumi/pulumi-kubernetes#2663).
		files = []string{m.expand(c.Root, k.Path)}
	}
	var read []string
	for _, file := range files {
		text, err := m.readFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var one kubeconfig
		if err == nil {
			one, err = parseKubeconfig(text)
		}
		if err != nil {
			ps.refuse(keyKubeconfigPath, fmt.Sprintf("%s cannot be used: %v", file, err), "it must be a kubeconfig", "<file>")
			return found, "", false
		}
		found.merge(one)
		read = append(read, file)
	}
	if len(found.contexts) == 0 {
		ps.add(Problem{Key: keyKubeconfigPath, Got: "no kubeconfig in " + strings.Join(files, ", "), Want: "a cluster is needed to deploy to",
			Fix: "make up (it finds or starts one), or " + ps.set(keyKubeconfigPath, "<file>"), Later: true})
		return found, "", false
	}
	return found, strings.Join(read, ", "), true
}

func (k kubeconfig) names() string {
	return strings.Join(slices.Sorted(maps.Keys(k.contexts)), ", ")
}

// suggest is the context that the fix should name.
func (k kubeconfig) suggest(wanted string) string {
	names := slices.Sorted(maps.Keys(k.contexts))
	if guess := closest(wanted, names); guess != "" {
		return guess
	}
	if len(names) == 1 {
		return names[0]
	}
	return "<context>"
}

// expand makes a path absolute just as the provider's plugin does: it runs in the project's folder, and takes ~ from the user
// database, whatever $HOME is.
func (m machine) expand(root, path string) string {
	if rest, home := strings.CutPrefix(path, "~/"); home {
		return filepath.Join(m.account, rest)
	}
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(root, path)
}
