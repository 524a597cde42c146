package config

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// kubeStackOutput is the name that Pulumi's own cluster packages and examples give to it.
const kubeStackOutput = "kubeconfig"

var stackName = regexp.MustCompile(`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`)

// validateKubeStack comes before anything is asked of the other stack.
func (k *Kube) validateStack(ps *problems) {
	if k.Stack == "" {
		return
	}
	if !stackName.MatchString(k.Stack) {
		ps.refuse(keyKubeStack, quoted(k.Stack), "allowed: <organization>/<project>/<stack>; the organization of a file backend is organization", "<organization>/<project>/<stack>")
	}
	if k.Content != "" {
		ps.add(Problem{Key: keyKubeconfig, Got: "set", Want: "kubeStack brings one", Fix: ps.remove(keyKubeconfig)})
	}
	if k.pathGiven {
		ps.add(Problem{Key: keyKubeconfigPath, Got: quoted(k.Path), Want: "kubeStack brings a kubeconfig", Fix: ps.remove(keyKubeconfigPath)})
	}
}

// follow reads the kubeconfig of the stack that made the cluster: a read, which changes nothing.
func (k *Kube) follow(output func(stack, name string) (any, error), ps *problems) {
	want := "the stack must export a kubeconfig: its text, or an object of its shape"
	fix := fmt.Sprintf("pulumi stack output %s -s %s", kubeStackOutput, k.Stack)
	value, err := output(k.Stack, kubeStackOutput)
	if err != nil {
		ps.add(Problem{Key: keyKubeStack, Got: fmt.Sprintf("%s cannot be read: %v", k.Stack, err), Want: want, Fix: fix})
		return
	}
	text, isText := value.(string)
	if !isText && value != nil {
		object, err := json.Marshal(value)
		if err != nil {
			ps.add(Problem{Key: keyKubeStack, Got: "its output is neither text nor an object", Want: want, Fix: fix})
			return
		}
		text = string(object) // JSON is YAML
	}
	if text == "" {
		ps.add(Problem{Key: keyKubeStack, Got: k.Stack + " has no output " + kubeStackOutput, Want: want, Fix: fix, Later: true})
		k.Absent = true
		return
	}
	k.inline, k.Content, k.Path = text, Secret(text), ""
}
