package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// AllowedOrigins is the one computed variable that `services.<name>.env` may set.
const AllowedOrigins = "ALLOWED_ORIGINS"

var (
	dnsLabel       = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsName        = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	registry       = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	imageReference = regexp.MustCompile(`^[a-z0-9][-._:/a-z0-9]*(:[A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?(@sha256:[a-f0-9]{64})?$`)
	platforms      = []string{"linux/amd64", "linux/arm64"}
	logLevels      = []string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
)

// validate checks every value and every contradiction between values that needs no cluster.
func (c *Config) validate(ps *problems) {
	if !dnsLabel.MatchString(c.Namespace) {
		ps.refuse(keyNamespace, quoted(c.Namespace), "allowed: up to 63 of a-z, 0-9 and -, not at the ends", project+"-"+c.Stack)
	}
	if reserved(c.Namespace) {
		ps.refuse(keyNamespace, quoted(c.Namespace), "it is the cluster's own, and would be deleted with the stack", project+"-"+c.Stack)
	}
	oneOf(ps, keyPlatform, c.Images.Platform, platforms)
	oneOf(ps, keyLogLevel, c.LogLevel, logLevels)
	c.validateExposure(ps)
	c.validateImages(ps)
	c.validateServices(ps)
	c.validateSecrets(ps)
	c.validateSmoke(ps)
	c.validateSources(ps)
	c.Migration.validate(ps)
	c.Observability.validate(c, ps)
	if c.RolloutTimeoutSeconds < minRolloutTimeout || c.RolloutTimeoutSeconds > maxRolloutTimeout {
		ps.refuse(keyRolloutTimeout, fmt.Sprint(c.RolloutTimeoutSeconds), fmt.Sprintf("allowed: %d to %d", minRolloutTimeout, maxRolloutTimeout), fmt.Sprint(defaultRolloutTimeout))
	}
	c.validateRegistryLogin(ps)
	c.validateRender(ps)
	c.Database.validate(c, ps)
	c.Kagent.validate(c, ps)
	validateLabels(keyLabels, c.Labels, ps)
	validateAnnotations(keyAnnotations, c.Annotations, ps)
	if c.OpenAIBaseURL != "" {
		u, err := url.Parse(c.OpenAIBaseURL)
		if err != nil || u.Host == "" || (u.Scheme != "https" && (u.Scheme != "http" || c.Production)) {
			ps.refuse(keyOpenAIBaseURL, quoted(c.OpenAIBaseURL), "allowed: an https URL; http only outside production",
				"https://api.openai.com/v1")
		} else if c.OpenAI().Port == 0 {
			ps.refuse(keyOpenAIBaseURL, quoted(c.OpenAIBaseURL), "its port must be in 1 to 65535", "https://api.openai.com/v1")
		}
	}
	if c.Production {
		c.validateProduction(ps)
	}
}

// reserved are the namespaces that every cluster has.
func reserved(namespace string) bool {
	return namespace == "default" || strings.HasPrefix(namespace, "kube-")
}

func (c *Config) validateProduction(ps *problems) {
	if slices.Contains(exposures, c.Exposure) && !c.HTTPSOnly() {
		if c.Exposure == LoadBalancer {
			ps.refuse(keyLoadBalancer+".tls", "false", "production is not served over plain http", "true")
		} else {
			ps.refuse(keyExposure, quoted(string(c.Exposure)), "production is not served over plain http; allowed: ingress, gateway, loadBalancer", string(Ingress))
		}
	}
	if c.needsDatabase() && c.Secrets[keyDatabaseURL] == "" && c.ExternalSecrets == nil && !ps.has(keyDatabaseURL) {
		ps.add(Problem{Key: keyDatabaseURL, Got: "not set", Want: "production has no database of its own making", Later: true,
			Fix: ps.set(keyDatabaseURL, goodDatabaseURL)})
	}
	for _, s := range c.Services() {
		for _, origin := range strings.Split(s.Env[AllowedOrigins], ",") {
			if origin = strings.TrimSpace(origin); origin != "" && (strings.Contains(origin, "*") || !strings.HasPrefix(origin, "https://")) {
				ps.refuse(fmt.Sprintf("services.%s.env.%s", s.Name, AllowedOrigins), quoted(origin),
					"production allows no wildcard and no http origin", "https://todo.your-company.com")
			}
		}
	}
}

// validateSources names what a build would miss, before anything is created.
func (c *Config) validateSources(ps *problems) {
	for _, s := range c.Services() {
		if !s.Built() || (s.Source != "" && s.folder == "") { // not built, or fetchSources has refused it
			continue
		}
		if !s.knownBuild() {
			continue // planBuilds has looked
		}
		folder, root := c.SourceFolder(s), keySourceRoot
		if s.Source != "" {
			root = "services." + s.Name + ".source"
		}
		if !isFolder(filepath.Join(c.Root, folder)) {
			ps.refuse(root, "no folder "+folder, "a service is built from it; a ready-made image needs none: "+
				ps.set("images."+s.Name, "<repository>:<tag>"), "<folder>")
			continue
		}
		for _, group := range s.SourceFiles {
			found := slices.ContainsFunc(group, func(f string) bool { return isFile(filepath.Join(c.Root, folder, f)) })
			if !found {
				ps.add(Problem{Key: root, Got: folder + " has none of " + strings.Join(group, ", "), Want: "the build needs one",
					Fix: "add the file, or " + ps.set("images."+s.Name, "<repository>:<tag>")})
			}
		}
		if file := c.Dockerfile(s); !isFile(filepath.Join(c.Root, file)) {
			ps.add(Problem{Key: root, Got: "no file " + file, Want: "the build needs it", Fix: "git checkout -- " + file})
		}
	}
}

func (ps *problems) has(key string) bool {
	return slices.ContainsFunc(ps.list, func(p Problem) bool { return p.Key == key })
}

func oneOf(ps *problems, key, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		ps.refuse(key, quoted(value), "allowed: "+strings.Join(allowed, ", "), allowed[min(1, len(allowed)-1)])
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
