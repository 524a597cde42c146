package platform

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"todo/internal/pulumitest"
)

const kubeProvider = "pulumi:providers:kubernetes"

// The plugin replaces a provider whose identifier is another one, and a provider without one when the cluster's entry in the
// kubeconfig is another; with the provider it replaces the namespace, which is the live one.
func TestNoKubeconfigReplacesTheNamespace(t *testing.T) {
	kubeconfig := func(context, server string) string {
		return "current-context: " + context + "\n" + pulumitest.Kubeconfig(map[string]string{context: server})
	}
	text := func(context, server string) pulumitest.Options {
		return pulumitest.Options{Secrets: map[string]string{"todo:kubeconfig": kubeconfig(context, server)}}
	}
	of := func(stack string) pulumitest.Options {
		return pulumitest.Options{Config: map[string]string{"todo:kubeStack": stack}, Outputs: map[string]resource.PropertyMap{
			stack: {"kubeconfig": resource.NewProperty(kubeconfig("a", "https://127.0.0.1:6443"))},
		}}
	}
	for name, o := range map[string]pulumitest.Options{
		"text":                         text("a", "https://127.0.0.1:6443"),
		"text after a rotation":        text("a", "https://127.0.0.1:7443"),
		"text with a renamed context":  text("b", "https://127.0.0.1:6443"),
		"another stack":                of("your-company/cluster/dev"),
		"another stack, renamed":       of("your-company/clusters/dev"),
		"a file":                       {Config: map[string]string{"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "todo-lab"}},
		"another context of that file": {Config: map[string]string{"todo:kubeconfigPath": "kubeconfig", "todo:kubeContext": "minikube"}},
	} {
		o.Root = pulumitest.Project(t)
		if o.Config == nil {
			o.Config = map[string]string{}
		}
		o.Config["todo:registry"] = "localhost:5000"
		expect(t, runStack(t, o).Get(kubeProvider, "todo-kubernetes"), "clusterIdentifier", `"todo-dev"`, name+": a stack keeps one identifier")
	}
}
