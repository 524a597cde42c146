//go:build e2e

package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// secretValues are the values of the stack's Secrets, and the password in DATABASE_URL; those of needed must be there.
func secretValues(t *testing.T, needed ...string) map[string]string {
	t.Helper()
	var list struct {
		Items []struct{ Data map[string][]byte }
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "get", "secrets", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, secret := range list.Items {
		for key, value := range secret.Data {
			if len(value) >= 16 {
				values[key] = string(value)
			}
		}
	}
	for _, key := range needed {
		if values[key] == "" {
			t.Fatalf("no Secret has %s: there is nothing to search for", key)
		}
	}
	if u, err := url.Parse(values["DATABASE_URL"]); err == nil {
		if password, _ := u.User.Password(); password != "" {
			values["the password in DATABASE_URL"] = password
		}
	}
	return values
}

func testSecrets(t *testing.T) {
	secrets := secretValues(t, "BETTER_AUTH_SECRET", "DATABASE_URL", "POSTGRES_PASSWORD")
	t.Run("where they belong the search finds them", func(t *testing.T) { searchCanaries(t, secrets) })
	searchOutside(t, secrets)
	t.Run("images", func(t *testing.T) { searchImages(t, newNeedles(secrets)) })
	info, err := os.Stat(filepath.Join(root, ".state", "passphrase"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the passphrase's mode is %v (%v), want 0600", info.Mode(), err)
	}
}

// searchCanaries searches, in the same way, what must hold the secrets: a search that finds none there would find none
// anywhere.
func searchCanaries(t *testing.T, secrets map[string]string) {
	all := newNeedles(secrets)
	for where, found := range map[string]map[string]bool{
		"the Secrets, in base64":    all.in([]byte(kubectl(t, "-n", "todo-dev", "get", "secrets", "-o", "yaml"))),
		"the container's variables": all.in([]byte(kubectl(t, "-n", "todo-dev", "exec", "service/backend", "--", "env"))),
	} {
		for _, key := range []string{"BETTER_AUTH_SECRET", "DATABASE_URL"} {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(found)), func(f string) bool { return strings.HasPrefix(f, key+", ") }) {
				t.Errorf("the search does not find %s in %s, where it is", key, where)
			}
		}
	}
	canary := exec.Command("sh", "-c", "read -r _", secrets["DATABASE_URL"])
	input, err := canary.StdinPipe()
	if err == nil {
		err = canary.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if found := all.in(arguments()); len(found) == 0 {
		t.Error("the search does not find a process that was given a secret as its argument")
	}
	if err := errors.Join(input.Close(), ignoreExit(canary.Wait())); err != nil {
		t.Fatal(err)
	}
}

func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// searchOutside looks for secrets everywhere but in the Secrets and in the images. Each place also has to hold what is known
// to be there: an empty answer would hold no secret either.
func searchOutside(t *testing.T, secrets map[string]string) {
	all := newNeedles(secrets)
	const kinds = `kinds=$(kubectl api-resources --verbs=list --namespaced -o name | grep -v metrics) && `
	for _, place := range []struct{ name, command, known string }{
		{"Pulumi's state", "pulumi stack export -s dev", "todo-backend-deployment"},
		{"Pulumi's history", "pulumi stack history -s dev --json --full-dates", `"update"`},
		{"Pulumi's outputs", "pulumi stack output -s dev --json", "webUrl"},
		{"Pulumi's configuration", "pulumi config -s dev --json", "exposure"},
		{"kubectl describe", kinds + `kubectl -n todo-dev describe $(paste -sd, <<<"$kinds")`, "BETTER_AUTH_SECRET:  "},
		{"kubectl get -o yaml", kinds + `kubectl -n todo-dev get -o yaml --show-managed-fields $(grep -vx secrets <<<"$kinds" | paste -sd,)`, "key: BETTER_AUTH_SECRET"},
		{"events", "kubectl get events -A -o yaml", "kind: Event"},
		{"logs", `for pod in $(kubectl -n todo-dev get pods -o name); do
			kubectl -n todo-dev logs "$pod" --all-containers; kubectl -n todo-dev logs "$pod" --all-containers --previous 2>&1 || true
		done`, "listening on"},
	} {
		t.Run(place.name, func(t *testing.T) {
			out := run(t, "bash", "-c", `set -o pipefail; eval "$(make env)" && `+place.command)
			if !strings.Contains(out, place.known) {
				t.Errorf("it does not hold %q, so it is not what was to be searched:\n%.2000s", place.known, out)
			}
			mustLack(t, all, []byte(out), place.name)
		})
	}
	mustLack(t, all, arguments(), "a process's arguments")
	searched := 0
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return filepath.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		searched++
		mustLack(t, all, text, path)
		return nil
	})
	if err != nil || searched < 50 {
		t.Errorf("only %d files were searched: %v", searched, err)
	}
}

func mustLack(t *testing.T, all *needles, text []byte, where string) {
	t.Helper()
	for found := range all.in(text) {
		t.Errorf("%s holds %s", where, found)
	}
}

// arguments are those of every process on this machine, which on the lab is the node as well. One that ended meanwhile has none.
func arguments() []byte {
	var all []byte
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		panic(err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err == nil {
			all = append(append(all, text...), '\n')
		}
	}
	return all
}

// searchImages looks into every layer of the three images, and into their configurations.
func searchImages(t *testing.T, all *needles) {
	var images map[string]string
	if err := json.Unmarshal([]byte(shell(t, "pulumi stack output -s dev images --json")), &images); err != nil {
		t.Fatal(err)
	}
	for _, image := range images {
		mustLack(t, all, []byte(inspect(t, image, "{{json .}}")), image)
	}
	cmd := exec.Command("docker", append([]string{"save"}, slices.Collect(maps.Values(images))...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	saved, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	// What each image is known to hold: the last two are lines of source that only a layer's content has.
	known := newNeedles(map[string]string{"the backend's source": "src/security.py", "a front end": ".next/", "its content": "JSON Web Tokens; the web verifies"})
	seen, size := map[string]bool{}, 0
	for archive := tar.NewReader(saved); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("reading docker save: %v", err)
		}
		text, err := content(archive)
		if err != nil {
			t.Fatalf("reading %s of docker save: %v", header.Name, err)
		}
		size += len(text)
		mustLack(t, all, text, "the images' "+header.Name)
		for found := range known.in(text) {
			what, _, _ := strings.Cut(found, ", ")
			seen[what] = true
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("docker save: %v: %s", err, &complaint)
	}
	if len(seen) != 3 {
		t.Errorf("of what the images are known to hold only %v was found: they were not searched", slices.Collect(maps.Keys(seen)))
	}
	t.Logf("searched %d MB of layers", size/1_000_000)
}

// content is a part of an image, unpacked where the engine keeps its layers packed.
func content(part io.Reader) ([]byte, error) {
	text, err := io.ReadAll(part)
	if err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		return text, err
	}
	packed, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(packed)
}

// dockerHost is where the stack's images are built.
func dockerHost(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, ".state", "dev", "cluster.json"))
	if err != nil {
		t.Fatal(err)
	}
	var cluster struct{ DockerHost string }
	if err := json.Unmarshal(text, &cluster); err != nil {
		t.Fatal(fmt.Errorf("reading cluster.json: %w", err))
	}
	return cluster.DockerHost
}
