package config

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"todo/spec"
)

// reference is ${name}; $${ is a literal ${.
var reference = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// references lists the names that a text refers to.
func references(text string) []string {
	var names []string
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(match[0], "$$") {
			names = append(names, match[1])
		}
	}
	return names
}

// serviceReference reads services.<name>.<field>.
func serviceReference(ref string) (name, field string, ok bool) {
	rest, ok := strings.CutPrefix(ref, keyServices+".")
	i := strings.LastIndex(rest, ".")
	if !ok || i < 1 {
		return "", "", false
	}
	return rest[:i], rest[i+1:], true
}

var serviceFields = []string{"url", "host", "port", "publicUrl"}

// Environment returns the plain variables of a service with every reference resolved. A variable without a value is left
// out: an empty one would look set.
func (c *Config) Environment(s Service) map[string]string { return c.resolved(s.computed, s.Env) }

// OwnEnvironment returns only what the stack itself says about a service's variables.
func (c *Config) OwnEnvironment(s Service) map[string]string { return c.resolved(s.Env) }

func (c *Config) resolved(some ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, variables := range some {
		for name, text := range variables {
			all[name] = reference.ReplaceAllStringFunc(text, func(match string) string {
				if strings.HasPrefix(match, "$$") {
					return match[1:]
				}
				return c.resolve(match[2 : len(match)-1])
			})
		}
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// resolve returns the value of a reference; "" when it names nothing that there is.
func (c *Config) resolve(ref string) string {
	if name, field, ok := serviceReference(ref); ok {
		return c.serviceValue(c.Service(name), field)
	}
	values := map[string]func() string{
		"namespace":           func() string { return c.Namespace },
		"stack":               func() string { return c.Stack },
		"environment":         c.Stage,
		"origins":             c.Origins,
		"cookieDomain":        c.CookieDomain,
		"logLevel":            func() string { return c.LogLevel },
		"openaiBaseUrl":       func() string { return c.OpenAIBaseURL },
		"migrateOnStart":      c.migrateOnStart,
		"metricsPort":         c.metricsPortText,
		useDatabase + ".host": func() string { return c.Database.Host },
		useDatabase + ".port": func() string { return strconv.Itoa(c.Database.Port) },
		useDatabase + ".name": func() string { return c.Database.Name },
		useDatabase + ".user": func() string { return c.Database.User },
	}
	if value, known := values[ref]; known {
		return value()
	}
	return ""
}

// userReferences are those that `env` may hold, besides those of services.
var userReferences = []string{"namespace", "stack", "environment", "origins",
	useDatabase + ".host", useDatabase + ".port", useDatabase + ".name", useDatabase + ".user"}

func (c *Config) serviceValue(s Service, field string) string {
	if !s.Enabled {
		return ""
	}
	switch field {
	case "url":
		return s.ClusterURL()
	case "host":
		return s.Name
	case "port":
		return strconv.Itoa(s.Port)
	case "publicUrl":
		return c.PublicURL(s)
	}
	return ""
}

// migrateOnStart switches the backend's own migration off where the Job runs it.
func (c *Config) migrateOnStart() string {
	if !c.Migration.Enabled {
		return ""
	}
	return "false"
}

// MetricsPort is where a service serves metrics; 0 when nobody scrapes it.
func (c *Config) MetricsPort(s Service) int {
	if c.Observability.Metrics == NoMetrics || s.Name != BackendName {
		return 0
	}
	return MetricsPort
}

func (c *Config) metricsPortText() string {
	if port := c.MetricsPort(c.Service(BackendName)); port != 0 {
		return strconv.Itoa(port)
	}
	return ""
}

// validateReferences rejects what would resolve to nothing.
func (c *Config) validateReferences(s Service, key string, ps *problems) {
	for _, variable := range sortedKeys(s.Env) {
		path := join(key+".env", variable)
		for _, ref := range references(s.Env[variable]) {
			if got, want := c.badReference(ref); got != "" {
				ps.add(Problem{Key: path, Got: "${" + ref + "}: " + got, Want: want + "; $${ is a literal ${", Fix: ps.remove(path)})
			}
		}
	}
}

func (c *Config) badReference(ref string) (got, want string) {
	name, field, ok := serviceReference(ref)
	if !ok {
		if slices.Contains(userReferences, ref) {
			return "", ""
		}
		return "no such reference", suggestion(ref, append([]string{"services.<name>.url"}, userReferences...))
	}
	s := c.row(name)
	switch {
	case s == nil:
		return "no such service", suggestion(name, c.names())
	case !s.Enabled:
		return "the service is not enabled", "name one that is"
	case !slices.Contains(serviceFields, field):
		return "no such field", suggestion(field, serviceFields)
	case field == "publicUrl" && !s.Public.Enabled:
		return "the service is not public", "set services." + name + ".public, or use .url"
	case s.Port == 0:
		return "the service serves no port", "set services." + name + ".port"
	}
	return "", ""
}

// Database names in the URL: what a reference may show of it. The password is not among them.
func (d *DatabaseConfig) describe(plain string) {
	d.Host, d.Name, d.User = DatabaseService, spec.DatabaseName, spec.DatabaseUser
	u, err := url.Parse(plain)
	if plain == "" || err != nil {
		return
	}
	d.Host, d.Name, d.User = u.Hostname(), strings.Trim(u.Path, "/"), u.User.Username()
}

// credentials reports whether a text is a URL that holds a password.
func credentials(text string) bool {
	if !strings.Contains(text, "://") {
		return false
	}
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	_, set := u.User.Password()
	return set
}

func (c *Config) validateConfigFiles(s Service, key string, ps *problems) {
	for _, file := range sortedKeys(s.ConfigFiles) {
		path := join(key+".configFiles", file)
		if !strings.HasPrefix(file, "/") || strings.Contains(file, "..") || strings.HasSuffix(file, "/") {
			ps.add(Problem{Key: path, Got: quoted(file), Want: "allowed: an absolute path of a file", Fix: ps.remove(path)})
		}
	}
	for _, folder := range sortedKeys(s.Writable) {
		path := join(key+".writable", folder)
		if !strings.HasPrefix(folder, "/") || strings.Contains(folder, "..") || folder == "/" || folder == "/tmp" {
			ps.add(Problem{Key: path, Got: quoted(folder), Want: "allowed: an absolute path of a folder other than / and /tmp", Fix: ps.remove(path)})
		} else if size, ok := spec.Amount(s.Writable[folder]); !ok || size < 1 {
			ps.refuse(path, fmt.Sprintf("%q", s.Writable[folder]), "allowed: a quantity such as 256Mi", "256Mi")
		}
	}
}
