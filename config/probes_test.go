package config

import (
	"testing"

	"todo/spec"
)

func TestTheStartFitsIntoTheRollout(t *testing.T) {
	tests := map[string]struct {
		rollout, probes string
		want            int
	}{
		"defaults":                  {"", "", spec.DefaultStartupSeconds},
		"an older Pulumi.dev.yaml":  {"200", "", 200}, // no key needs to be changed
		"a start within a rollout":  {"200", `{"startupSeconds":100}`, 100},
		"a longer rollout":          {"3600", "", spec.DefaultStartupSeconds},
		"another field of a probe":  {"300", `{"livenessSeconds":60}`, 300},
		"a start longer than usual": {"", `{"startupSeconds":900}`, 900},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			given := map[string]string{"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000"}
			if test.rollout != "" {
				given["todo:rolloutTimeoutSeconds"] = test.rollout
			}
			if test.probes != "" {
				given["todo:services"] = `{"backend":{"probes":` + test.probes + `}}`
			}
			m, _ := bare("", nil)
			cfg, err := load(t, options{Config: given}, m)
			if err != nil {
				t.Fatal(err)
			}
			if got := cfg.Service(BackendName).Probes.StartupSeconds; got != test.want {
				t.Errorf("a start may take %d s, want %d: it must not end after the rollout", got, test.want)
			}
		})
	}
}
