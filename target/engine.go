package target

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// Engine is the Docker Engine that builds. The zero value is the one that the Docker provider finds by itself:
// DOCKER_HOST, or else a socket in one of the usual places.
type Engine struct {
	Host     string // for example unix:///var/run/docker.sock or tcp://192.168.49.2:2376
	CertPath string // folder of ca.pem, cert.pem and key.pem; "" is no TLS
}

const defaultSocket = "/var/run/docker.sock"

// EngineFor resolves the Engine as the docker command does, since the provider knows no contexts: Colima, rootless
// Docker and others listen in places of their own. tool's own Engine comes first: only its images are in the nodes.
// What the provider finds by itself stays the zero value, so that nothing of this machine gets into the state.
func EngineFor(ctx context.Context, m Machine, tool Tool, cluster string) Engine {
	name := tool.engine()
	if tool == Colima {
		name = cluster // its profile work has the Docker context colima-work
	}
	if name != "" {
		if host, found := dockerContext(ctx, m, name); found {
			return Engine{Host: host}
		}
	}
	if m.Getenv("DOCKER_HOST") != "" {
		return Engine{} // with its companions, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, which the provider reads too
	}
	host, _ := dockerContext(ctx, m)
	return Engine{Host: host}
}

// dockerContext is the endpoint of a Docker context, by default the current one; "" is the default socket. found is
// false when there is no such context, no docker command, or an endpoint that only Windows has.
func dockerContext(ctx context.Context, m Machine, name ...string) (host string, found bool) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	args := append([]string{"context", "inspect", "--format", "{{.Endpoints.docker.Host}}"}, name...)
	out, err := m.Run(ctx, "docker", args...)
	host = strings.TrimSpace(string(out))
	scheme, _, _ := strings.Cut(host, "://")
	switch {
	case err != nil || (scheme != "unix" && scheme != "tcp" && scheme != "ssh"):
		return "", false
	case host == "unix://"+defaultSocket:
		return "", true
	}
	return host, true
}

// dialEngine is long enough for a busy Docker Engine to accept a connection (milliseconds at rest).
const dialEngine = 5 * time.Second

// Answers reports whether the Engine accepts a connection. where is its address for a message. Addresses that only the
// provider can reach, as ssh://, count as answering.
func (e Engine) Answers(ctx context.Context, m Machine) (where string, err error) {
	ctx, cancel := context.WithTimeout(ctx, dialEngine)
	defer cancel()
	host := e.Host
	if host == "" {
		host = m.Getenv("DOCKER_HOST")
	}
	if host == "" {
		// The places that the provider tries: Docker Desktop has its socket in the home folder.
		for _, socket := range []string{defaultSocket, filepath.Join(m.Home, ".docker", "run", "docker.sock"),
			filepath.Join(m.Home, ".docker", "desktop", "docker.sock")} {
			dialErr := m.Dial(ctx, "unix", socket)
			if dialErr == nil {
				return "unix://" + socket, nil
			}
			if err == nil {
				err = dialErr
			}
		}
		return "unix://" + defaultSocket, err
	}
	switch scheme, address, _ := strings.Cut(host, "://"); scheme {
	case "unix", "tcp":
		return host, m.Dial(ctx, scheme, address)
	}
	return host, nil
}

// environment is what makes a command use the Engine.
func (e Engine) environment() []string {
	if e.Host == "" {
		return nil
	}
	env := []string{"DOCKER_HOST=" + e.Host}
	if e.CertPath != "" {
		env = append(env, "DOCKER_TLS_VERIFY=1", fmt.Sprintf("DOCKER_CERT_PATH=%s", e.CertPath))
	}
	return env
}
