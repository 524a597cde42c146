package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"
)

// kubeconfig is what the guard needs of one: context names and where they lead. No credentials.
type kubeconfig struct {
	current  string
	contexts map[string]endpoint
}

// endpoint is the API server of a context.
type endpoint struct {
	server   string
	minikube bool // Minikube marks the clusters it writes
}

// parseKubeconfig reads the public file format; names and servers only.
func parseKubeconfig(text []byte) (kubeconfig, error) {
	var file struct {
		CurrentContext string `yaml:"current-context"`
		Clusters       []struct {
			Name    string `yaml:"name"`
			Cluster struct {
				Server     string `yaml:"server"`
				Extensions []struct {
					Extension struct {
						Provider string `yaml:"provider"`
					} `yaml:"extension"`
				} `yaml:"extensions"`
			} `yaml:"cluster"`
		} `yaml:"clusters"`
		Contexts []struct {
			Name    string `yaml:"name"`
			Context struct {
				Cluster string `yaml:"cluster"`
			} `yaml:"context"`
		} `yaml:"contexts"`
	}
	// The parser's own message may quote a line of the file, and a line may be a key.
	if err := yaml.Unmarshal(text, &file); err != nil {
		return kubeconfig{}, errors.New("it is not YAML of a kubeconfig's shape")
	}
	clusters := map[string]endpoint{}
	for _, c := range file.Clusters {
		e := endpoint{server: c.Cluster.Server}
		for _, x := range c.Cluster.Extensions {
			e.minikube = e.minikube || x.Extension.Provider == "minikube.sigs.k8s.io"
		}
		clusters[c.Name] = e
	}
	k := kubeconfig{current: file.CurrentContext, contexts: map[string]endpoint{}}
	for _, c := range file.Contexts {
		e, known := clusters[c.Context.Cluster]
		if !known {
			return kubeconfig{}, fmt.Errorf("context %q names a cluster that it does not define", c.Name)
		}
		k.contexts[c.Name] = e
	}
	return k, nil
}

// merge adds another file of $KUBECONFIG's list; as in kubectl, the first definition wins.
func (k *kubeconfig) merge(other kubeconfig) {
	if k.contexts == nil {
		k.contexts = map[string]endpoint{}
	}
	for name, e := range other.contexts {
		if _, taken := k.contexts[name]; !taken {
			k.contexts[name] = e
		}
	}
}

type place int

const (
	remote  place = iota
	private       // a private address: a laptop's VM, or a cloud's private endpoint
	local         // this machine, as far as its name or address tells
)

// wellKnown are the context names that local distributions write; a trailing dash stands for any suffix.
var wellKnown = []string{
	"minikube", "todo-lab", "docker-desktop", "rancher-desktop", "orbstack", "colima", "microk8s", "kind-", "k3d-", "colima-",
}

// place judges by the context's name and the server's address. No name is looked up: that would need a network.
func (e endpoint) place(context string) place {
	if e.minikube {
		return local
	}
	for _, name := range wellKnown {
		if context == name || (strings.HasSuffix(name, "-") && strings.HasPrefix(context, name)) {
			return local
		}
	}
	u, err := url.Parse(e.server)
	if err != nil {
		return remote
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".docker.internal") || ip.IsLoopback():
		return local
	case ip.IsPrivate() || ip.IsLinkLocalUnicast() || strings.HasSuffix(host, ".local"):
		return private
	}
	return remote
}
