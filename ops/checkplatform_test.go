package main

import (
	"runtime"
	"strings"
	"testing"
)

func TestImagesForNoNodeAreRefused(t *testing.T) {
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	for name, test := range map[string]struct {
		config, nodes string
		local         bool
		want          string
	}{
		"this machine's cluster": {nodes: other, local: true},
		"one's own architecture": {nodes: runtime.GOARCH},
		"two kinds of nodes":     {nodes: other + " " + runtime.GOARCH},
		"a cloud of another":     {nodes: other + " " + other, want: "the images would be for linux/" + runtime.GOARCH + ", and the nodes of cluster c are " + other + "; nothing was changed. Fix: pulumi config set -s dev platform linux/" + other},
		"a platform for nobody":  {config: "todo:platform: linux/" + other, nodes: runtime.GOARCH, local: true, want: "the images would be for linux/" + other},
		"a platform that fits":   {config: "todo:platform: linux/" + other, nodes: other},
		"nodes that are hidden":  {config: "todo:platform: linux/" + other, nodes: ""},
		"manifests only":         {config: "todo:platform: linux/" + other + "\n  todo:renderYaml: out", nodes: runtime.GOARCH},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
		ops.tools.Kubectl = script(t, "kubectl", `[ -n "`+test.nodes+`" ] && echo "`+test.nodes+`"`)
		err := ops.checkPlatform(t.Context(), Cluster{Context: "c", Local: test.local})
		if (err != nil) != (test.want != "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: error = %v, want %q", name, err, test.want)
		}
	}
}
