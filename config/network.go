package config

import (
	"net/netip"
	"net/url"
	"strconv"

	"todo/spec"
)

const (
	httpPort  = 80
	httpsPort = 443
	maxPort   = 65535
)

// OpenAI is where the backend's chat connects to: OpenAI itself, or the API that OPENAI_BASE_URL names. A host's name
// says nothing about its address, which may well be private; only an address in the URL narrows it.
//
// A policy sees the port of the pod behind a Service, not the Service's own: an API inside the cluster whose two ports
// differ has to be named by the pod's, through a headless Service.
func (c *Config) OpenAI() spec.Destination {
	u, err := url.Parse(c.OpenAIBaseURL)
	if err != nil || u.Host == "" { // not set: validate lets no other value through
		return spec.Destination{Port: httpsPort, PublicOnly: true}
	}
	return destinationOf(u)
}

// destinationOf is an http or https URL's.
func destinationOf(u *url.URL) spec.Destination {
	d := spec.Destination{Port: portOf(u, httpsPort)}
	if u.Scheme == "http" {
		d.Port = portOf(u, httpPort)
	}
	if address, err := netip.ParseAddr(u.Hostname()); err == nil {
		address = address.Unmap().WithZone("")
		d.CIDR = netip.PrefixFrom(address, address.BitLen()).String()
	}
	return d
}

// databasePort is that of a URL, or otherwise when the key is not set. The port is all that is kept of the plain text.
func (l *loader) databasePort(key string, otherwise int) int {
	plain := l.in.Values[key].Text
	u, err := url.Parse(plain)
	if plain == "" || err != nil {
		return otherwise // checkDatabaseURL has refused it
	}
	return portOf(u, DatabasePort)
}

// portOf is a URL's port; 0, which nobody listens on, when it is out of range.
func portOf(u *url.URL, otherwise int) int {
	if u.Port() == "" {
		return otherwise
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil || port > maxPort {
		return 0
	}
	return port
}
