//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Component is one process of the lab.
type Component struct {
	Name    string
	After   []string // what must be healthy before this is started
	Command []string
	Files   map[string]string // config files by path, written before it starts
	Health  check
	Grace   time.Duration // between asking it to end and killing it
}

// spec is a hash of all that the component is started with: when it differs from the running process's, `up` restarts it.
func (c Component) spec() string {
	parts := slices.Clone(c.Command)
	for _, path := range sortedKeys(c.Files) {
		parts = append(parts, path, c.Files[path])
	}
	return specHash(parts...)
}

const (
	etcdURL     = "https://127.0.0.1:2379"
	etcdPeerURL = "https://127.0.0.1:2380" // a single member uses none, but etcd cannot be without
	etcdClient  = "apiserver-etcd"
)

// setup is what the components' command lines are made from.
type setup struct {
	Network
	bins     map[string]string // folder of each built tool
	restrict bool              // root lacks CAP_SYS_RESOURCE
	cniBin   string
	patience patience
}

func (u setup) kube(name string) string { return filepath.Join(u.bins["kubernetes"], name) }

// components is the table of everything that runs. Those that read the Node object at their start wait for the kubelet.
func (u setup) components() []Component {
	admin := "--kubeconfig=" + adminConf
	return []Component{
		{Name: "containerd", Grace: 10 * time.Second,
			Command: []string{"containerd", "--config", state("config", "containerd.toml")},
			Files:   map[string]string{state("config", "containerd.toml"): u.containerdConfig(), state("cni", "10-todo-lab.conflist"): u.cniConfig()},
			Health:  dialUnix(criSocket)},

		// A Docker of its own, on a bridge of its own, which leaves iptables alone: two daemons would remove each other's
		// chains. The lab's own rules (network.go) let its containers out.
		{Name: "docker", After: []string{"containerd"}, Grace: 15 * time.Second,
			Command: []string{"dockerd", "--host=unix://" + dockerSocket, "--data-root=" + state("docker"), "--exec-root=" + runDir + "/docker",
				"--pidfile=", "--containerd=" + criSocket, "--config-file=" + state("config", "docker.json"),
				"--bridge=" + dockerBridge, "--iptables=false", "--ip-masq=false", "--ip-forward=false", "--cgroup-parent=/" + cgroupName + "/docker",
				"--exec-opt=native.cgroupdriver=cgroupfs", "--oom-score-adjust=0", "--log-opt=max-size=10m", "--log-opt=max-file=3"},
			Files:  map[string]string{state("config", "docker.json"): dockerConfig},
			Health: getUnix(dockerSocket, "/_ping")},

		{Name: "registry", Grace: 5 * time.Second,
			Command: []string{"docker-registry", "serve", state("config", "registry.yml")},
			Files: map[string]string{state("config", "registry.yml"): fmt.Sprintf(
				"version: 0.1\nlog: {level: warn}\nstorage: {filesystem: {rootdirectory: %s}, delete: {enabled: true}}\nhttp: {addr: 127.0.0.1:5000}\n", state("registry"))},
			Health: get("http://127.0.0.1:5000/v2/")},

		{Name: "etcd", Grace: 10 * time.Second,
			// It holds every Secret, and write access to it is root access. So it takes client certificates only, of an
			// authority that signs no other client.
			Command: []string{"etcd", "--name=" + nodeName, "--data-dir=" + state("etcd"),
				"--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
				"--cert-file=" + pki("etcd.crt"), "--key-file=" + pki("etcd.key"),
				"--client-cert-auth=true", "--trusted-ca-file=" + pki("etcd-ca.crt"),
				"--listen-peer-urls=" + etcdPeerURL, "--initial-advertise-peer-urls=" + etcdPeerURL,
				"--peer-cert-file=" + pki("etcd.crt"), "--peer-key-file=" + pki("etcd.key"),
				"--peer-client-cert-auth=true", "--peer-trusted-ca-file=" + pki("etcd-ca.crt"),
				"--initial-cluster=" + nodeName + "=" + etcdPeerURL},
			Health: getAs(etcdClient, "etcd-ca", etcdURL+"/health")},

		{Name: "kube-apiserver", After: []string{"etcd"}, Grace: 15 * time.Second,
			Command: []string{u.kube("kube-apiserver"), "--etcd-servers=" + etcdURL, "--etcd-cafile=" + pki("etcd-ca.crt"),
				"--etcd-certfile=" + pki(etcdClient+".crt"), "--etcd-keyfile=" + pki(etcdClient+".key"),
				"--service-cluster-ip-range=" + u.Services.String(),
				"--bind-address=127.0.0.1", "--secure-port=6443", "--advertise-address=" + u.NodeIP, "--allow-privileged=true",
				"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction", "--client-ca-file=" + pki("ca.crt"),
				"--tls-cert-file=" + pki("apiserver.crt"), "--tls-private-key-file=" + pki("apiserver.key"),
				"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
				"--service-account-key-file=" + pki("sa.pub"), "--service-account-signing-key-file=" + pki("sa.key"),
				"--kubelet-client-certificate=" + pki("apiserver-kubelet.crt"), "--kubelet-client-key=" + pki("apiserver-kubelet.key"),
				"--kubelet-preferred-address-types=InternalIP", // the node's name is in no DNS
				"--requestheader-client-ca-file=" + pki("front-ca.crt"), "--requestheader-allowed-names=front-proxy",
				"--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group",
				"--requestheader-extra-headers-prefix=X-Remote-Extra-",
				"--proxy-client-cert-file=" + pki("front-proxy.crt"), "--proxy-client-key-file=" + pki("front-proxy.key"),
				"--shutdown-delay-duration=0s", "--profiling=false"},
			Health: get(apiServer + "/readyz")},

		// Elections are off: there is one of each, and a restarted one would wait for the old one's lease.
		{Name: "kube-controller-manager", After: []string{"kube-apiserver"}, Grace: 5 * time.Second,
			Command: []string{u.kube("kube-controller-manager"), "--kubeconfig=" + kubeconfig("controller-manager"), "--bind-address=127.0.0.1", "--leader-elect=false",
				"--service-account-private-key-file=" + pki("sa.key"), "--root-ca-file=" + pki("ca.crt"),
				"--cluster-signing-cert-file=" + pki("ca.crt"), "--cluster-signing-key-file=" + pki("ca.key"),
				"--allocate-node-cidrs=true", "--node-cidr-mask-size=24", "--cluster-cidr=" + u.Pods.String(), "--use-service-account-credentials=true"},
			Health: get("https://127.0.0.1:10257/healthz")},

		{Name: "kube-scheduler", After: []string{"kube-apiserver"}, Grace: 5 * time.Second,
			Command: []string{u.kube("kube-scheduler"), "--kubeconfig=" + kubeconfig("scheduler"), "--bind-address=127.0.0.1", "--leader-elect=false"},
			Health:  get("https://127.0.0.1:10259/healthz")},

		{Name: "kubelet", After: []string{"kube-apiserver", "containerd"}, Grace: 10 * time.Second,
			Command: []string{u.kube("kubelet"), "--config=" + state("config", "kubelet.yaml"), "--kubeconfig=" + kubeconfig("kubelet"),
				"--root-dir=" + state("kubelet"), "--cert-dir=" + state("kubelet", "pki"), "--hostname-override=" + nodeName, "--node-ip=" + u.NodeIP},
			Files:  map[string]string{state("config", "kubelet.yaml"): u.kubeletConfig()},
			Health: all(get("http://127.0.0.1:10248/healthz"), nodeExists)},

		// Without a Node object it goes on after 30 s, and takes the loopback address for the node's.
		{Name: "kube-proxy", After: []string{"kube-apiserver", "kubelet"}, Grace: 5 * time.Second,
			Command: []string{u.kube("kube-proxy"), "--kubeconfig=" + kubeconfig("proxy"), "--cluster-cidr=" + u.Pods.String(), "--proxy-mode=iptables",
				"--hostname-override=" + nodeName, "--healthz-bind-address=127.0.0.1:10256", "--metrics-bind-address=127.0.0.1:10249",
				// Some kernels do not let these be written, and kube-proxy ends when it cannot.
				"--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s", "--conntrack-tcp-timeout-close-wait=0s"},
			Health: get("http://127.0.0.1:10256/livez")},

		{Name: "coredns", After: []string{"kube-apiserver"}, Grace: 5 * time.Second,
			Command: []string{u.kube("coredns"), "-conf", state("config", "Corefile")},
			Files:   map[string]string{state("config", "Corefile"): corefile()},
			Health:  get("http://127.0.0.1:10254/ready")},

		{Name: "kube-router", After: []string{"kube-apiserver", "kubelet"}, Grace: 5 * time.Second,
			Command: []string{u.kube("kube-router"), admin, "--run-firewall=true", "--run-router=false",
				"--run-service-proxy=false", "--hostname-override=" + nodeName, "--service-cluster-ip-range=" + u.Services.String()},
			// Its own answer is good from the first moment on, also when it is about to end.
			Health: all(get("http://127.0.0.1:20244/healthz"), chainExists("KUBE-ROUTER-FORWARD"))},

		{Name: "provisioner", After: []string{"kube-apiserver"}, Grace: 5 * time.Second,
			Command: []string{u.kube("provisioner"), admin, "--name=" + provisionerName, "--node=" + nodeName,
				"--root=" + volumesDir, "--metrics-port=10261"},
			Health: get("http://127.0.0.1:10261/metrics")},

		// On the node's address: the API server reaches it through a Service, which loopback cannot be behind.
		{Name: "metrics-server", After: []string{"kube-apiserver", "kubelet"}, Grace: 5 * time.Second,
			Command: []string{u.kube("metrics-server"), admin, "--authentication-kubeconfig=" + adminConf,
				"--authorization-kubeconfig=" + adminConf, "--kubelet-insecure-tls", "--bind-address=" + u.NodeIP, "--secure-port=4443",
				"--cert-dir=" + state("metrics-server"), "--kubelet-preferred-address-types=InternalIP", "--metric-resolution=15s"},
			Health: get("https://" + u.NodeIP + ":4443/livez")},
	}
}

// localEnv keeps the lab's own traffic away from a proxy that the machine may use.
func (u setup) localEnv(noProxy string) []string {
	own := []string{"localhost", "127.0.0.1", u.NodeIP, u.Pods.String(), u.Services.String(), u.Docker.String(), dnsAddr, ".svc", ".cluster.local"}
	if noProxy != "" {
		own = append([]string{noProxy}, own...)
	}
	value := strings.Join(own, ",")
	env := []string{"NO_PROXY=" + value, "no_proxy=" + value, "KUBECONFIG="}
	if runtime.GOARCH != "amd64" { // etcd 3.4 does not start on another one without it
		env = append(env, "ETCD_UNSUPPORTED_ARCH="+runtime.GOARCH)
	}
	return env
}
