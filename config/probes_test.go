package config

import (
	"testing"

	"todo/internal/pulumitest"
)

func TestTheStartFitsIntoTheRollout(t *testing.T) {
	tests := map[string]struct {
		given map[string]string
		want  int
	}{
		"defaults": {nil, DefaultStartupSeconds},
		// As older versions of Pulumi.dev.yaml had it: no key needs to be changed.
		"a shorter rollout":              {map[string]string{"todo:rolloutTimeoutSeconds": "200"}, 200},
		"a shorter rollout and a start":  {map[string]string{"todo:rolloutTimeoutSeconds": "200", "todo:services": `{"backend":{"probes":{"startupSeconds":100}}}`}, 100},
		"a longer rollout":               {map[string]string{"todo:rolloutTimeoutSeconds": "3600"}, DefaultStartupSeconds},
		"another field of the same kind": {map[string]string{"todo:rolloutTimeoutSeconds": "300", "todo:services": `{"backend":{"probes":{"livenessSeconds":60}}}`}, 300},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			given := map[string]string{"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000"}
			for key, value := range test.given {
				given[key] = value
			}
			m, _ := bare("", nil)
			cfg, err := load(t, pulumitest.Options{Config: given}, m)
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Backend.Probes.StartupSeconds; got != test.want {
				t.Errorf("a start may take %d s, want %d: it must not end after the rollout", got, test.want)
			}
		})
	}
}
