package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"todo/spec"
)

// buildProxies takes the proxies from the environment, each in both spellings: programs differ in which they read. One
// that must not or cannot be used by a build is left out with a warning, because the build may do without.
func buildProxies(getenv func(string) string) (args map[string]string, warnings []string) {
	args = map[string]string{}
	for name, other := range pairs(spec.ProxyArgs) {
		value := cmp.Or(getenv(name), getenv(other))
		if value == "" || name == "NO_PROXY" && len(args) == 0 {
			continue
		}
		if name != "NO_PROXY" {
			if problem := proxyProblem(value); problem != "" {
				warnings = append(warnings, fmt.Sprintf("%s %s: image builds get no %[1]s; "+
					"if they need one, run the command with %[1]s=http://<host>:<port>", name, problem))
				continue
			}
		}
		args[name], args[other] = value, value
	}
	return args, warnings
}

// pairs yields a list two by two.
func pairs(list []string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for pair := range slices.Chunk(list, 2) {
			if !yield(pair[0], pair[1]) {
				return
			}
		}
	}
}

// proxyProblem says why a build cannot use a proxy. It never repeats the value, which may hold a password.
func proxyProblem(proxy string) string {
	if strings.Contains(proxy, "@") {
		return "holds a user or a password, which would be kept in Pulumi's state as text"
	}
	if !strings.Contains(proxy, "://") {
		proxy = "http://" + proxy
	}
	address, err := url.Parse(proxy)
	if err != nil || address.Hostname() == "" {
		return "is no URL"
	}
	if ip := net.ParseIP(address.Hostname()); address.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return "is an address that only this machine reaches, and a build runs in a network of its own"
	}
	return ""
}
