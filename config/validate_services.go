package config

import (
	"fmt"
	"strings"

	"github.com/robfig/cron/v3"

	"todo/spec"
)

// validateServices checks every row that is enabled, and what two rows cannot have in common.
func (c *Config) validateServices(ps *problems) {
	if len(c.Services()) == 0 {
		ps.refuse(keyServices, "none enabled", "nothing would be deployed", "--path services.backend.enabled true")
	}
	c.validateUniquePorts(ps)
	for _, s := range c.Services() {
		key := keyServices + "." + s.Name
		if s.Replicas < 0 || s.Replicas > 100 {
			ps.refuse(key+".replicas", fmt.Sprint(s.Replicas), "allowed: 0 to 100", "2")
		}
		if g := s.Pods.GraceSeconds; g < 15 || g > 3600 {
			ps.refuse(key+".terminationGracePeriodSeconds", fmt.Sprint(g), "allowed: 15 to 3600", fmt.Sprint(spec.DefaultGraceSeconds))
		}
		c.validateImageOf(s, key, ps)
		s.validateSchedule(key, ps)
		c.validatePublic(s, key, ps)
		c.validateProbes(s, key, ps)
		s.validateResources(key, ps)
		c.validateEnv(s, key, ps)
		c.validateReferences(s, key, ps)
		c.validateUses(s, key, ps)
		c.plainCredentials(s, key, ps)
		c.validateConfigFiles(s, key, ps)
		s.validateAccount(key, ps)
		s.validateEgress(key, c.NetworkPolicies, ps)
		s.validateAutoscaling(key, ps)
		validatePods(s.Pods, key, ps)
	}
}

// validateUniquePorts checks what is one for the whole machine or cluster.
func (c *Config) validateUniquePorts(ps *problems) {
	nodePorts, localPorts := map[int]string{}, map[int]string{}
	for _, s := range c.Services() {
		key := keyServices + "." + s.Name
		if s.NodePort != 0 {
			if other, taken := nodePorts[s.NodePort]; taken {
				ps.refuse(key+".nodePort", fmt.Sprint(s.NodePort), "already that of "+other, "30010")
			}
			nodePorts[s.NodePort] = s.Name
			if s.NodePort < minNodePort || s.NodePort > maxNodePort {
				ps.refuse(key+".nodePort", fmt.Sprint(s.NodePort), fmt.Sprintf("allowed: %d to %d", minNodePort, maxNodePort), "30000")
			}
		} else if c.Exposure == NodePort && s.Public.Enabled {
			good := or(defaultNodePorts[s.Name], 30010)
			ps.refuse(key+".nodePort", "0", "the nodePort exposure needs one for each service", fmt.Sprint(good))
		}
		if !s.Public.Enabled || s.Port == 0 {
			continue
		}
		if other, taken := localPorts[s.LocalPort]; taken {
			ps.refuse(key+".localPort", fmt.Sprint(s.LocalPort), "already that of "+other, fmt.Sprint(s.Port+10000))
		}
		localPorts[s.LocalPort] = s.Name
		if s.LocalPort < 1 || s.LocalPort > maxPort {
			ps.refuse(key+".localPort", fmt.Sprint(s.LocalPort), "allowed: 1 to 65535", fmt.Sprint(s.Port+10000))
		}
	}
}

// validateImageOf refuses an image of an image: each would wait for the other.
func (c *Config) validateImageOf(s Service, key string, ps *problems) {
	if s.ImageOf == "" {
		return
	}
	path, other := key+".image", c.row(s.ImageOf)
	switch {
	case s.ImageOf == s.Name:
		ps.refuse(path, quoted(s.ImageOf), "it is the service itself", "<repository>:<tag>")
	case other.ImageOf != "":
		ps.refuse(path, quoted(s.ImageOf), "that service runs the image of "+other.ImageOf, other.ImageOf)
	case !other.Enabled:
		ps.refuse(path, quoted(s.ImageOf), "that service is not enabled, and its image is not made", "<repository>:<tag>")
	}
	if len(s.Build.Args) > 0 || s.Build.Dockerfile != "" || s.Build.Target != "" {
		ps.add(Problem{Key: key + ".build", Got: "set", Want: "the image is that of " + s.ImageOf, Fix: ps.remove(key + ".build")})
	}
}

// validateSchedule checks what a CronJob can have. Its pods serve nobody.
func (s Service) validateSchedule(key string, ps *problems) {
	if s.Schedule == "" {
		return
	}
	if _, err := cron.ParseStandard(s.Schedule); err != nil || strings.Contains(s.Schedule, "TZ=") {
		ps.refuse(key+".schedule", quoted(s.Schedule), "allowed: five fields of cron, or @hourly, @daily, @weekly, @monthly", "'0 3 * * *'")
	}
	if s.Port != 0 {
		ps.add(Problem{Key: key + ".port", Got: fmt.Sprint(s.Port), Want: "a service with a schedule runs to its end and serves nothing", Fix: ps.remove(key + ".port")})
	}
	if s.Autoscaling.Enabled {
		ps.refuse(key+".autoscaling.enabled", "true", "a service with a schedule has one pod at a time", "false")
	}
}

// validatePublic checks how users reach a service.
func (c *Config) validatePublic(s Service, key string, ps *problems) {
	p := s.Public
	if s.Port < 0 || s.Port > maxPort {
		ps.refuse(key+".port", fmt.Sprint(s.Port), "allowed: 1 to 65535", "8080")
	}
	if s.Port == MetricsPort && s.Name == BackendName {
		ps.refuse(key+".port", fmt.Sprint(s.Port), "metrics are served there", "8000")
	}
	if !p.Enabled {
		return
	}
	if s.Port == 0 {
		ps.refuse(key+".public", "true", "it serves no port; set "+key+".port", "false")
	}
	if !strings.HasPrefix(p.Path, "/") {
		ps.refuse(key+".public.path", quoted(p.Path), "allowed: a path that starts with /", "/"+p.Path)
	}
	if p.Host != "" && !dnsName.MatchString(p.Host) {
		ps.refuse(key+".public.host", quoted(p.Host), "allowed: a host name without scheme, port, path or wildcard", s.Name+"."+goodDomain)
	}
	routed := c.Exposure == Ingress || c.Exposure == Gateway
	if !routed && (p.Path != "/" || len(p.Annotations) > 0) {
		ps.add(Problem{Key: key + ".public", Got: "has a path or annotations", Want: fmt.Sprintf("they belong to ingress and gateway; exposure is %s", c.Exposure),
			Fix: ps.set(key+".public", "true")})
	}
	if p.Host != "" && !c.Exposure.named() {
		ps.add(Problem{Key: key + ".public.host", Got: quoted(p.Host), Want: fmt.Sprintf("it belongs to an exposure with a domain; exposure is %s", c.Exposure),
			Fix: ps.remove(key + ".public.host")})
	}
	validateAnnotations(key+".public.annotations", p.Annotations, ps)
}

// validateProbes checks paths and seconds. A new service may leave a path out: then that probe asks whether the port accepts
// connections.
func (c *Config) validateProbes(s Service, key string, ps *problems) {
	p := s.Probes
	for _, n := range []struct {
		field                   string
		value, least, most, use int
	}{
		{"readinessPeriodSeconds", p.ReadinessPeriodSeconds, 1, 3600, 10},
		{"livenessSeconds", p.LivenessSeconds, 3, 3600, spec.DefaultLivenessSeconds},
		{"startupSeconds", p.StartupSeconds, 10, 1800, spec.DefaultStartupSeconds},
	} {
		if n.value < n.least || n.value > n.most {
			ps.refuse(key+".probes."+n.field, fmt.Sprint(n.value), fmt.Sprintf("allowed: %d to %d", n.least, n.most), fmt.Sprint(n.use))
		}
	}
	if p.StartupSeconds > c.RolloutTimeoutSeconds && p.StartupSeconds <= 1800 && s.MaxPods() > 0 {
		ps.refuse(key+".probes.startupSeconds", fmt.Sprint(p.StartupSeconds),
			fmt.Sprintf("a rollout fails after rolloutTimeoutSeconds, %d, before it is over", c.RolloutTimeoutSeconds), fmt.Sprint(c.RolloutTimeoutSeconds))
	}
	for _, role := range []struct{ name, path string }{{"liveness", p.Liveness}, {"readiness", p.Readiness}} {
		path := key + ".probes." + role.name
		switch {
		case role.path == "" && s.computed == nil: // a service of the stack's own
		case !strings.HasPrefix(role.path, "/"):
			ps.refuse(path, quoted(role.path), "allowed: a path that starts with /", "/"+role.path)
		case s.Port == 0:
			ps.add(Problem{Key: path, Got: quoted(role.path), Want: "the service serves no port", Fix: ps.remove(path)})
		}
	}
}

func (s Service) validateAccount(key string, ps *problems) {
	a, path := s.ServiceAccount, key+".serviceAccount.name"
	switch {
	case a.Name != "" && !objectName.MatchString(a.Name):
		ps.refuse(path, quoted(a.Name), "allowed: the name of a ServiceAccount", s.Name)
	case a.Existing && a.Name == "":
		ps.refuse(path, "not set", "serviceAccount.existing is true, and which one is it?", s.Name)
	}
	if a.Existing && len(s.Pods.ServiceAccountAnnotations) > 0 {
		ps.add(Problem{Key: key + ".serviceAccount.annotations", Got: "set", Want: "the ServiceAccount exists, and this program does not change it",
			Fix: ps.remove(key + ".serviceAccount.annotations")})
	}
}

// validateSmoke checks the paths that the smoke test is to ask.
func (c *Config) validateSmoke(ps *problems) {
	for i := range c.Smoke {
		check, key := &c.Smoke[i], fmt.Sprintf("%s[%d]", keySmoke, i)
		check.Status = or(check.Status, 200)
		s := c.Service(check.Service)
		switch {
		case !s.Enabled:
			ps.refuse(key+".service", quoted(check.Service), suggestion(check.Service, c.names()), BackendName)
		case s.Port == 0:
			ps.refuse(key+".service", quoted(check.Service), "it serves no port", BackendName)
		}
		if !strings.HasPrefix(check.Path, "/") {
			ps.refuse(key+".path", quoted(check.Path), "allowed: a path that starts with /", "/"+check.Path)
		}
		if check.Status < 100 || check.Status > 599 {
			ps.refuse(key+".status", fmt.Sprint(check.Status), "allowed: 100 to 599", "200")
		}
	}
}
