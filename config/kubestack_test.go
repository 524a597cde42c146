package config

import (
	"maps"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

const clusterStack = "your-company/cluster/dev"

func withKubeStack(kubeconfig any, extra map[string]string) options {
	o := options{
		Config:  map[string]string{"todo:kubeStack": clusterStack, "todo:registry": "localhost:5000"},
		Outputs: map[string]any{clusterStack: kubeconfig},
	}
	maps.Copy(o.Config, extra)
	return o
}

func kubeconfigOf(server string) string {
	return "current-context: a\n" + pulumitest.Kubeconfig(map[string]string{"a": server})
}

func TestKubeStack(t *testing.T) {
	m, _ := bare("", nil)
	local := kubeconfigOf("https://127.0.0.1:6443")
	object := map[string]any{
		"current-context": "a",
		"clusters":        []any{map[string]any{"name": "c", "cluster": map[string]any{"server": "https://127.0.0.1:6443"}}},
		"contexts":        []any{map[string]any{"name": "a", "context": map[string]any{"cluster": "c"}}},
	}
	for name, output := range map[string]any{
		"text":   local,
		"object": object,
	} {
		cfg, err := load(t, withKubeStack(output, nil), m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if cfg.Kube.Context != "a" || cfg.Kube.Content == "" || cfg.Kube.Path != "" {
			t.Errorf("%s: the cluster is %+v, want context a of the stack's kubeconfig", name, cfg.Kube)
		}
	}
}

func TestKubeStackRefusals(t *testing.T) {
	m, _ := bare("", nil)
	good := kubeconfigOf("https://127.0.0.1:6443")
	for name, c := range map[string]struct {
		outputs any
		extra   map[string]string
		want    string
	}{
		"remote cluster for dev": {outputs: kubeconfigOf("https://203.0.113.7"), want: `kubeContext: "a" is at https://203.0.113.7`},
		"no such output":         {outputs: nil, want: "kubeStack: " + clusterStack + " has no output kubeconfig"},
		"no such stack":          {outputs: good, extra: map[string]string{"todo:kubeStack": "your-company/cluster/live"}, want: `unknown stack "your-company/cluster/live"`},
		"not a kubeconfig":       {outputs: ": [", want: "kubeconfig: cannot be parsed"},
		"no stack's name":        {outputs: good, extra: map[string]string{"todo:kubeStack": "cluster"}, want: `kubeStack: "cluster"; allowed: <organization>/<project>/<stack>`},
		"and a file":             {outputs: good, extra: map[string]string{"todo:kubeconfigPath": "kubeconfig"}, want: "kubeconfigPath: "},
	} {
		if _, err := load(t, withKubeStack(c.outputs, c.extra), m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	o := withKubeStack(good, nil)
	o.Secrets = map[string]string{"todo:kubeconfig": kubeconfigOf("https://127.0.0.1")}
	if _, err := load(t, o, m); err == nil || !strings.Contains(err.Error(), "kubeconfig: set; kubeStack brings one") {
		t.Errorf("two kubeconfigs: got %v", err)
	}
	o = withKubeStack(nil, nil)
	o.Preview = true
	if cfg, err := load(t, o, m); err != nil || !cfg.Kube.Absent {
		t.Errorf("a preview before the cluster exists ended with %v, want it to go on without a cluster", err)
	}
}
