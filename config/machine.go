package config

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"time"
)

// machine is what the loader asks of the computer it runs on; tests bring their own.
type machine struct {
	home     string // $HOME
	account  string // the home folder in the user database; the same, unless a container or sudo sets another $HOME
	getenv   func(string) string
	readFile func(string) ([]byte, error)
	run      func(ctx context.Context, name string, args ...string) ([]byte, error)
	dial     func(ctx context.Context, network, address string) error
}

func newMachine() machine {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "/" // no home folder: then there is no kubeconfig in it either
	}
	account := home
	if u, err := user.Current(); err == nil {
		account = u.HomeDir
	}
	return machine{home: home, account: account, getenv: os.Getenv, readFile: os.ReadFile, run: run, dial: dial}
}

// dial only tries whether somebody accepts a connection.
func dial(ctx context.Context, network, address string) error {
	connection, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return connection.Close()
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0") // nobody is there to type a password
	out, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) && len(failed.Stderr) > 0 {
		first, _, _ := strings.Cut(strings.TrimSpace(string(failed.Stderr)), "\n")
		return out, fmt.Errorf("%w: %s", err, first)
	}
	return out, err
}

// kubeconfigFiles is kubectl's rule.
func (m machine) kubeconfigFiles() []string {
	if list := m.getenv("KUBECONFIG"); list != "" {
		return filepath.SplitList(list)
	}
	return []string{filepath.Join(m.home, ".kube", "config")}
}

// minikubePatience is long enough for a busy Minikube to answer (about 1 s at rest).
const minikubePatience = 20 * time.Second

// sharesDaemon are contexts whose nodes run the images of the machine's own Docker daemon.
var sharesDaemon = []string{"docker-desktop", "rancher-desktop", "orbstack", "colima"}

// useMinikubeDaemon finds a way for images to reach a cluster without a registry: they are built by the daemon
// that runs its containers.
func (c *Config) useMinikubeDaemon(ctx context.Context, m machine, ps *problems) {
	if !c.builds() || c.Kube.Absent || c.Images.Registry != "" || c.Docker.Host != "" {
		return
	}
	if !c.Kube.minikube {
		for _, name := range sharesDaemon {
			if c.Kube.Context == name || strings.HasPrefix(c.Kube.Context, name+"-") {
				return
			}
		}
		if !c.Production { // validateImages has said it for production
			ps.refuse(keyRegistry, "not set", fmt.Sprintf("the nodes of %q would not find images that are only in this machine's daemon", c.Kube.Context),
				"localhost:5000")
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, minikubePatience)
	defer cancel()
	runtime, err := minikubeRuntime(ctx, m, c.Kube.Context)
	if err == nil && runtime != "docker" {
		// The addon's proxy makes localhost:5000 the same registry on the node as the forward does on this machine.
		ps.add(Problem{Key: keyRegistry, Got: "not set", Want: fmt.Sprintf("profile %s runs %s, which takes its images from a registry", c.Kube.Context, runtime),
			Fix: fmt.Sprintf("minikube -p %s addons enable registry && (kubectl --context %s -n kube-system port-forward service/registry 5000:80 &) && %s",
				c.Kube.Context, c.Kube.Context, ps.set(keyRegistry, "localhost:5000")), Later: true})
		return
	}
	if err == nil {
		var out []byte
		if out, err = m.run(ctx, "minikube", "-p", c.Kube.Context, "docker-env", "--shell", "none"); err == nil {
			c.Docker, err = parseDockerEnv(string(out))
		}
		if err != nil {
			err = fmt.Errorf("minikube -p %s docker-env: %w", c.Kube.Context, err)
		}
	}
	if err != nil {
		ps.add(Problem{Key: keyDockerHost, Got: err.Error(),
			Want: "without a registry, images are built in Minikube's own Docker",
			Fix:  "minikube start -p " + c.Kube.Context + " --container-runtime=docker, or " + ps.set(keyRegistry, "<host:port>"), Later: true})
	}
}

// parseDockerEnv reads `minikube docker-env --shell none`: lines of NAME=value.
func parseDockerEnv(text string) (Docker, error) {
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			env[name] = strings.Trim(value, `"`)
		}
	}
	d := Docker{Host: env["DOCKER_HOST"]}
	if d.Host == "" {
		return d, errors.New("it names no DOCKER_HOST (the profile's container runtime must be docker)")
	}
	if env["DOCKER_TLS_VERIFY"] != "" {
		if d.CertPath = env["DOCKER_CERT_PATH"]; d.CertPath == "" {
			return d, errors.New("it asks for TLS and names no DOCKER_CERT_PATH")
		}
	}
	return d, nil
}
