package config

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// daemonPatience is long enough for a busy Docker Engine to accept a connection (milliseconds at rest).
const daemonPatience = 5 * time.Second

// builds tells whether any service's image is made here and not given.
func (c *Config) builds() bool {
	for _, s := range c.Services() {
		if s.Image == "" {
			return true
		}
	}
	return false
}

// needDaemon refuses an update whose images have no Docker Engine to build them: found out in the middle, it would leave
// half a stack. A preview goes on without one.
func (c *Config) needDaemon(ctx context.Context, m machine, ps *problems) {
	if !c.builds() {
		return
	}
	host := c.Docker.Host
	if host == "" {
		host = m.getenv("DOCKER_HOST")
	}
	ctx, cancel := context.WithTimeout(ctx, daemonPatience)
	defer cancel()
	var err error
	switch scheme, address, _ := strings.Cut(host, "://"); scheme {
	case "":
		// The docker command knows of contexts (Docker Desktop, Colima), where the Engine is not in the usual place.
		host = "its usual place"
		if _, err = m.run(ctx, "docker", "version", "--format", "{{.Server.Version}}"); errors.Is(err, exec.ErrNotFound) {
			err = m.dial(ctx, "unix", "/var/run/docker.sock")
		}
	case "unix", "tcp":
		err = m.dial(ctx, scheme, address)
	default:
		return // ssh:// and the like: only the plugin knows how
	}
	if err != nil {
		ps.add(Problem{Key: keyDockerHost, Got: fmt.Sprintf("no Docker Engine answers at %s (%v)", host, err),
			Want: "images are built by one", Fix: "start Docker, or " + ps.set(keyDockerHost, "<unix:// or tcp:// address>"), Later: true})
	}
}
