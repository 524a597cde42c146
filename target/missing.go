package target

import (
	"context"
	"slices"
	"strings"
)

// Missing says what became of a local cluster whose context is not in the kubeconfig; "" when no tool knows it. starts
// reports whether make up brings it back.
func Missing(ctx context.Context, m Machine, name string) (why string, starts bool) {
	f := finder{ctx: ctx, m: m}
	report := func(tool Tool, cluster string, clusters []string, known bool) (string, bool) {
		switch {
		case !known:
			return "", false
		case slices.Contains(clusters, cluster):
			return tool.Title() + " has the cluster " + cluster + ", but this kubeconfig has no context of it", tool == Kind
		}
		return tool.Title() + " has no cluster " + cluster + " any more", false
	}
	if cluster, ok := strings.CutPrefix(name, "kind-"); ok {
		clusters, known := f.kindClusters()
		return report(Kind, cluster, clusters, known)
	}
	if cluster, ok := strings.CutPrefix(name, "k3d-"); ok {
		clusters, known := f.k3dClusters()
		return report(K3d, cluster, clusters, known)
	}
	switch state, known := f.minikube(name); {
	case !known: // Minikube is not installed, or the context is not one of its profiles
	case state == gone && name == "minikube":
		return "Minikube has no profile minikube any more", false
	case state == Stopped:
		return "Minikube (profile " + name + ") is stopped: make up starts it", true
	case state == Running:
		return "Minikube (profile " + name + ") runs, but this kubeconfig has no context of it: make up writes it", true
	}
	return "", false
}
