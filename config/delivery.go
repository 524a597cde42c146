package config

import (
	"context"
	"errors"
	"fmt"
	"time"

	"todo/target"
)

// deliveryPatience is long enough for a busy Minikube to answer (about 1 s at rest).
const deliveryPatience = 20 * time.Second

// builds reports whether any service's image is built here.
func (c *Config) builds() bool {
	for _, s := range c.Services() {
		if s.Built() {
			return true
		}
	}
	return false
}

// deliver finds the Docker Engine that builds, and how its images reach the cluster's nodes.
func (c *Config) deliver(ctx context.Context, m target.Machine, ps *problems) {
	if !c.builds() {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryPatience)
	defer cancel()
	if c.Kube.Absent { // there is no node to reach, but a registry may be pushed to
		if c.Docker.Host == "" {
			c.Docker = target.EngineFor(ctx, m, "", "")
		}
		return
	}
	given := target.Delivery{Registry: c.Images.Registry, Engine: c.Docker}
	way, err := target.Deliver(ctx, m, c.Kube.tool, c.Kube.cluster, given)
	var registry *target.NoDelivery
	switch {
	case err == nil:
		c.Docker, c.Images.Loader = way.Engine, way.Loader
	case errors.As(err, &registry):
		if c.Production { // validateImages has refused it
			return
		}
		fix := ps.set(keyRegistry, or(registry.Registry, "<host>[:<port>][/<path>]"))
		if registry.Before != "" {
			fix = registry.Before + " && " + fix
		}
		ps.add(Problem{Key: keyRegistry, Got: "not set", Fix: fix,
			Want: fmt.Sprintf("cluster %q needs one: %s", c.Kube.Context, registry.Why)})
	default:
		ps.add(Problem{Key: keyDockerHost, Got: err.Error(), Want: "Minikube says how images reach it",
			Fix: "minikube start -p " + c.Kube.cluster + ", or " + ps.set(keyRegistry, "<host:port>"), Later: true})
	}
}

// needDaemon refuses an update whose images have no Docker Engine to build them: in the middle of an update it would
// leave half a stack. A preview goes on without one.
func (c *Config) needDaemon(ctx context.Context, m target.Machine, ps *problems) {
	if !c.builds() {
		return
	}
	if host, err := c.Docker.Answers(ctx, m); err != nil {
		ps.add(Problem{Key: keyDockerHost, Got: fmt.Sprintf("no Docker Engine answers at %s (%v)", host, err),
			Want: "images are built by one",
			Fix:  "start Docker, or " + ps.set(keyDockerHost, "<unix:// or tcp:// address>"), Later: true})
	}
}
