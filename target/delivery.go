package target

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Delivery is how a built image reaches the nodes of a cluster: from a registry, or because the nodes run the images of
// the Engine that builds, or because it is loaded into them.
type Delivery struct {
	Registry string // where images are pushed, host[:port][/path]; "" is no push
	Engine   Engine
	Loader   *Loader // nil: nothing has to be loaded
}

// NoDelivery is a cluster that takes images from a registry only.
type NoDelivery struct {
	Why      string // about the cluster
	Registry string // one that it has or can have; "" when only the user knows one
	Before   string // the command that makes that registry; "" when it exists
}

func (e *NoDelivery) Error() string { return e.Why }

// Deliver finds the way into a cluster. What the stack's configuration names comes in as given and stays: a registry
// wins over everything, an Engine over the one that would be found.
func Deliver(ctx context.Context, m Machine, tool Tool, cluster string, given Delivery) (Delivery, error) {
	d := given
	engine := func() Engine {
		if given.Engine.Host != "" {
			return given.Engine
		}
		return EngineFor(ctx, m, tool, cluster)
	}
	if given.Registry != "" {
		d.Engine = engine()
		return d, nil
	}
	switch tool {
	case Minikube:
		if given.Engine.Host != "" {
			return d, nil // a user who names an Engine means the profile's own
		}
		profile, err := minikubeProfile(ctx, m, cluster)
		if err == nil && profile.sharesEngine() {
			d.Engine, err = minikubeEngine(ctx, m, cluster)
			return d, err
		} else if err != nil {
			return d, err
		}
		d.Engine = engine()
		d.Loader = &Loader{tool: tool, cluster: cluster, engine: d.Engine, m: m}
	case Kind, K3d:
		d.Engine = engine()
		d.Loader = &Loader{tool: tool, cluster: cluster, engine: d.Engine, m: m}
	case DockerDesktop, OrbStack, RancherDesktop, Colima:
		d.Engine = engine()
	case MicroK8s:
		return d, &NoDelivery{Why: "it takes images from a registry", Registry: "localhost:32000",
			Before: "microk8s enable registry"}
	case Lab:
		return d, &NoDelivery{Why: "it takes images from its registry", Registry: "localhost:5000"}
	default:
		return d, &NoDelivery{Why: "its nodes would not find images that are only in this machine's Docker Engine"}
	}
	return d, nil
}

// Loader copies images from the Engine that built them into the nodes of one cluster.
type Loader struct {
	tool    Tool
	cluster string
	engine  Engine
	m       Machine

	one sync.Mutex // each load keeps the disk busy, and the tools share temporary files
}

// Prefix is the host part that a loaded image's name needs. A node that lacks the image asks localhost for it and never
// a public registry, where anybody could have put an image of that name.
const Prefix = "localhost/"

// Load makes sure that every node has the image.
func (l *Loader) Load(ctx context.Context, image string) error {
	l.one.Lock()
	defer l.one.Unlock()
	nodes, err := l.nodes(ctx)
	if err == nil && l.has(ctx, nodes, image) {
		return nil
	}
	command := map[Tool][]string{
		Kind:     {"kind", "load", "docker-image", "--name", l.cluster, image},
		K3d:      {"k3d", "image", "import", "--cluster", l.cluster, image},
		Minikube: {"minikube", "-p", l.cluster, "image", "load", "--daemon", image},
	}[l.tool]
	if _, err := l.run(ctx, command...); err != nil {
		return fmt.Errorf("loading %s into %s %s: %s: %w", image, l.tool.Title(), l.cluster, strings.Join(command, " "), err)
	}
	return nil
}

func (l *Loader) run(ctx context.Context, command ...string) (string, error) {
	// `env` adds variables on every system that is supported, and the whole command can be repeated in a shell.
	if env := l.engine.environment(); len(env) > 0 {
		command = slices.Concat([]string{"env"}, env, command)
	}
	out, err := l.m.Run(ctx, command[0], command[1:]...)
	return string(out), err
}

// nodes are the containers that are nodes; Minikube knows its own.
func (l *Loader) nodes(ctx context.Context) (nodes []string, err error) {
	switch l.tool {
	case Kind:
		out, err := l.run(ctx, "kind", "get", "nodes", "--name", l.cluster)
		return slices.DeleteFunc(strings.Fields(out), func(node string) bool {
			return strings.HasSuffix(node, "-external-load-balancer") // runs no pods
		}), err
	case K3d:
		out, err := l.run(ctx, "k3d", "cluster", "list", l.cluster, "-o", "json")
		if err != nil {
			return nil, err
		}
		list, err := parseK3d([]byte(out))
		for _, c := range list {
			for _, node := range c.Nodes {
				if node.Role == "server" || node.Role == "agent" {
					nodes = append(nodes, node.Name)
				}
			}
		}
		return nodes, err
	}
	return nil, nil
}

// has reports whether all nodes have the image. After a doubt the answer is no: loading again changes nothing.
func (l *Loader) has(ctx context.Context, nodes []string, image string) bool {
	if l.tool == Minikube {
		out, err := l.run(ctx, "minikube", "-p", l.cluster, "image", "ls")
		return err == nil && slices.Contains(strings.Fields(out), image)
	}
	for _, node := range nodes {
		out, err := l.run(ctx, "docker", "exec", node, "crictl", "images", "--quiet", image)
		if err != nil || strings.TrimSpace(out) == "" {
			return false
		}
	}
	return len(nodes) > 0
}
