package adopt

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var secretEndings = []string{"SECRET", "PASSWORD", "PASSWD", "TOKEN", "KEY", "DSN", "DATABASE_URL", "REDIS_URL",
	"BROKER_URL", "CREDENTIALS", "SECRET_ALSO"}

// isSecretName reports whether a variable's name says that its value is a secret.
func isSecretName(name string) bool {
	if strings.HasPrefix(name, "NEXT_PUBLIC_") || strings.HasSuffix(name, "PUBLIC_KEY") ||
		strings.HasSuffix(name, "PUBLISHABLE_KEY") {
		return false
	}
	return slices.ContainsFunc(secretEndings, func(end string) bool { return strings.HasSuffix(name, end) })
}

// hasPassword reports whether a value is a URL with a password, whatever its variable is called.
func hasPassword(value string) bool {
	u, err := url.Parse(value)
	if err != nil {
		return strings.Contains(value, "://") && strings.Contains(value, "@")
	}
	_, set := u.User.Password()
	return set
}

// tokens matches what well-known services give out as keys, and private keys.
var tokens = regexp.MustCompile(`^(sk-|sk_|rk_|ghp_|gho_|github_pat_|glpat-|xox[a-z]-|AKIA|eyJ|npm_|-----BEGIN)`)

// variable notes a variable. An example's URL without a password says nothing of the real one. The
// value of a secret is dropped here and kept nowhere.
func (s *Service) variable(name, value, where string, example bool) {
	withoutPassword := !example && strings.Contains(value, "://") && strings.HasSuffix(name, "_URL") &&
		!strings.HasSuffix(name, "DATABASE_URL")
	if isSecretName(name) && !withoutPassword || hasPassword(value) || tokens.MatchString(value) {
		delete(s.env, name)
		if s.secrets[name] == "" {
			s.secrets[name] = where
		}
	} else if old, known := s.env[name]; !known || old.value == "" && value != "" {
		s.env[name] = fact{value, where}
	}
	delete(s.optional, name)
}

// isServiceURL reports whether a variable's name says that its value is the URL of a service.
func isServiceURL(name string) bool {
	if strings.HasSuffix(name, "DATABASE_URL") || strings.HasSuffix(name, "REDIS_URL") {
		return false
	}
	known := slices.Concat(ownURLs, originNames, []string{"CHATBOT_URL"})
	return slices.Contains(known, name) || strings.HasSuffix(name, "API_URL") || strings.HasSuffix(name, "BACKEND_URL") ||
		strings.HasSuffix(name, "FRONTEND_URL")
}

var (
	ownURLs = []string{"BETTER_AUTH_URL", "NEXTAUTH_URL", "AUTH_URL", "APP_URL", "SITE_URL", "BASE_URL",
		"NEXT_PUBLIC_APP_URL", "NEXT_PUBLIC_SITE_URL", "NEXT_PUBLIC_BASE_URL"}
	originNames = []string{"ALLOWED_ORIGINS", "CORS_ORIGINS", "TRUSTED_ORIGINS", "BACKEND_CORS_ORIGINS"}
)

// connect replaces URLs of other services by references, and completes who talks to whom.
func (r *Report) connect() {
	for _, s := range r.Services {
		for _, name := range slices.Sorted(maps.Keys(s.env)) {
			f := s.env[name]
			if reference, target := r.reference(s, name, f.value); reference != "" {
				s.env[name] = fact{reference, f.at}
				if target != "" {
					s.uses[target] = f.at
				}
			}
		}
		for name, where := range s.secrets {
			if strings.HasSuffix(name, "DATABASE_URL") {
				s.uses["database"] = where
			}
			if name == "OPENAI_API_KEY" {
				s.uses["openai"] = where
			}
		}
	}
	for _, s := range r.Services { // public: a browser calls it, or no other service does
		called := slices.ContainsFunc(r.Services, func(o *Service) bool { return o.uses[s.Name] != "" })
		if s.kind == "fastapi" && s.source.at != "" && !s.composedEnv() && !called && s.public == "" {
			s.public = s.source.at
		}
	}
}

// reference is what a variable's value should refer to, and the service that its reader talks to; "" is neither.
func (r *Report) reference(s *Service, name, value string) (reference, uses string) {
	if slices.Contains(originNames, name) {
		return "${origins}", ""
	}
	if u, err := url.Parse(value); err == nil && u.Hostname() != "" {
		if o := r.byName(serviceName(u.Hostname())); o != nil && o != s {
			if u.Scheme == "http" || u.Scheme == "https" {
				return "${services." + o.Name + ".url}" + strings.TrimSuffix(u.Path, "/"), o.Name
			}
			return strings.Replace(value, "://"+u.Hostname(), "://${services."+o.Name+".host}", 1), o.Name
		}
		if !strings.HasPrefix(u.Hostname(), "localhost") && u.Hostname() != "127.0.0.1" {
			return "", "" // a real address is kept
		}
	}
	if slices.Contains(ownURLs, name) {
		return "${services." + s.Name + ".publicUrl}", ""
	}
	if !isServiceURL(name) {
		return "", ""
	}
	target := r.target(s, name)
	if target == nil {
		return "", ""
	}
	if strings.HasPrefix(name, "NEXT_PUBLIC_") || target.kind == "nextjs" {
		if target.public == "" {
			target.public = s.env[name].at
		}
		return "${services." + target.Name + ".publicUrl}", ""
	}
	return "${services." + target.Name + ".url}", target.Name
}

// target is the one service that a variable can mean; nil when there is none, or more than one.
func (r *Report) target(s *Service, name string) *Service {
	front := strings.HasSuffix(name, "FRONTEND_URL") || name == "CHATBOT_URL"
	var all []*Service
	for _, o := range r.Services {
		isFront := o.kind == "nextjs"
		if o == s || o.port.value == "" || isFront != front {
			continue
		}
		if name == "CHATBOT_URL" && strings.Contains(o.Name, "chatbot") {
			return o
		}
		all = append(all, o)
	}
	if len(all) > 1 && front {
		all = slices.DeleteFunc(all, func(o *Service) bool { return !strings.Contains(o.Name, "web") })
	}
	if len(all) != 1 {
		return nil
	}
	return all[0]
}
