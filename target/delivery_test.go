package target

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHowImagesReachTheNodes(t *testing.T) {
	const current, colima = "docker context inspect --format {{.Endpoints.docker.Host}}",
		"unix:///Users/ana/.colima/team/docker.sock"
	byDefault := map[string]answer{current: {"unix:///var/run/docker.sock\n", nil}}
	profiles := answer{recorded(t, "minikube-profiles.json"), nil}
	minikube := map[string]answer{
		"minikube profile list --light -o json":        profiles,
		"minikube -p minikube docker-env --shell none": {recorded(t, "docker-env.txt"), nil},
		"minikube -p old docker-env --shell none":      {recorded(t, "docker-env.txt"), nil},
		current: {"unix:///run/user/1000/docker.sock\n", nil},
		"minikube -p missing docker-env --shell none":       {"false exit code 10", exit(10)},
		"minikube -p podman docker-env --shell none":        {"", exit(10)},
		"minikube -p work docker-env --shell none":          {"", exit(10)},
		"minikube -p another-profile docker-env --shell no": {},
	}
	inside := Engine{Host: "tcp://192.168.49.2:2376", CertPath: "/home/ana/.minikube/certs"}
	rootless := Engine{Host: "unix:///run/user/1000/docker.sock"}
	for name, c := range map[string]struct {
		tool     Tool
		cluster  string
		commands map[string]answer
		env      map[string]string
		given    Delivery
		engine   Engine
		loads    bool
		refused  string
		registry string
	}{
		"Minikube":                 {tool: Minikube, cluster: "minikube", commands: minikube, engine: inside},
		"Minikube, an old profile": {tool: Minikube, cluster: "old", commands: minikube, engine: inside},
		"Minikube, containerd":     {tool: Minikube, cluster: "work", commands: minikube, engine: rootless, loads: true},
		"Minikube, cri-o": {tool: Minikube, cluster: "podman", commands: minikube, engine: rootless,
			loads: true},
		"Minikube, two nodes": {tool: Minikube, cluster: "pair", commands: minikube, engine: rootless, loads: true},
		"Minikube, no such profile": {tool: Minikube, cluster: "missing", commands: minikube,
			refused: "there is no profile missing"},
		"Minikube, no answer": {tool: Minikube, cluster: "minikube", commands: map[string]answer{"minikube": {"",
			exit(1)}}, refused: "minikube profile list"},
		"Minikube, no JSON": {tool: Minikube, cluster: "minikube",
			commands: map[string]answer{"minikube": {"* none", nil}}, refused: "not the JSON that was expected"},
		"Minikube, an Engine is named": {tool: Minikube, cluster: "work", given: Delivery{Engine: rootless},
			engine: rootless},
		"kind":                  {tool: Kind, cluster: "dev", commands: byDefault, loads: true},
		"kind, rootless Docker": {tool: Kind, cluster: "dev", commands: minikube, engine: rootless, loads: true},
		"kind, an Engine is named": {tool: Kind, cluster: "dev", given: Delivery{Engine: rootless}, engine: rootless,
			loads: true},
		"kind, a registry is named": {tool: Kind, cluster: "dev", commands: byDefault,
			given: Delivery{Registry: "localhost:5001"}},
		"k3d":            {tool: K3d, cluster: "shop", commands: byDefault, loads: true},
		"Docker Desktop": {tool: DockerDesktop, cluster: "docker-desktop", commands: byDefault},
		"Docker Desktop's own context": {tool: DockerDesktop, commands: map[string]answer{current +
			" desktop-linux": {"unix:///Users/ana/.docker/run/docker.sock", nil}},
			engine: Engine{Host: "unix:///Users/ana/.docker/run/docker.sock"}},
		"Docker Desktop from WSL": {tool: DockerDesktop, commands: map[string]answer{current +
			" desktop-linux": {"npipe:////./pipe/dockerDesktopLinuxEngine", nil}}},
		"OrbStack": {tool: OrbStack, commands: map[string]answer{current +
			" orbstack": {"unix:///Users/ana/.orbstack/run/docker.sock", nil}},
			engine: Engine{Host: "unix:///Users/ana/.orbstack/run/docker.sock"}},
		"Rancher Desktop, admin rights": {tool: RancherDesktop, commands: byDefault},
		"Colima's profile, not current": {tool: Colima, cluster: "colima-work",
			commands: map[string]answer{current: {"unix:///other.sock", nil}, current + " colima-work": {colima, nil}},
			engine:   Engine{Host: colima}},
		"DOCKER_HOST stays unwritten": {tool: Kind, cluster: "dev",
			env: map[string]string{"DOCKER_HOST": "tcp://10.0.0.5:2376"}, loads: true},
		"MicroK8s": {tool: MicroK8s, refused: "takes images from a registry",
			registry: "localhost:32000"},
		"the lab, by hand":    {tool: Lab, refused: "takes images from its registry", registry: "localhost:5000"},
		"a cluster elsewhere": {refused: "would not find images that are only in this machine's Docker Engine"},
		"elsewhere, with a registry": {commands: minikube, given: Delivery{Registry: "registry.your-company.com"},
			engine: rootless},
	} {
		f := fake{commands: c.commands, env: c.env}
		d, err := Deliver(t.Context(), f.machine(), c.tool, c.cluster, c.given)
		if (c.refused != "") != (err != nil) || (err != nil && !strings.Contains(err.Error(), c.refused)) {
			t.Errorf("%s: error = %v, want %q", name, err, c.refused)
		}
		var registry *NoDelivery
		if errors.As(err, &registry); registry != nil && registry.Registry != c.registry {
			t.Errorf("%s: the registry to name is %q, want %q", name, registry.Registry, c.registry)
		}
		if err == nil && (d.Engine != c.engine || (d.Loader != nil) != c.loads || d.Registry != c.given.Registry) {
			t.Errorf("%s: %+v, want the Engine %+v, loaded: %v", name, d, c.engine, c.loads)
		}
	}
}

func TestParseDockerEnv(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Engine
		err  string
	}{
		"recorded": {text: recorded(t, "docker-env.txt"), want: Engine{Host: "tcp://192.168.49.2:2376",
			CertPath: "/home/ana/.minikube/certs"}},
		"quoted": {text: "DOCKER_HOST=\"tcp://192.168.49.2:2376\"\n", want: Engine{Host: "tcp://192.168.49.2:2376"}},
		"spaces": {text: "DOCKER_HOST=tcp://h:1\nDOCKER_TLS_VERIFY=1\nDOCKER_CERT_PATH=/home/a user/certs\n",
			want: Engine{Host: "tcp://h:1", CertPath: "/home/a user/certs"}},
		"no daemon":     {text: "MINIKUBE_ACTIVE_DOCKERD=\n", err: "names no DOCKER_HOST"},
		"no answer":     {text: "", err: "names no DOCKER_HOST"},
		"TLS, no certs": {text: "DOCKER_HOST=tcp://h:1\nDOCKER_TLS_VERIFY=1\n", err: "no DOCKER_CERT_PATH"},
	} {
		got, err := parseDockerEnv(c.text)
		if c.err == "" && (err != nil || got != c.want) {
			t.Errorf("%s: got %+v, %v; want %+v", name, got, err, c.want)
		}
		if c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
			t.Errorf("%s: got error %v, want one that says %q", name, err, c.err)
		}
	}
}

func TestTheEngineIsAskedWhereTheProviderLooks(t *testing.T) {
	for name, c := range map[string]struct {
		engine  Engine
		env     map[string]string
		answers []string
		where   string
		fails   bool
	}{
		"the default socket": {answers: []string{"/var/run/docker.sock"}, where: "unix:///var/run/docker.sock"},
		"Docker Desktop without rights": {answers: []string{"/home/ana/.docker/run/docker.sock"},
			where: "unix:///home/ana/.docker/run/docker.sock"},
		"none": {where: "unix:///var/run/docker.sock", fails: true},
		"by variable": {env: map[string]string{"DOCKER_HOST": "tcp://b:2375"},
			answers: []string{"b:2375"}, where: "tcp://b:2375"},
		"by variable, and another runs": {env: map[string]string{"DOCKER_HOST": "tcp://b:2375"},
			answers: []string{"/var/run/docker.sock"}, where: "tcp://b:2375", fails: true},
		"resolved": {engine: Engine{Host: "unix:///c.sock"}, answers: []string{"/c.sock"},
			where: "unix:///c.sock"},
		"by ssh": {engine: Engine{Host: "ssh://me@builder"}, where: "ssh://me@builder"},
	} {
		f := fake{env: c.env, answers: c.answers}
		where, err := c.engine.Answers(t.Context(), f.machine())
		if where != c.where || (err != nil) != c.fails {
			t.Errorf("%s: %s answers: %v; want %s, failure: %v", name, where, err, c.where, c.fails)
		}
	}
}

// program puts a shell script on PATH. What it is called with ends up in a file.
func program(t *testing.T, dir, name, script string) {
	t.Helper()
	text := "#!/bin/sh\necho \"" + name + " $*${DOCKER_HOST:+ on $DOCKER_HOST}\" >>" + filepath.Join(dir, "calls") +
		"\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestImagesAreLoaded(t *testing.T) {
	const image = "localhost/todo/web:0123"
	k3d := recorded(t, "k3d-clusters.json")
	for name, c := range map[string]struct {
		loader  *Loader
		scripts map[string]string
		calls   []string
		fails   string
	}{
		"kind": {
			loader: &Loader{tool: Kind, cluster: "dev"},
			scripts: map[string]string{"kind": `[ "$1" = get ] && echo dev-control-plane dev-worker dev-external-load-balancer; true`,
				"docker": `[ "$2" = dev-worker ] || echo sha256:1`},
			calls: []string{"kind get nodes --name dev", "docker exec dev-control-plane crictl images --quiet " + image,
				"docker exec dev-worker crictl images --quiet " + image, "kind load docker-image --name dev " + image},
		},
		"kind has it": {
			loader:  &Loader{tool: Kind, cluster: "dev"},
			scripts: map[string]string{"kind": "echo dev-control-plane", "docker": "echo sha256:1"},
			calls:   []string{"kind get nodes --name dev", "docker exec dev-control-plane crictl images --quiet " + image},
		},
		"kind, and the Engine has lost the image": {
			loader: &Loader{tool: Kind, cluster: "dev"},
			scripts: map[string]string{"kind": `[ "$1" = get ] && exit 0
				echo 'ERROR: image: "x" not present locally' >&2; exit 1`},
			calls: []string{"kind get nodes --name dev", "kind load docker-image --name dev " + image},
			fails: `loading localhost/todo/web:0123 into kind dev: ` +
				`kind load docker-image --name dev localhost/todo/web:0123: exit status 1: ERROR: image: "x" not present locally`,
		},
		"k3d, another Engine": {
			loader: &Loader{tool: K3d, cluster: "shop", engine: Engine{Host: "unix:///c.sock"}},
			scripts: map[string]string{"k3d": "[ $2 = list ] && echo '" + strings.TrimSpace(k3d) + "'; true",
				"docker": "exit 1"},
			calls: []string{"k3d cluster list shop -o json on unix:///c.sock",
				"docker exec k3d-shop-server-0 crictl images --quiet " + image + " on unix:///c.sock",
				"k3d image import --cluster shop " + image + " on unix:///c.sock"},
		},
		"Minikube": {
			loader:  &Loader{tool: Minikube, cluster: "work"},
			scripts: map[string]string{"minikube": "echo registry.k8s.io/pause:3.10"},
			calls:   []string{"minikube -p work image ls", "minikube -p work image load --daemon " + image},
		},
		"Minikube has it": {
			loader:  &Loader{tool: Minikube, cluster: "work"},
			scripts: map[string]string{"minikube": "echo registry.k8s.io/pause:3.10; echo " + image},
			calls:   []string{"minikube -p work image ls"},
		},
	} {
		dir := t.TempDir()
		t.Setenv("PATH", dir+string(os.PathListSeparator)+"/usr/bin:/bin")
		t.Setenv("DOCKER_HOST", "")
		for _, tool := range []string{"kind", "k3d", "minikube", "docker"} {
			program(t, dir, tool, c.scripts[tool])
		}
		c.loader.m = This()
		err := c.loader.Load(t.Context(), image)
		if (err == nil) != (c.fails == "") || (err != nil && err.Error() != c.fails) {
			t.Errorf("%s: error = %v, want %q", name, err, c.fails)
		}
		text, err := os.ReadFile(filepath.Join(dir, "calls"))
		if err != nil {
			t.Fatal(err)
		}
		if calls := strings.Split(strings.TrimSpace(string(text)), "\n"); !slices.Equal(calls, c.calls) {
			t.Errorf("%s: called\n  %s\nwant\n  %s", name, strings.Join(calls, "\n  "), strings.Join(c.calls, "\n  "))
		}
	}
}
