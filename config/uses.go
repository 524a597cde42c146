package config

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"todo/spec"
)

// What `uses` may name besides services.
const (
	useDatabase = "database"
	useOpenAI   = "openai"
	useInternet = "internet"
)

// Connections are what one service talks to.
type Connections struct {
	Services []string // of the application
	Database bool
	Outside  []spec.Destination // outside of the namespace
}

// Connections returns what a service may talk to: what it uses, and what its variables and secrets imply.
func (c *Config) Connections(s Service) Connections {
	var all Connections
	for _, name := range c.implied(s) {
		switch found, ok := c.destination(name); {
		case name == useDatabase:
			all.Database = true
		case c.Service(name).Enabled:
			all.Services = append(all.Services, name)
		case ok:
			all.Outside = append(all.Outside, found...)
		}
	}
	all.Outside = append(all.Outside, s.Egress...)
	return all
}

// implied adds to `uses` the services that a reference in a variable names, and the database of its secrets.
func (c *Config) implied(s Service) []string {
	names := slices.Clone(s.Uses)
	for _, text := range s.Env {
		for _, ref := range references(text) {
			if name, field, ok := serviceReference(ref); ok && field != "publicUrl" && name != s.Name {
				names = append(names, name)
			} else if strings.HasPrefix(ref, useDatabase+".") {
				names = append(names, useDatabase)
			}
		}
	}
	if slices.Contains(s.Secrets, keyDatabaseURL) {
		names = append(names, useDatabase)
	}
	return union(nil, names)
}

// destination reads what `uses` says about the world outside of the namespace.
func (c *Config) destination(text string) (to []spec.Destination, ok bool) {
	switch {
	case text == useOpenAI:
		return []spec.Destination{c.OpenAI()}, true
	case text == useInternet:
		return []spec.Destination{{Port: httpsPort, PublicOnly: true}, {Port: httpPort, PublicOnly: true}}, true
	}
	host, portText, err := net.SplitHostPort(text)
	if err != nil {
		// A network's own colons and slash: 10.0.0.0/8:5432.
		if i := strings.LastIndex(text, ":"); i > 0 {
			host, portText = text[:i], text[i+1:]
		}
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 1 || port > maxPort {
		return nil, false
	}
	if host == useInternet {
		return []spec.Destination{{Port: port, PublicOnly: true}}, true
	}
	if network, err := netip.ParsePrefix(strings.Trim(host, "[]")); err == nil {
		return []spec.Destination{{Port: port, CIDR: network.Masked().String()}}, true
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return []spec.Destination{{Port: port, CIDR: netip.PrefixFrom(address, address.BitLen()).String()}}, true
	}
	if !hostName.MatchString(host) {
		return nil, false
	}
	return []spec.Destination{{Port: port}}, true // policies know no names
}

func (c *Config) validateUses(s Service, key string, ps *problems) {
	for i, name := range s.Uses {
		path := fmt.Sprintf("%s.uses[%d]", key, i)
		_, outside := c.destination(name)
		used := c.row(name)
		switch {
		case name == s.Name:
			ps.add(Problem{Key: path, Got: quoted(name), Want: "a service reaches itself on localhost", Fix: ps.remove(path)})
		case name == useDatabase, outside:
		case used == nil:
			known := append(c.names(), useDatabase, useOpenAI, useInternet)
			ps.add(Problem{Key: path, Got: quoted(name), Want: suggestion(name, known) + " (or <host>:<port>)", Fix: ps.remove(path)})
		case used.Port == 0 && used.Enabled:
			ps.add(Problem{Key: path, Got: quoted(name), Want: "it serves no port; give it one, or remove this line",
				Fix: ps.set(join(keyServices, name)+".port", "8080")})
		}
	}
}

// RolloutOrder returns the services that are enabled, each after those that it uses. Services that use each other keep the
// order of Services.
func (c *Config) RolloutOrder() []Service {
	var order []Service
	visited := map[string]bool{}
	var visit func(s Service)
	visit = func(s Service) {
		if visited[s.Name] {
			return
		}
		visited[s.Name] = true
		for _, name := range c.Connections(s).Services {
			visit(c.Service(name))
		}
		order = append(order, s)
	}
	for _, s := range c.Services() {
		visit(s)
	}
	return order
}
