package doctor

import (
	"strings"
	"testing"
)

// A command without its cluster acts on the kubeconfig's current context, which may be another one.
func TestEveryKubectlCommandNamesItsCluster(t *testing.T) {
	tests := map[string]struct {
		target Target
		want   string
	}{
		"a context": {Target{Context: "minikube"}, "kubectl --context minikube "},
		"a kubeconfig besides": {
			Target{Context: "todo-lab", Kubeconfig: "/var/lib/todo lab/kubeconfig"},
			"kubectl --kubeconfig '/var/lib/todo lab/kubeconfig' --context todo-lab ",
		},
		"an ARN": {
			Target{Context: "arn:aws:eks:eu-west-1:123456789012:cluster/work"},
			"kubectl --context arn:aws:eks:eu-west-1:123456789012:cluster/work ",
		},
		"a quote": {Target{Context: "ann's"}, `kubectl --context 'ann'\''s' `},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			commands := 0
			check := func(r recording, namespace, stack string) {
				target := test.target
				target.Namespace, target.Stack = namespace, stack
				for service, f := range examined(t, r, target) {
					commands += strings.Count(f.Fix, "kubectl ")
					if strings.Count(f.Fix, "kubectl ") != strings.Count(f.Fix, test.want) {
						t.Errorf("%s: %q, want %q each time", service, f.Fix, test.want)
					}
				}
			}
			for _, stack := range []string{"", "dev"} {
				check(load(t, "todo-doctor", asIs), "todo-doctor", stack)
				check(load(t, "todo-doctor-quota", asIs), "todo-doctor-quota", stack)
				check(loadSlow(t, "busy").recording, "todo-dev", stack)
			}
			if commands < 20 {
				t.Errorf("only %d kubectl commands were seen", commands)
			}
		})
	}
}
