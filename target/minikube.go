package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// MinikubeProfile is the profile that a bare `minikube start` acts on. `minikube profile` is not used: without a
// terminal it prints "* name".
func MinikubeProfile(ctx context.Context, m Machine) string {
	if name := m.Getenv("MINIKUBE_PROFILE"); name != "" {
		return name
	}
	// Exit code 14 says that none is set.
	if out, err := m.Run(ctx, "minikube", "config", "get", "profile"); err == nil {
		if name := strings.TrimSpace(string(out)); name != "" && !strings.ContainsAny(name, " \t\n") {
			return name
		}
	}
	return "minikube"
}

// MinikubeStart is the command line that starts a profile. The user's current context stays. A new profile gets the
// Docker runtime, whose Engine builds the images; newer versions of Minikube default to containerd. The runtime of an
// existing profile cannot be changed, and neither rootless Docker nor Podman runs Docker inside.
func MinikubeStart(ctx context.Context, m Machine, profile string) []string {
	start := []string{"start", "-p", profile, "--keep-context"}
	_, err := minikubeProfile(ctx, m, profile)
	if err == nil {
		return start
	}
	security, err := m.Run(ctx, "docker", "info", "--format", "{{.SecurityOptions}}")
	podman := err != nil && installed(ctx, m, "podman", "--version") // Minikube takes it where Docker does not run
	if podman || strings.Contains(string(security), "name=rootless") {
		return start
	}
	return append(start, "--container-runtime=docker")
}

// profileSettings is the part of `minikube profile list -o json` that says where images have to go.
type profileSettings struct {
	Name   string
	Config struct {
		KubernetesConfig struct{ ContainerRuntime string }
		Nodes            []struct{ Name string }
	}
}

// sharesEngine reports whether images built in the profile's Docker are at once in its nodes: Minikube's default
// runtime was docker and is containerd in newer versions (kubernetes/minikube#23562). Each node has an Engine of its
// own.
func (p profileSettings) sharesEngine() bool {
	runtime := p.Config.KubernetesConfig.ContainerRuntime // profiles of before 2022 have none
	return (runtime == "docker" || runtime == "") && len(p.Config.Nodes) < 2
}

func minikubeProfile(ctx context.Context, m Machine, name string) (profileSettings, error) {
	out, err := m.Run(ctx, "minikube", "profile", "list", "--light", "-o", "json")
	if err != nil && len(out) == 0 {
		return profileSettings{}, fmt.Errorf("minikube profile list: %w", err)
	}
	var list struct{ Valid, Invalid []profileSettings }
	if err := json.Unmarshal(out, &list); err != nil {
		return profileSettings{}, fmt.Errorf("minikube profile list: its answer is not the JSON that was expected: %w", err)
	}
	for _, p := range append(list.Valid, list.Invalid...) {
		if p.Name == name {
			return p, nil
		}
	}
	return profileSettings{}, fmt.Errorf("minikube profile list: there is no profile %s", name)
}

// minikubeEngine is the Docker Engine inside a profile.
func minikubeEngine(ctx context.Context, m Machine, profile string) (Engine, error) {
	out, err := m.Run(ctx, "minikube", "-p", profile, "docker-env", "--shell", "none")
	var e Engine
	if err == nil {
		e, err = parseDockerEnv(string(out))
	}
	if err != nil {
		return Engine{}, fmt.Errorf("minikube -p %s docker-env: %w", profile, err)
	}
	return e, nil
}

// parseDockerEnv reads `minikube docker-env --shell none`: lines of NAME=value.
func parseDockerEnv(text string) (Engine, error) {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			env[name] = strings.Trim(value, `"`)
		}
	}
	e := Engine{Host: env["DOCKER_HOST"]}
	if e.Host == "" {
		return e, errors.New("it names no DOCKER_HOST (the profile's container runtime must be docker)")
	}
	if env["DOCKER_TLS_VERIFY"] != "" {
		if e.CertPath = env["DOCKER_CERT_PATH"]; e.CertPath == "" {
			return e, errors.New("it asks for TLS and names no DOCKER_CERT_PATH")
		}
	}
	return e, nil
}
