package target

import (
	"strings"
	"testing"
)

func TestEachToolIsRecognisedByItsContext(t *testing.T) {
	for file, want := range map[string]struct {
		tool Tool
		name string
	}{
		"minikube": {Minikube, "minikube"}, "kind": {Kind, "dev"}, "k3d": {K3d, "shop"},
		"docker-desktop": {DockerDesktop, "docker-desktop"}, "orbstack": {OrbStack, "orbstack"},
		"rancher-desktop": {RancherDesktop, "rancher-desktop"}, "colima": {Colima, "colima-work"},
		"microk8s": {MicroK8s, "microk8s-cluster"}, "lab": {Lab, "todo-lab"},
		"renamed": {Kind, "dev"}, // the cluster's entry keeps its name
		"cloud":   {}, "public": {},
	} {
		k := kubeconfig(t, file)
		tool, name := k.Contexts[k.Current].Tool(k.Current)
		if tool != want.tool || name != want.name {
			t.Errorf("%s.yaml: context %s is %q of %q, want %q of %q", file, k.Current, name, tool, want.name, want.tool)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		context, server string
		want            Place
	}{
		{"minikube", "https://192.168.49.2:8443", Local},
		{"kind-test", "https://127.0.0.1:40000", Local},
		{"anything", "https://127.0.0.1:6443", Local},
		{"anything", "https://0.0.0.0:6550", Local},
		{"anything", "https://[::1]:6443", Local},
		{"anything", "https://localhost:6443", Local},
		{"docker-desktop", "https://kubernetes.docker.internal:6443", Local},
		{"vm", "https://192.168.64.7:8443", Private},
		{"eks-private", "https://10.0.12.3", Private},
		{"eks", "https://abc.gr7.eu-west-1.eks.amazonaws.com", Remote},
		{"mini", "https://203.0.113.7:6443", Remote},
		{"minikube-prod", "https://203.0.113.7:6443", Remote},
		{"kind-ci", "https://203.0.113.7:6443", Remote}, // a name proves nothing at a public address
	} {
		if got := (Endpoint{Server: c.server}).Place(c.context); got != c.want {
			t.Errorf("context %s at %s is judged %d, want %d", c.context, c.server, got, c.want)
		}
	}
}

func TestFirstKubeconfigOfTheListWins(t *testing.T) {
	one := "current-context: %\nclusters: [{name: a, cluster: {server: 'https://%'}}]\n" +
		"contexts: [{name: a, context: {cluster: a}}]\n"
	f := fake{files: map[string]string{"/1": strings.ReplaceAll(one, "%", "first"), "/2": strings.ReplaceAll(one, "%",
		"second")}}
	k, read, err := ReadKubeconfig(f.machine(), "/missing", "/1", "/2")
	if err != nil || len(read) != 2 || k.Contexts["a"].Server != "https://first" || k.Current != "first" {
		t.Errorf("got %+v from %v (%v), want the first file's context and current context, as in kubectl", k, read, err)
	}
	f.files["/2"] = "contexts: [{name: a, context: {cluster: b}}]"
	if _, _, err := ReadKubeconfig(f.machine(), "/1", "/2"); err == nil || !strings.Contains(err.Error(),
		"/2 cannot be used: context") {
		t.Errorf("error = %v, want the file that is broken", err)
	}
}

func TestMinikubeProfileOfAnyName(t *testing.T) {
	k, err := ParseKubeconfig([]byte(`{"clusters":[{"name":"p","cluster":{"server":"https://203.0.113.7",
		"extensions":[{"name":"cluster_info","extension":{"provider":"minikube.sigs.k8s.io"}}]}}],"contexts":[{"name":"p","context":{"cluster":"p"}}]}`))
	if tool, name := k.Contexts["p"].Tool("p"); err != nil || tool != Minikube || name != "p" {
		t.Errorf("a profile that Minikube marked is %q of %q (%v)", name, tool, err)
	}
}

func TestHostNetworkOfAnAPIServer(t *testing.T) {
	for server, want := range map[string]string{
		"https://192.168.49.2:8443":  "192.168.49.0/24",
		"https://127.0.0.1:32771":    "", // Docker Desktop: NodePorts are called through a tunnel that ends on the node
		"https://203.0.113.7":        "", // public: never opened for a whole network
		"https://k8s.example.com":    "",
		"https://[fd00::2]:8443":     "",
		"not a URL\x7f":              "",
		"https://host.minikube:8443": "",
	} {
		if got := (Endpoint{Server: server}).Network(); got != want {
			t.Errorf("the network around %q is %q, want %q", server, got, want)
		}
	}
}
