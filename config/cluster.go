package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// stateFolder is git-ignored; it holds what belongs to this machine.
const stateFolder = ".state"

// StagingFolder is where build contexts are put together, relative to Root.
func (c *Config) StagingFolder() string { return filepath.Join(stateFolder, c.Stack, "build") }

// cluster is what `make up` chose for the stack, in .state/<stack>/cluster.json. Explicit configuration wins.
type cluster struct {
	Context    string `json:"context"`
	Kubeconfig string `json:"kubeconfig"`
	Registry   string `json:"registry"`
	DockerHost string `json:"dockerHost"`
	Local      bool   `json:"local"`
	// NodeAddress is where a node is reached from this machine.
	NodeAddress string `json:"nodeAddress"`
	Kind        string `json:"kind"` // a target.Tool, or kubeconfig for a cluster that no tool of this machine runs
}

// chosenCluster reads the choice; without one (no `make up` on this machine) every field is empty. The choice is a
// whole: a stack that names another cluster must not push to the registry of this one.
func (l *loader) chosenCluster() cluster {
	c := l.readCluster()
	if l.text(keyKubeconfig, "") != "" || l.text(keyKubeStack, "") != "" || l.text(keyRenderYAML, "") != "" || l.text(keyKubeconfigPath, c.Kubeconfig) != c.Kubeconfig ||
		l.text(keyKubeContext, c.Context) != c.Context {
		return cluster{}
	}
	return c
}

func (l *loader) readCluster() cluster {
	var c cluster
	name := filepath.Join(stateFolder, l.in.Stack, "cluster.json")
	text, err := os.ReadFile(filepath.Join(l.in.Root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return c
	}
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		l.ps.add(Problem{
			Key: keyKubeContext, Got: fmt.Sprintf("%s cannot be read (%v)", name, err),
			Want: "it must be what make up wrote", Fix: "rm " + name + " && make up",
		})
	}
	return c
}
