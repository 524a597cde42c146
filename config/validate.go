package config

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"todo/spec"
)

// AllowedOrigins is the one computed variable that `services.<name>.env` may set.
const AllowedOrigins = "ALLOWED_ORIGINS"

var (
	dnsLabel  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	dnsName   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`)
	registry  = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*$`)
	reference = regexp.MustCompile(`^[a-z0-9][-._:/a-z0-9]*(:[A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?(@sha256:[a-f0-9]{64})?$`)
	platforms = []string{"linux/amd64", "linux/arm64"}
	logLevels = []string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
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
	if c.Backend.Enabled && c.Secrets.DatabaseURL == nil && c.ExternalSecrets == nil && !ps.has(keyDatabaseURL) {
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

func (c *Config) validateServices(ps *problems) {
	if len(c.Services()) == 0 {
		ps.refuse(keyServices, "none enabled", "nothing would be deployed", "--path services.backend.enabled true")
	}
	nodePorts, localPorts := map[int]string{}, map[int]string{}
	for _, s := range c.Services() {
		key := "services." + s.Name
		if s.Replicas < 0 || s.Replicas > 100 {
			ps.refuse(key+".replicas", fmt.Sprint(s.Replicas), "allowed: 0 to 100", "2")
		}
		if other, taken := nodePorts[s.NodePort]; taken && s.NodePort != 0 {
			ps.refuse(key+".nodePort", fmt.Sprint(s.NodePort), "already that of "+other, "30010")
		}
		nodePorts[s.NodePort] = s.Name
		if s.NodePort != 0 && (s.NodePort < minNodePort || s.NodePort > maxNodePort) {
			ps.refuse(key+".nodePort", fmt.Sprint(s.NodePort), fmt.Sprintf("allowed: %d to %d", minNodePort, maxNodePort), "30000")
		}
		if c.Exposure == NodePort && s.NodePort == 0 {
			ps.refuse(key+".nodePort", "0", "the nodePort exposure needs one for each service", fmt.Sprint(defaultNodePorts[s.Name]))
		}
		if other, taken := localPorts[s.LocalPort]; taken {
			ps.refuse(key+".localPort", fmt.Sprint(s.LocalPort), "already that of "+other, fmt.Sprint(s.Port+10000))
		}
		localPorts[s.LocalPort] = s.Name
		if s.LocalPort < 1 || s.LocalPort > maxPort {
			ps.refuse(key+".localPort", fmt.Sprint(s.LocalPort), "allowed: 1 to 65535", fmt.Sprint(s.Port+10000))
		}
		if p := s.Probes.ReadinessPeriodSeconds; p < 1 || p > 3600 {
			ps.refuse(key+".probes.readinessPeriodSeconds", fmt.Sprint(p), "allowed: 1 to 3600", "10")
		}
		if p := s.Probes.LivenessSeconds; p < 3 || p > 3600 {
			ps.refuse(key+".probes.livenessSeconds", fmt.Sprint(p), "allowed: 3 to 3600", fmt.Sprint(spec.DefaultLivenessSeconds))
		}
		if p := s.Probes.StartupSeconds; p < 10 || p > 1800 {
			ps.refuse(key+".probes.startupSeconds", fmt.Sprint(p), "allowed: 10 to 1800", fmt.Sprint(spec.DefaultStartupSeconds))
		} else if p > c.RolloutTimeoutSeconds && s.MaxPods() > 0 {
			ps.refuse(key+".probes.startupSeconds", fmt.Sprint(p),
				fmt.Sprintf("a rollout fails after rolloutTimeoutSeconds, %d, before it is over", c.RolloutTimeoutSeconds), fmt.Sprint(c.RolloutTimeoutSeconds))
		}
		if g := s.Pods.GraceSeconds; g < 15 || g > 3600 {
			ps.refuse(key+".terminationGracePeriodSeconds", fmt.Sprint(g), "allowed: 15 to 3600", fmt.Sprint(spec.DefaultGraceSeconds))
		}
		for role, path := range map[string]string{"liveness": s.Probes.Liveness, "readiness": s.Probes.Readiness} {
			if !strings.HasPrefix(path, "/") {
				ps.refuse(key+".probes."+role, quoted(path), "allowed: a path that starts with /", "/"+path)
			}
		}
		s.validateResources(key, ps)
		s.validateEnv(key, c.Backend.Enabled, ps)
		s.validateEgress(key, c.NetworkPolicies, ps)
		s.validateAutoscaling(key, ps)
		validatePods(s.Pods, key, ps)
	}
}

// validateSources names what a build would miss, before anything is created.
func (c *Config) validateSources(ps *problems) {
	for _, s := range c.Services() {
		if s.Image != "" || (s.Source != "" && s.folder == "") { // not built, or fetchSources has refused it
			continue
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
		if file := s.Dockerfile(); !isFile(filepath.Join(c.Root, file)) {
			ps.add(Problem{Key: keySourceRoot, Got: "no file " + file, Want: "the build needs it", Fix: "git checkout -- " + file})
		}
	}
}

// SourceFolder is the service's build context, relative to Root.
func (c *Config) SourceFolder(s Service) string {
	folder := or(s.folder, filepath.Join(c.Images.SourceRoot, s.Name))
	if filepath.IsAbs(folder) {
		if relative, err := filepath.Rel(c.Root, folder); err == nil {
			return relative
		}
	}
	return folder
}

// Dockerfile is the service's, relative to Root.
func (s Service) Dockerfile() string { return filepath.Join("dockerfiles", s.Name+".Dockerfile") }

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
