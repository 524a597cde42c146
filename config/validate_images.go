package config

import (
	"fmt"
	"strings"
)

// validateImages checks references and, in production, that they cannot change under the same name.
func (c *Config) validateImages(ps *problems) {
	if r := c.Images.Registry; r != "" && !registry.MatchString(r) {
		ps.refuse(keyRegistry, quoted(r), "allowed: host[:port][/path] in lower case, without scheme", "registry.your-company.com")
	} else if strings.Contains(r, "example.com") {
		ps.add(Problem{Key: keyRegistry, Got: quoted(r), Want: "a placeholder; it must be a registry that the cluster can pull from",
			Fix: ps.set(keyRegistry, "registry.your-company.com"), Later: true})
	}
	for role, ref := range map[string]string{
		"python": c.Images.BaseImages.Python, "node": c.Images.BaseImages.Node, "postgres": c.Images.BaseImages.Postgres,
	} {
		c.validateReference(ps, keyBaseImages+"."+role, ref)
	}
	built := 0
	for _, s := range c.Services() {
		if s.Built() {
			built++
		} else if s.Image != "" {
			c.validateReference(ps, keyImages+"."+s.Name, s.Image)
		}
	}
	if built > 0 && c.Production && c.Images.Registry == "" {
		ps.refuse(keyRegistry, "not set", fmt.Sprintf("production pulls its images from one, and %d are built here", built),
			"registry.your-company.com")
	}
}

func (c *Config) validateReference(ps *problems, key, ref string) {
	const good = "<repository>:<tag>"
	if !imageReference.MatchString(ref) {
		ps.refuse(key, quoted(ref), "allowed: [host/]repository:tag or [host/]repository@sha256:<digest>", good)
		return
	}
	if strings.Contains(ref, "@sha256:") || !c.Production {
		return
	}
	last := ref[strings.LastIndex(ref, "/")+1:]
	if tag := last[strings.LastIndex(last, ":")+1:]; tag == last || tag == "latest" {
		ps.refuse(key, quoted(ref), "production needs a tag or digest that stays: what :latest means changes without a deployment", good)
	}
}
