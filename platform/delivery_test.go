package platform

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// fakeTool is a program on PATH that keeps what it is called with in dir/calls.
func fakeTool(t *testing.T, dir, name, script string) {
	t.Helper()
	text := "#!/bin/sh\necho \"" + name + " $*\" >>" + filepath.Join(dir, "calls") + "\n" + script + "\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

// TestImagesReachEachKindOfCluster runs the whole application on a cluster of each kind of delivery.
func TestImagesReachEachKindOfCluster(t *testing.T) {
	engine := pulumitest.Engine(t)
	for name, c := range map[string]struct {
		context, registry string
		preview           bool
		image             string // prefix of the backend's reference
		skipPush          string
		loads             bool
	}{
		"pushed":                   {context: "cluster", registry: "localhost:5000", image: "localhost:5000/todo/backend:", skipPush: "false"},
		"built in the node":        {context: "docker-desktop", image: "todo/backend:", skipPush: "true"},
		"loaded":                   {context: "kind-dev", image: "localhost/todo/backend:", skipPush: "true", loads: true},
		"a preview loads nothing":  {context: "kind-dev", preview: true, image: "localhost/todo/backend:", skipPush: "true"},
		"a registry wins for kind": {context: "kind-dev", registry: "localhost:5001", image: "localhost:5001/todo/backend:", skipPush: "false"},
	} {
		t.Run(name, func(t *testing.T) {
			bin := t.TempDir()
			fakeTool(t, bin, "docker", `[ "$1 $2" = "context inspect" ] && echo `+engine+`; exit 0`)
			fakeTool(t, bin, "kind", `[ "$1 $2" = "get nodes" ] && echo dev-control-plane; exit 0`)
			t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			t.Setenv("DOCKER_HOST", "")
			o := pulumitest.Options{Root: pulumitest.Project(t), Preview: c.preview, Config: map[string]string{
				"todo:kubeconfigPath": "local", "todo:kubeContext": c.context, "todo:registry": c.registry,
			}}
			pulumitest.Write(t, o.Root, "local", pulumitest.Kubeconfig(map[string]string{c.context: "https://127.0.0.1:6443"}))
			r := runAsGiven(t, o)
			build := r.Get(imageType, "todo-backend-image-build")
			image := build.Text("imageName")
			if !strings.HasPrefix(image, c.image) {
				t.Errorf("the image is %s, want %s…", image, c.image)
			}
			expect(t, build, "skipPush", c.skipPush, "only a registry is pushed to")
			expect(t, r.Get(deploymentType, "todo-backend-deployment"), container+"image", `"`+image+`"`, "pods run what was built")
			if got := r.Get("pulumi:providers:docker", "todo-docker").Text("host"); got != engine {
				t.Errorf("the provider builds at %q, want the endpoint of the Docker context, %q", got, engine)
			}
			text, err := os.ReadFile(filepath.Join(bin, "calls"))
			if err != nil {
				t.Fatal(err)
			}
			calls := strings.Split(strings.TrimSpace(string(text)), "\n")
			if got := slices.Contains(calls, "kind load docker-image --name dev "+image); got != c.loads {
				t.Errorf("loaded into kind: %v, want %v; called\n%s", got, c.loads, text)
			}
		})
	}
}
