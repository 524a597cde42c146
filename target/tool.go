package target

import "strings"

// Tool is a program that runs Kubernetes on a developer's machine. The zero value is none of them: a cluster elsewhere.
type Tool string

const (
	Minikube       Tool = "minikube"
	Kind           Tool = "kind"
	K3d            Tool = "k3d"
	DockerDesktop  Tool = "docker-desktop"
	OrbStack       Tool = "orbstack"
	RancherDesktop Tool = "rancher-desktop"
	Colima         Tool = "colima"
	MicroK8s       Tool = "microk8s"
	Lab            Tool = "lab" // lab/ of this repository
)

// LabContext is the one context of the lab's kubeconfig.
const LabContext = "todo-lab"

// tools says how each writes its contexts. A name that ends in a dash is followed by the cluster's own name.
var tools = []struct {
	tool   Tool
	title  string
	names  []string
	engine string // Docker context of the Engine that its node runs in; "" is a node with an image store of its own
	on     string // how to switch its Kubernetes on, where make up cannot
}{
	{tool: Minikube, title: "Minikube", names: []string{"minikube"}, on: "minikube start"},
	{tool: Kind, title: "kind", names: []string{"kind-"}, on: "start Docker"},
	{tool: K3d, title: "k3d", names: []string{"k3d-"}, on: "k3d cluster start"},
	{tool: DockerDesktop, title: "Docker Desktop", names: []string{"docker-desktop", "docker-for-desktop"},
		engine: "desktop-linux", on: "start Docker Desktop and enable Kubernetes in its settings"},
	{tool: OrbStack, title: "OrbStack", names: []string{"orbstack"}, engine: "orbstack", on: "orb start k8s"},
	{tool: RancherDesktop, title: "Rancher Desktop", names: []string{"rancher-desktop"}, engine: "rancher-desktop",
		on: "start Rancher Desktop and enable Kubernetes in its preferences"},
	{tool: Colima, title: "Colima", names: []string{"colima", "colima-"}, engine: "colima",
		on: "colima start --kubernetes"},
	{tool: MicroK8s, title: "MicroK8s", names: []string{"microk8s", "microk8s-cluster"}, on: "microk8s start"},
	{tool: Lab, title: "the lab", names: []string{LabContext}, on: "make lab-up"},
}

// Title is the tool's name in a sentence.
func (t Tool) Title() string {
	for _, known := range tools {
		if known.tool == t {
			return known.title
		}
	}
	return string(t)
}

func (t Tool) engine() string {
	for _, known := range tools {
		if known.tool == t {
			return known.engine
		}
	}
	return ""
}

// On is how a user switches the tool's Kubernetes on.
func (t Tool) On() string {
	for _, known := range tools {
		if known.tool == t {
			return known.on
		}
	}
	return ""
}

// Tool recognises the tool that wrote a context, and the cluster's name in that tool: a Minikube profile, a kind
// cluster. Renamed contexts are recognised by their cluster. A public address is never a cluster of this machine,
// whatever its name, unless Minikube marked it: its ssh driver can run elsewhere.
func (e Endpoint) Tool(context string) (Tool, string) {
	if e.minikube {
		return Minikube, e.cluster
	}
	if e.nearness() == Remote {
		return "", ""
	}
	for _, name := range []string{e.cluster, context} {
		for _, known := range tools {
			for _, pattern := range known.names {
				rest, found := strings.CutPrefix(name, pattern)
				switch {
				case found && rest == "" && !strings.HasSuffix(pattern, "-"):
					return known.tool, name
				case found && rest != "" && strings.HasSuffix(pattern, "-") && known.tool == Colima:
					return Colima, name // its profile work is colima-work everywhere
				case found && rest != "" && strings.HasSuffix(pattern, "-"):
					return known.tool, rest
				}
			}
		}
	}
	return "", ""
}
