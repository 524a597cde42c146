package target

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kubeconfig is context names and where they lead. It holds no credentials.
type Kubeconfig struct {
	Current  string
	Contexts map[string]Endpoint
}

// Endpoint is the API server of a context.
type Endpoint struct {
	Server   string
	cluster  string // name of its entry under clusters
	minikube bool   // Minikube marks the clusters that it writes
}

// ParseKubeconfig reads the public file format: names and servers only.
func ParseKubeconfig(text []byte) (Kubeconfig, error) {
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
		return Kubeconfig{}, errors.New("it is not YAML of a kubeconfig's shape")
	}
	clusters := map[string]Endpoint{}
	for _, c := range file.Clusters {
		e := Endpoint{Server: c.Cluster.Server, cluster: c.Name}
		for _, x := range c.Cluster.Extensions {
			e.minikube = e.minikube || x.Extension.Provider == "minikube.sigs.k8s.io"
		}
		clusters[c.Name] = e
	}
	k := Kubeconfig{Current: file.CurrentContext, Contexts: map[string]Endpoint{}}
	for _, c := range file.Contexts {
		e, known := clusters[c.Context.Cluster]
		if !known {
			return Kubeconfig{}, fmt.Errorf("context %q names a cluster that it does not define", c.Name)
		}
		k.Contexts[c.Name] = e
	}
	return k, nil
}

// ReadKubeconfig merges files as kubectl does: the first definition of a name wins, and a missing file is skipped.
// read are the files that exist.
func ReadKubeconfig(m Machine, files ...string) (k Kubeconfig, read []string, err error) {
	k.Contexts = map[string]Endpoint{}
	for _, file := range files {
		text, err := m.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		var one Kubeconfig
		if err == nil {
			one, err = ParseKubeconfig(text)
		}
		if err != nil {
			return k, read, fmt.Errorf("%s cannot be used: %w", file, err)
		}
		for name, e := range one.Contexts {
			if _, taken := k.Contexts[name]; !taken {
				k.Contexts[name] = e
			}
		}
		if k.Current == "" {
			k.Current = one.Current
		}
		read = append(read, file)
	}
	return k, read, nil
}

// Names are the contexts in alphabetical order, for a message.
func (k Kubeconfig) Names() string { return strings.Join(slices.Sorted(maps.Keys(k.Contexts)), ", ") }

// Place says how near a cluster is.
type Place int

const (
	Remote  Place = iota
	Private       // a private address: a virtual machine of this machine, or a cloud's private endpoint
	Local         // this machine, as far as its name and address show
)

// Place judges by the context and the server's address. No name is looked up: that would need a network.
func (e Endpoint) Place(context string) Place {
	if tool, _ := e.Tool(context); tool != "" {
		return Local
	}
	return e.nearness()
}

func (e Endpoint) nearness() Place {
	u, err := url.Parse(e.Server)
	if err != nil {
		return Remote
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	switch {
	case host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".docker.internal"),
		ip.IsLoopback(), ip.IsUnspecified(): // k3d writes 0.0.0.0
		return Local
	case ip.IsPrivate() || ip.IsLinkLocalUnicast() || strings.HasSuffix(host, ".local"):
		return Private
	}
	return Remote
}

// Network is the /24 around the address of the API server, "" when that is not a private IPv4 address. Every driver of
// Minikube puts the machine that it runs on into this network, and pods never.
func (e Endpoint) Network() string {
	address, err := netip.ParseAddr(e.Address())
	if err != nil {
		return ""
	}
	return netip.PrefixFrom(address, 24).Masked().String()
}

// Address is the API server's when that is a private IPv4 address, else "". A server on loopback is a tunnel into the
// node, through which no other port is reached.
func (e Endpoint) Address() string {
	u, err := url.Parse(e.Server)
	if err != nil {
		return ""
	}
	address, err := netip.ParseAddr(u.Hostname())
	if err != nil || !address.Is4() || !address.IsPrivate() {
		return ""
	}
	return address.String()
}

// dialAddress is host:port of the API server.
func (e Endpoint) dialAddress() string {
	u, err := url.Parse(e.Server)
	if err != nil {
		return ""
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}
