package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// checkPlatform refuses images for another architecture than any node has: their pods would fail with "exec format error". Nodes
// that may not be listed are no reason to refuse. A cluster of this machine has the machine's architecture, which is the default.
func (o *Ops) checkPlatform(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil || keys.RenderYAML != "" || (keys.Platform == "" && c.Local) {
		return err
	}
	wanted := runtime.GOARCH
	if keys.Platform != "" {
		_, wanted, _ = strings.Cut(keys.Platform, "/")
	}
	text, err := o.kubectl(ctx, c, "get", "nodes", "--request-timeout=30s", "-o", `jsonpath={.items[*].status.nodeInfo.architecture}`)
	if err != nil {
		return nil
	}
	nodes := slices.Compact(slices.Sorted(slices.Values(strings.Fields(text))))
	if len(nodes) == 0 || slices.Contains(nodes, wanted) {
		return nil
	}
	return fmt.Errorf("the images would be for linux/%s, and the nodes of cluster %s are %s; nothing was changed. Fix: pulumi config set -s %s platform linux/%s",
		wanted, c.Context, strings.Join(nodes, ", "), o.Stack, nodes[0])
}
