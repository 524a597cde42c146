package target

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is how far a local cluster is from being used.
type State int

const (
	Running State = iota
	Stopped       // make up can start it
	Off           // only its own program can start it: see Tool.On
)

// Cluster is one that exists on this machine.
type Cluster struct {
	Tool    Tool
	Name    string // as its tool knows it
	Context string
	State   State
	// Exported is false when the user's kubeconfig has no context of it.
	Exported bool
}

// dialPatience is for an API server on this machine, which accepts or refuses in milliseconds.
const dialPatience = 5 * time.Second

// askPatience is for a tool that lists its clusters (a second at rest).
const askPatience = 30 * time.Second

// Find lists the local clusters: those that the kubeconfig names, and those that their tools know although the
// kubeconfig does not, as a stopped Minikube. A context whose cluster has been deleted is left out.
func Find(ctx context.Context, m Machine, k Kubeconfig) []Cluster {
	f := finder{ctx: ctx, m: m}
	var all []Cluster
	for _, name := range slices.Sorted(maps.Keys(k.Contexts)) {
		e := k.Contexts[name]
		tool, cluster := e.Tool(name)
		if tool == "" || tool == Lab { // the lab has a kubeconfig of its own
			continue
		}
		c := Cluster{Tool: tool, Name: cluster, Context: name, Exported: true}
		// Two contexts of one cluster are one choice: the current one, or else the first.
		same := slices.IndexFunc(all, func(o Cluster) bool { return o.Tool == tool && o.Name == cluster })
		switch {
		case same >= 0 && name == k.Current:
			all[same].Context = name
		case same < 0:
			if c.State = f.state(c, e); c.State != gone {
				all = append(all, c)
			}
		}
	}
	known := func(tool Tool, name string) bool {
		return slices.ContainsFunc(all, func(c Cluster) bool { return c.Tool == tool && c.Name == name })
	}
	if profile := MinikubeProfile(ctx, m); !known(Minikube, profile) {
		if state, _ := f.minikube(profile); state != gone {
			// Its context goes when it is stopped. One that runs without a context is repaired by starting it.
			all = append(all, Cluster{Tool: Minikube, Name: profile, Context: profile, State: Stopped})
		}
	}
	names, _ := f.kindClusters()
	for _, name := range names {
		if !known(Kind, name) {
			all = append(all, Cluster{Tool: Kind, Name: name, Context: "kind-" + name, State: Stopped})
		}
	}
	return all
}

// gone is the state of a context that outlived its cluster.
const gone State = -1

type finder struct {
	ctx context.Context
	m   Machine
}

// state asks the API server first, and the cluster's tool only when that does not answer.
func (f finder) state(c Cluster, e Endpoint) State {
	if Answers(f.ctx, f.m, e) {
		return Running
	}
	listed := func(names []string, known bool) State {
		switch {
		case !known:
			return Off
		case slices.Contains(names, c.Name):
			return Stopped
		}
		return gone
	}
	switch c.Tool {
	case Minikube:
		switch state, known := f.minikube(c.Name); {
		case !known:
			return Off
		case state == Running:
			return Stopped // it says that it runs and does not answer: `minikube start` repairs that
		default:
			return state
		}
	case Kind:
		return listed(f.kindClusters())
	case K3d:
		return listed(f.k3dClusters())
	}
	return Off
}

// Answers reports whether an API server accepts a connection.
func Answers(ctx context.Context, m Machine, e Endpoint) bool {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	return m.Dial(ctx, "tcp", e.dialAddress()) == nil
}

// minikube reads the exit codes of `minikube status`: bits 1, 2 and 4 for what does not run, 85 for a profile that does
// not exist. known is false without Minikube.
func (f finder) minikube(profile string) (state State, known bool) {
	ctx, cancel := context.WithTimeout(f.ctx, askPatience)
	defer cancel()
	_, err := f.m.Run(ctx, "minikube", "-p", profile, "status")
	switch code := exitCode(err); {
	case code == 0:
		return Running, true
	case code > 0 && code < 8:
		return Stopped, true
	case code == noProfile:
		return gone, true
	}
	return gone, false
}

// noProfile is Minikube's exit code for a profile that does not exist.
const noProfile = 85

// kindClusters is `kind get clusters`; known is false when kind is missing or Docker does not run.
func (f finder) kindClusters() (names []string, known bool) {
	ctx, cancel := context.WithTimeout(f.ctx, askPatience)
	defer cancel()
	out, err := f.m.Run(ctx, "kind", "get", "clusters")
	return strings.Fields(string(out)), err == nil // "No kind clusters found." goes to standard error
}

// k3dCluster is the part of `k3d cluster list -o json` that is read here.
type k3dCluster struct {
	Name  string `json:"name"`
	Nodes []struct {
		Name string `json:"name"`
		Role string `json:"role"`
	} `json:"nodes"`
}

func parseK3d(text []byte) ([]k3dCluster, error) {
	var list []k3dCluster
	err := json.Unmarshal(text, &list)
	return list, err
}

func (f finder) k3dClusters() (names []string, known bool) {
	ctx, cancel := context.WithTimeout(f.ctx, askPatience)
	defer cancel()
	out, err := f.m.Run(ctx, "k3d", "cluster", "list", "-o", "json")
	if err != nil {
		return nil, false
	}
	list, err := parseK3d(out)
	for _, c := range list {
		names = append(names, c.Name)
	}
	return names, err == nil
}
