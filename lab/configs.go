//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
)

const (
	podBridge    = "todo-lab-pods" // an interface name has at most 15 characters
	dockerBridge = "todo-lab-docker"
	pauseImage   = "registry.k8s.io/pause:3.10"
)

// containerdConfig keeps all that containerd makes below the lab's folders, so that the machine's own is untouched.
func (u setup) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %q
state = %q
[grpc]
  address = %q
[plugins."io.containerd.internal.v1.opt"]
  path = %q
[plugins."io.containerd.grpc.v1.cri"]
  # Without CAP_SYS_RESOURCE nobody may lower an oom_score_adj, and every pod would fail to start.
  restrict_oom_score_adj = %t
  sandbox_image = %q
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = %q
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = %q
`, state("containerd"), runDir+"/containerd", criSocket, state("containerd", "opt"), u.restrict, pauseImage, runDir+"/runc", u.cniBin, state("cni"))
}

// cniConfig is the pod network of one node: a bridge is enough.
func (u setup) cniConfig() string {
	return fmt.Sprintf(`{
  "cniVersion": "1.0.0",
  "name": %q,
  "plugins": [
    {"type": "bridge", "bridge": %q, "isGateway": true, "ipMasq": true, "hairpinMode": true,
     "ipam": {"type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "%s/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, clusterName, podBridge, state("cni-addresses"), u.Pods.Addr())
}

// kubeletConfig: its numbers are kubelet's defaults where none is given. Images are removed late, because a stand-in
// base image cannot be pulled again; `up` puts it back.
func (u setup) kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
healthzBindAddress: 127.0.0.1
cgroupDriver: cgroupfs
cgroupRoot: /%[2]s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://%[3]s
clusterDNS: [%[4]s]
clusterDomain: cluster.local
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[5]s}}
authorization: {mode: Webhook}
evictionHard: {memory.available: 100Mi, nodefs.available: 1%%, imagefs.available: 1%%}
# Never: base images that were loaded from the lab's Docker cannot be pulled again.
imageGCHighThresholdPercent: 100
containerLogMaxSize: 10Mi
containerLogMaxFiles: 3
podLogsDir: %[6]s
volumePluginDir: %[7]s
`, u.NodeIP, cgroupName, criSocket, dnsAddr, pki("ca.crt"), state("pod-logs"), state("kubelet", "volume-plugins"))
}

// dockerConfig keeps dockerd from reading the machine's own Docker's, and bounds the build cache, to which each change adds.
const dockerConfig = `{"builder": {"gc": {"enabled": true, "defaultKeepStorage": "5GB"}}}` + "\n"

// corefile forwards what is not the cluster's to the machine's own resolver.
func corefile() string {
	return fmt.Sprintf(`.:53 {
  bind %s
  errors
  ready 127.0.0.1:10254
  kubernetes cluster.local in-addr.arpa ip6.arpa {
    kubeconfig %s %s
    fallthrough in-addr.arpa ip6.arpa
  }
  forward . /etc/resolv.conf
  cache 10
}
`, dnsAddr, adminConf, clusterName)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
