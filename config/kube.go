package config

import (
	"context"
	"fmt"
	"strings"

	"todo/target"
)

// Kube is the one cluster that the stack may change.
type Kube struct {
	Context string
	Path    string // a kubeconfig file, as configured; "" is the machine's own ($KUBECONFIG or ~/.kube/config)
	Content Secret // a kubeconfig's text; wins over Path
	Stack   string // of Pulumi, whose output is the kubeconfig; "" is none
	Absent  bool   // a preview without any cluster
	// HostNetwork is the network that Minikube's node shares with the machine it runs on; "" for every other cluster.
	HostNetwork string

	nodeAddress string      // of Minikube's node, as far as its API server's address tells
	explicit    bool        // the stack or `make up` named the context
	local       bool        // `make up` knows that the cluster is on this machine
	minikube    bool        // `make up` knows that the context is a Minikube profile
	tool        target.Tool // that runs the cluster on this machine; "" is a cluster elsewhere
	cluster     string      // its name in that tool

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
	k.inline = string(k.Content)
	k.explicit, k.pathGiven = k.Context != "", l.text(keyKubeconfigPath, "") != ""
	return k
}

// guard checks the context against the kubeconfig, and the cluster against the kind of stack, before a single
// resource is registered.
func (k *Kube) guard(ctx context.Context, c *Config, m target.Machine, ps *problems) {
	found, origin, ok := k.read(c, m, ps)
	inline := k.inline
	k.inline = "" // a kubeconfig holds credentials: keep the text no longer than needed
	if !ok {
		k.Absent = true
		return
	}
	if inline != "" && !k.explicit {
		// The text is part of the stack, so its current context is the stack's own choice.
		k.Context, k.explicit = found.Current, true
	}
	if !k.explicit && c.Production {
		ps.add(Problem{Key: keyKubeContext, Got: "not set", Want: "production never guesses its cluster; known: " +
			found.Names(),
			Fix: ps.set(keyKubeContext, "<context>"), Later: true})
		k.Absent = true
		return
	}
	k.Context = or(k.Context, defaultContext)
	server, known := found.Contexts[k.Context]
	if !known {
		k.missing(ctx, m, found, origin, ps)
		return
	}
	if k.tool, k.cluster = server.Tool(k.Context); k.tool == "" && (k.minikube || k.Context == defaultContext) {
		// The name alone counts too, for kubeconfigs that were rewritten by a tool.
		k.tool, k.cluster = target.Minikube, k.Context
	}
	if k.tool == target.Minikube {
		k.HostNetwork, k.nodeAddress = server.Network(), server.Address()
	}
	k.judge(c, server, ps)
}

// missing refuses a context that the kubeconfig does not have. It never proposes another cluster: the first one of a
// kubeconfig may be anybody's.
func (k *Kube) missing(ctx context.Context, m target.Machine, found target.Kubeconfig, origin string, ps *problems) {
	p := Problem{Key: keyKubeContext, Got: fmt.Sprintf("%q is not in %s", k.Context, origin), Want: "known: " +
		found.Names(),
		Fix: ps.set(keyKubeContext, "<context>")}
	if !k.explicit { // nothing was chosen yet, so a preview can go on without a cluster
		p.Got, p.Later, k.Absent = "not set", true, true
		p.Fix = "make up (it finds or starts a local cluster), or " + p.Fix
	} else if why, starts := target.Missing(ctx, m, k.Context); why != "" {
		p.Want = why + "; " + p.Want
		if starts {
			p.Fix = "make up"
		}
	}
	ps.add(p)
}

// judge compares where the cluster is with what the stack is for.
func (k *Kube) judge(c *Config, server target.Endpoint, ps *problems) {
	where := server.Place(k.Context)
	if k.local {
		where = target.Local
	}
	switch {
	case !c.Production && where == target.Remote && !k.allowNonLocal:
		ps.add(Problem{Key: keyKubeContext, Got: fmt.Sprintf("%q is at %s, which does not look local", k.Context,
			server.Server),
			Want: "a development stack changes local clusters only", Fix: ps.set(keyAllowNonLocal, "true")})
	case c.Production && where == target.Local && !k.allowLocal:
		ps.add(Problem{Key: keyKubeContext, Got: fmt.Sprintf("%q is at %s, a cluster of this machine", k.Context,
			server.Server),
			Want: "production does not belong there", Fix: ps.set(keyKubeContext, "<context>") + ", or " +
				ps.set(keyAllowLocal, "true")})
	}
}

// read parses the kubeconfig. ok is false when there is none, or none that can be read.
func (k *Kube) read(c *Config, m target.Machine, ps *problems) (found target.Kubeconfig, origin string, ok bool) {
	if k.inline != "" {
		found, err := target.ParseKubeconfig([]byte(k.inline))
		if err != nil {
			ps.refuse(keyKubeconfig, "cannot be parsed", "it must be the text of a kubeconfig", `"$(cat <file>)"`)
			return found, "", false
		}
		return found, "the kubeconfig of the stack", true
	}
	files := m.KubeconfigFiles()
	if k.Path != "" {
		// The provider gets the path as it is: an absolute one in the state would be looked for on every other machine,
		// and end its updates when it is not there (pulumi/pulumi-kubernetes#2663).
		files = []string{m.Expand(c.Root, k.Path)}
	}
	found, read, err := target.ReadKubeconfig(m, files...)
	if err != nil {
		ps.refuse(keyKubeconfigPath, err.Error(), "it must be a kubeconfig", "<file>")
		return found, "", false
	}
	if len(found.Contexts) == 0 {
		ps.add(Problem{Key: keyKubeconfigPath, Got: "no kubeconfig in " + strings.Join(files, ", "),
			Want: "a cluster is needed to deploy to",
			Fix:  "make up (it finds or starts one), or " + ps.set(keyKubeconfigPath, "<file>"), Later: true})
		return found, "", false
	}
	return found, strings.Join(read, ", "), true
}
