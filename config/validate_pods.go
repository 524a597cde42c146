package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"todo/spec"
)

var (
	envName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// leadsNowhere reports whether a computed variable names a service that is not enabled. Then the service is somewhere else, and
// only the user knows where.
func (c *Config) leadsNowhere(text string) bool {
	for _, ref := range references(text) {
		if name, _, ok := serviceReference(ref); ok && !c.Service(name).Enabled {
			return true
		}
	}
	return false
}

func (c *Config) validateEnv(s Service, key string, ps *problems) {
	for _, name := range slices.Sorted(maps.Keys(s.Env)) {
		path := join(key+".env", name)
		switch {
		case !envName.MatchString(name):
			ps.add(Problem{Key: path, Got: "not an environment variable's name", Want: "allowed: letters, digits and _", Fix: ps.remove(path)})
		case name == AllowedOrigins: // a client on another domain is a reason to add to it
		case slices.Contains(s.Secrets, name):
			ps.add(Problem{Key: path, Got: "already a secret that the service reads", Want: "it has one value", Fix: ps.remove(path)})
		case name == "OTEL_EXPORTER_OTLP_ENDPOINT":
			ps.add(Problem{Key: path, Got: "already computed", Want: "it is observability.otlpEndpoint", Fix: ps.remove(path)})
		case strings.HasPrefix(name, publicPrefix) && s.knownBuild() && s.Built() && s.computed[name] == "" && s.Name != BackendName:
			ps.add(Problem{Key: path, Got: "set", Want: "Next.js writes it into the browser's code when it builds, and this service's Dockerfile does not take it; the preset does",
				Fix: ps.set(key+".build.preset", "nextjs")})
		case s.computed[name] != "" && !c.leadsNowhere(s.computed[name]):
			ps.add(Problem{Key: path, Got: "already computed", Want: "it comes from the topology or has a key of its own", Fix: ps.remove(path)})
		}
	}
	for _, origin := range strings.Split(s.Env[AllowedOrigins], ",") {
		if origin = strings.TrimSpace(origin); origin == "" || strings.Contains(origin, "*") {
			continue // the wildcard is for validateProduction to judge
		}
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			ps.refuse(key+".env."+AllowedOrigins, quoted(origin), "browsers send scheme://host[:port] and nothing more, so it would match none",
				"https://todo.your-company.com")
		}
	}
}

func (s Service) validateResources(key string, ps *problems) {
	r := s.Resources
	for _, q := range []struct{ name, request, limit string }{
		{"cpu", r.Requests.CPU, r.Limits.CPU},
		{"memory", r.Requests.Memory, r.Limits.Memory},
		{"ephemeralStorage", r.Requests.EphemeralStorage, r.Limits.EphemeralStorage},
	} {
		request, okRequest := spec.Amount(q.request)
		limit, okLimit := spec.Amount(q.limit)
		if !okRequest {
			ps.refuse(key+".resources.requests."+q.name, quoted(q.request), "allowed: a Kubernetes quantity", "250m")
		}
		if !okLimit {
			ps.refuse(key+".resources.limits."+q.name, quoted(q.limit), "allowed: a Kubernetes quantity", "500m")
		}
		if okLimit && limit == 0 {
			ps.refuse(key+".resources.limits."+q.name, q.limit, "nothing runs within it", "500m")
		}
		if okRequest && okLimit && request > limit {
			ps.refuse(key+".resources.requests."+q.name, q.request, fmt.Sprintf("it must not exceed the limit, %s", q.limit), q.limit)
		}
	}
}
