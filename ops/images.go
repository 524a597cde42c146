package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Pulumi's state says that an image was built, and not that it still exists: the Docker plugin's refresh returns what
// it was given. After `minikube delete`, `docker system prune` or a new registry every pod would fail to start.

// imagePatience is how long a registry or a daemon of this machine may take to say whether it has an image.
const imagePatience = 20 * time.Second

type found int

const (
	unsure found = iota
	present
	absent
)

// missingImages are the arguments with which `pulumi up` builds again what was built and exists no more. With doubt an
// image counts as missing when nobody can be asked: building it again costs little when it does exist.
func (o *Ops) missingImages(ctx context.Context, c Cluster, doubt bool) ([]string, error) {
	state, err := o.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	var args []string
	for _, r := range state.Resources {
		var inputs struct {
			ImageName string
			SkipPush  bool
		}
		if r.Type != "docker:index/image:Image" || json.Unmarshal(r.Inputs, &inputs) != nil {
			continue
		}
		where := o.dockerHas
		if !inputs.SkipPush {
			where = registryHas
		}
		if has := where(ctx, c, inputs.ImageName); has == absent || has == unsure && doubt {
			if has == absent {
				fmt.Printf("  Image %s does not exist any more: building it again.\n", inputs.ImageName)
			}
			// A pattern and not the URN: Pulumi refuses a URN that its refresh has just removed from the state.
			args = append(args, "--replace", "**::"+r.name())
		}
	}
	return args, ctx.Err()
}

// haveImages refuses a rollback to images that do not exist any more.
func (o *Ops) haveImages(ctx context.Context, c Cluster, r Release) error {
	var errs []error
	for _, service := range slices.Sorted(maps.Keys(r.Images)) {
		ref := r.Images[service]
		where := o.dockerHas
		if registryOf(ref) != "" {
			where = registryHas
		}
		if ref != "" && where(ctx, c, ref) == absent {
			errs = append(errs, fmt.Errorf("release %d cannot be returned to: its image %s does not exist any more; "+
				"nothing was changed. To build it again: git checkout %s && make up",
				r.Number, ref, strings.TrimSuffix(r.Commit, "+")))
		}
	}
	return errors.Join(errs...)
}

// registryOf is the registry in an image's reference, "" when it has none.
func registryOf(ref string) string {
	host, _, more := strings.Cut(ref, "/")
	if !more || !strings.ContainsAny(host, ".:") && host != "localhost" {
		return ""
	}
	return host
}

// registryHas asks a registry of this machine. One elsewhere keeps its images when a cluster goes.
func registryHas(ctx context.Context, _ Cluster, ref string) found {
	host := registryOf(ref)
	name, _, _ := strings.Cut(host, ":")
	if name != "localhost" && name != "127.0.0.1" {
		return present
	}
	repository := strings.TrimPrefix(ref, host+"/")
	i := strings.LastIndexAny(repository, ":@")
	if i < 0 {
		return unsure
	}
	repository, tag := strings.TrimSuffix(repository[:i], "@sha256"), repository[i+1:]
	if strings.Contains(ref, "@sha256:") {
		tag = "sha256:" + tag
	}
	ctx, cancel := context.WithTimeout(ctx, imagePatience)
	defer cancel()
	manifest := "http://" + host + "/v2/" + repository + "/manifests/" + tag
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, manifest, nil)
	if err != nil {
		return unsure
	}
	for _, kind := range []string{
		"docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2",
		"oci.image.manifest.v1", "oci.image.index.v1",
	} {
		request.Header.Add("Accept", "application/vnd."+kind+"+json")
	}
	response, err := (&http.Transport{Proxy: nil}).RoundTrip(request) // no proxy leads to this machine
	if err != nil {
		return unsure
	}
	response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return present
	case http.StatusNotFound:
		return absent
	}
	return unsure
}

// dockerHas asks the Docker daemon that builds the stack's images.
func (o *Ops) dockerHas(ctx context.Context, c Cluster, ref string) found {
	ctx, cancel := context.WithTimeout(ctx, imagePatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "docker", "image", "inspect", "--format", "{{.Id}}", ref)
	cmd.Env = append(os.Environ(), o.dockerEnv(ctx, c)...)
	text, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return present
	case strings.Contains(strings.ToLower(string(text)), "no such image"):
		return absent
	}
	return unsure
}

// dockerEnv are the variables in which the docker command asks the daemon that builds the stack's images.
func (o *Ops) dockerEnv(ctx context.Context, c Cluster) []string {
	if c.DockerHost != "" {
		return []string{"DOCKER_HOST=" + c.DockerHost}
	}
	if c.Kind != "minikube" {
		return nil // the user's own
	}
	text, err := exec.CommandContext(ctx, "minikube", "-p", c.Context, "docker-env", "--shell", "none").Output()
	if err != nil {
		return []string{"DOCKER_HOST=unix:///nonexistent"} // no other daemon may answer for this one
	}
	return strings.Fields(string(text))
}
