package config

import (
	"regexp"
	"slices"
	"strings"
)

// RegistryLogin are the credentials of Images.Registry, for pushing and for the pods' pulling.
type RegistryLogin struct {
	Username string
	Password Secret
}

// dnsSubdomain is what Kubernetes asks of most objects' names.
var dnsSubdomain = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)

// registryLogin is nil when neither half of it is set.
func (l *loader) registryLogin() *RegistryLogin {
	login := RegistryLogin{Username: l.text(keyRegistryUsername, ""), Password: l.secret(keyRegistryPassword, checkRegistryPassword)}
	switch {
	case login.Username == "" && login.Password == "":
		return nil
	case login.Username == "":
		l.ps.refuse(keyRegistryUsername, "not set", "registryPassword needs it", "<user>")
	case login.Password == "" && !l.ps.has(keyRegistryPassword):
		l.ps.refuse(keyRegistryPassword, "not set", "registryUsername needs it", "")
	case strings.ContainsRune(login.Username, ':'):
		l.ps.refuse(keyRegistryUsername, quoted(login.Username), "a colon would begin the password", "<user>")
	}
	return &login
}

func checkRegistryPassword(plain string) (got, want, good string) {
	if strings.TrimSpace(plain) != plain {
		got = "begins or ends with white space"
	} else {
		got = placeholder(plain)
	}
	return got, "it must be a password or token of registryUsername", ""
}

func (c *Config) validateRegistryLogin(ps *problems) {
	if c.Images.Login != nil && c.Images.Registry == "" {
		ps.refuse(keyRegistry, "not set", "registryUsername and registryPassword are for one", "registry.your-company.com")
	}
	for i, name := range c.Images.PullSecrets {
		switch {
		case !dnsSubdomain.MatchString(name) || len(name) > 253:
			ps.refuse(keyPullSecrets, quoted(name), "allowed: names of Secrets in the namespace, of type kubernetes.io/dockerconfigjson", `--path 'imagePullSecrets[0]' <name>`)
		case slices.Contains(c.Images.PullSecrets[:i], name):
			ps.add(Problem{Key: keyPullSecrets, Got: quoted(name) + " twice", Want: "each name once", Fix: ps.remove(keyPullSecrets)})
		}
	}
}

// RegistryHost is the registry without the path below it.
func (i Images) RegistryHost() string {
	host, _, _ := strings.Cut(i.Registry, "/")
	return host
}
