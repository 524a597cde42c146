//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"todo/internal/step"
)

// provisionerName ties the StorageClass to the provisioner's process.
const provisionerName = "todo-lab/folder"

// addons is what the cluster needs besides processes. The metrics Service has no selector: its endpoint is a process on
// the node.
//
// A volume is made for the node that a pod has been given to: with Immediate, a pod whose claim was bound at the very moment it was
// looked at could stay Pending for the five minutes after which the scheduler looks again.
func (u setup) addons() string {
	return fmt.Sprintf(`apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: standard
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: %[1]s
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  ports: [{name: https, port: 443, targetPort: 4443}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: metrics-server
  namespace: kube-system
  labels: {kubernetes.io/service-name: metrics-server}
addressType: IPv4
ports: [{name: https, port: 4443, protocol: TCP}]
endpoints: [{addresses: [%[2]q], conditions: {ready: true}}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true # the server makes its own certificate at each start; the way there is this machine
  service: {name: metrics-server, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: system:aggregated-metrics-reader
  labels:
    rbac.authorization.k8s.io/aggregate-to-view: "true"
    rbac.authorization.k8s.io/aggregate-to-edit: "true"
    rbac.authorization.k8s.io/aggregate-to-admin: "true"
rules:
- {apiGroups: [metrics.k8s.io], resources: [pods, nodes], verbs: [get, list, watch]}
`, provisionerName, u.NodeIP)
}

// kubectl runs the lab's own kubectl as admin and returns what it prints.
func (u setup) kubectl(ctx context.Context, input string, args ...string) (string, error) {
	kubectl := filepath.Join(u.bins["kubectl"], "kubectl")
	cmd := exec.CommandContext(ctx, kubectl, append([]string{"--kubeconfig=" + adminConf}, args...)...)
	cmd.Env = append(os.Environ(), u.localEnv(os.Getenv("NO_PROXY"))...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// applyAddons applies the addons; ErrDone when all were up to date. An object of an older lab is replaced when one of its
// fields cannot be changed. A busy API server may refuse a request that it takes the next time.
func (u setup) applyAddons(ctx context.Context, s *step.Step) error {
	var out string
	apply := func(ctx context.Context) (err error) {
		out, err = u.kubectl(ctx, u.addons(), "apply", "--force", "--request-timeout=60s", "-f", "-")
		return err
	}
	if err := waitHealthy(ctx, s, "the addons", u.patience.limit, apply, nil); err != nil {
		return err
	}
	fmt.Fprint(s, out)
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		if !strings.HasSuffix(line, " unchanged") {
			return nil
		}
	}
	return step.ErrDone
}

// waitNode waits until the node is Ready.
func (u setup) waitNode(ctx context.Context, s *step.Step) error {
	if nodeReady(ctx) == nil {
		return step.ErrDone
	}
	return waitHealthy(ctx, s, "the node", u.patience.limit, nodeReady, nil)
}
