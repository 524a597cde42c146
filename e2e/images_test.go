//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
)

// testImageSizes prints how large each image is, alone and on top of its base image, and holds it to its budget.
func testImageSizes(t *testing.T) {
	cmd := exec.Command("bash", "-c", `eval "$(make env)" && exec pulumi stack output -s dev images --json`)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := start(t, cmd); err != nil {
		t.Fatalf("reading the output images: %v\n%s", err, &complaint)
	}
	var images map[string]string
	if err := json.Unmarshal(out.Bytes(), &images); err != nil {
		t.Fatalf("reading the output images: %v\n%s", err, &out)
	}
	var report strings.Builder
	table := tabwriter.NewWriter(&report, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "image\tMB\tbase image\tMB\ton top of it\taim\tbudget\t")
	for service, limit := range map[string]struct{ budget, onTop int }{
		"backend": {500, 120}, "frontend-web": {300, 60}, "frontend-chatbot": {300, 60},
	} {
		base := baseImage(t, service)
		size, below := imageSize(t, images[service]), imageSize(t, base)
		note := ""
		if size-below > limit.onTop {
			note = " ✗"
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%d\t%d%s\t≤ %d\t< %d\t\n", service, size, base, below, size-below, note, limit.onTop, limit.budget)
		if size >= limit.budget {
			t.Errorf("%s has %d MB, and its budget is %d", service, size, limit.budget)
		}
	}
	if err := table.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &report)
}

// baseImage is the default of the argument that a service's Dockerfile starts from.
func baseImage(t *testing.T, service string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "dockerfiles", service+".Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ARG \w+=(\S+)$`).FindSubmatch(text)
	if m == nil {
		t.Fatalf("the Dockerfile of %s has no base image in an ARG", service)
	}
	return string(m[1])
}

// imageSize is an image's size in MB as the Docker Engine that built it counts: all layers, unpacked.
func imageSize(t *testing.T, image string) int {
	t.Helper()
	out := inspect(t, image, "{{.Size}}")
	size, err := strconv.Atoi(strings.TrimSpace(out))
	if err != nil {
		t.Fatalf("the size of %s: %v", image, err)
	}
	return size / 1_000_000
}

// inspect asks the Docker Engine that builds the stack's images about one of them.
func inspect(t *testing.T, image, format string) string {
	t.Helper()
	t.Setenv("DOCKER_HOST", dockerHost(t))
	out, err := try(t, "docker", "image", "inspect", "--format", format, image)
	if err != nil { // BuildKit keeps a base image that it pulled to itself, and an image that was in the registry is not built again
		run(t, "docker", "pull", "--quiet", image)
		out = run(t, "docker", "image", "inspect", "--format", format, image)
	}
	return out
}
