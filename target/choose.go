package target

import (
	"context"
	"errors"
	"os/exec"
	"slices"
	"strings"
)

// Choose takes the only local cluster that runs or can be started, or of several the one that the current context
// names. found is false when there is none, and when there are several and none is current; a remote cluster is never
// taken.
func Choose(clusters []Cluster, current string) (chosen Cluster, found bool) {
	usable := Usable(clusters)
	if len(usable) == 1 {
		return usable[0], true
	}
	i := slices.IndexFunc(usable, func(c Cluster) bool { return c.Exported && c.Context == current })
	if i < 0 {
		return Cluster{}, false
	}
	return usable[i], true
}

// Usable leaves out the clusters that make up cannot start.
func Usable(clusters []Cluster) []Cluster {
	return slices.DeleteFunc(slices.Clone(clusters), func(c Cluster) bool { return c.State == Off })
}

// Host is what decides whether the lab can run here.
type Host struct {
	OS   string // runtime.GOOS
	Root bool
}

// Startable is the tool that make up starts a cluster with where none exists; "" when the user has to choose. The lab
// installs packages and changes the machine's network, so it is started for root on Debian only.
func Startable(ctx context.Context, m Machine, host Host) Tool {
	if installed(ctx, m, "minikube", "version", "--short") {
		return Minikube
	}
	if installed(ctx, m, "kind", "version") && engineAnswers(ctx, m) {
		return Kind
	}
	if host.OS == "linux" && host.Root && debian(m) {
		return Lab
	}
	return ""
}

func installed(ctx context.Context, m Machine, name string, args ...string) bool {
	_, err := m.Run(ctx, name, args...)
	return !errors.Is(err, exec.ErrNotFound)
}

// engineAnswers reports whether the docker command reaches an Engine.
func engineAnswers(ctx context.Context, m Machine) bool {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	_, err := m.Run(ctx, "docker", "version", "--format", "{{.Server.Version}}")
	return err == nil
}

func debian(m Machine) bool {
	text, err := m.ReadFile("/etc/os-release")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "ID="); ok {
			return strings.Trim(value, `"'`) == "debian"
		}
	}
	return false
}
