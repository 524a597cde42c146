package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// The real Docker plugin's refresh returns what it was given: only asking finds an image that does not exist any more.
func TestImagesThatAreGoneAreBuiltAgain(t *testing.T) {
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodHead || !strings.Contains(strings.Join(r.Header.Values("Accept"), " "),
			"oci.image.index") {
			t.Errorf("the registry was asked %s %s with %v", r.Method, r.URL, r.Header)
		}
		switch r.URL.Path {
		case "/v2/todo/backend/manifests/here", "/v2/todo/backend/manifests/sha256:0123":
		case "/v2/todo/backend/manifests/broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer registry.Close()
	host := strings.TrimPrefix(registry.URL, "http://")
	image := func(name string, skipPush bool) string {
		return fmt.Sprintf(`{"type":"docker:index/image:Image","urn":"urn:pulumi:dev::todo::x$docker:index/image:Image::todo-backend-image-build","inputs":{"imageName":%q,"skipPush":%v}}`, name, skipPush)
	}
	minikube := Cluster{Kind: "minikube", Context: "work"}
	for name, test := range map[string]struct {
		image   string
		cluster Cluster
		doubt   bool
		again   bool
	}{
		"in the registry":                  {image(host+"/todo/backend:here", false), Cluster{}, true, false},
		"pruned from the registry":         {image(host+"/todo/backend:gone", false), Cluster{}, false, true},
		"a registry that is broken":        {image(host+"/todo/backend:broken", false), Cluster{}, false, false},
		"a registry that is broken, doubt": {image(host+"/todo/backend:broken", false), Cluster{}, true, true},
		"a registry elsewhere": {image("registry.example.com/todo/backend:gone", false), Cluster{}, true,
			false},
		"in Minikube's daemon":    {image("todo/backend:here", true), minikube, true, false},
		"Minikube was made again": {image("todo/backend:gone", true), minikube, false, true},
		"Minikube's daemon does not answer": {image("todo/backend:here", true),
			Cluster{Kind: "minikube", Context: "stopped"}, false, false},
		"the same, after a failed update": {image("todo/backend:here", true),
			Cluster{Kind: "minikube", Context: "stopped"}, true, true},
		"in the daemon that the lab has": {image("todo/backend:lab", true), Cluster{DockerHost: "unix:///lab.sock"},
			true, false},
		"another daemon has it":             {image("todo/backend:lab", true), minikube, false, true},
		"an image that is not of the stack": {`{"type":"other","inputs":"text"}`, Cluster{}, true, false},
		"inputs that are not what they were": {`{"type":"docker:index/image:Image","inputs":{"imageName":1}}`,
			Cluster{}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Pulumi, _ = fakePulumi(t, aFullStack, `{"deployment":{"resources":[`+test.image+`]}}`)
			clusterTools(t, map[string]string{
				"minikube": `[ "$*" = "-p work docker-env --shell none" ] && printf 'DOCKER_TLS_VERIFY=1\nDOCKER_HOST=tcp://work:2376\n' && exit 0; echo 'false exit code 10'; exit 10`,
				"docker": `case "$DOCKER_HOST $*" in
"tcp://work:2376 image inspect"*todo/backend:here | "unix:///lab.sock image inspect"*todo/backend:lab) echo sha256:1 ;;
tcp://work*) echo "Error response from daemon: No such image: $5" >&2; exit 1 ;;
*) echo "Cannot connect to the Docker daemon" >&2; exit 1 ;;
esac`,
			})
			var want []string
			if test.again {
				want = []string{"--replace", "**::todo-backend-image-build"}
			}
			got, err := ops.missingImages(t.Context(), test.cluster, test.doubt)
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%q (%v), want %q", got, err, want)
			}
		})
	}
	t.Run("rollback", func(t *testing.T) {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
		err := ops.haveImages(t.Context(), Cluster{},
			Release{Number: 3, Commit: "abc1234+", Images: map[string]string{"backend": host + "/todo/backend:gone"}})
		if err == nil || !strings.Contains(err.Error(), "release 3 cannot be returned to") ||
			!strings.Contains(err.Error(), "git checkout abc1234 && make up") {
			t.Errorf("error = %v, want the way to build it again", err)
		}
		if err := ops.haveImages(t.Context(), Cluster{},
			Release{Images: map[string]string{"backend": host + "/todo/backend@sha256:0123"}}); err != nil {
			t.Errorf("an image that is there, by its digest: %v", err)
		}
	})
}
