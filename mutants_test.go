//go:build mutants

package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutants are mistakes that somebody could make: what stands in a file, and what would stand there instead.
var mutants = map[string]struct{ file, good, bad string }{
	"pods may run as root":                     {"components/podsecurity.go", "RunAsNonRoot: pulumi.Bool(true)", "RunAsNonRoot: pulumi.Bool(false)"},
	"the root file system is writable":         {"components/podsecurity.go", "ReadOnlyRootFilesystem:   pulumi.Bool(true)", "ReadOnlyRootFilesystem:   pulumi.Bool(false)"},
	"pods get a token of the API server":       {"components/pod.go", "AutomountServiceAccountToken: pulumi.Bool(false)", "AutomountServiceAccountToken: pulumi.Bool(true)"},
	"a changed secret changes under the pods":  {"components/appsecret.go", "Immutable:  pulumi.Bool(true)", "Immutable:  pulumi.Bool(false)"},
	"a rollout takes a pod away first":         {"components/workload.go", "MaxUnavailable: pulumi.Int(0)", "MaxUnavailable: pulumi.Int(1)"},
	"pods leave without waiting for proxies":   {"components/workload.go", "preStopSeconds = 10", "preStopSeconds = 0"},
	"a drain takes two pods":                   {"components/workload_scaling.go", "MaxUnavailable:             pulumi.Int(1)", "MaxUnavailable:             pulumi.Int(2)"},
	"the backend does not wait for its schema": {"components/workload.go", "pulumi.DependsOn(a.After), rolloutPatience", "rolloutPatience"},
	"a changed migration is not run":           {"components/migration.go", `pulumi.ReplaceOnChanges([]string{"spec"}),`, ""},
	"the database's volume goes with its pod":  {"components/database.go", `WhenDeleted: pulumi.String("Retain")`, `WhenDeleted: pulumi.String("Delete")`},
	"every service reaches the database":       {"platform/flows.go", "if uses.Database {", "if true {"},
	"a secret is put into a ConfigMap":         {"config/load.go", "if in.misplaced(l.file, &l.ps); len(l.ps.list) > 0 {", "if len(l.ps.list) > 0 {"},
	"a service reads every secret":             {"platform/workloads.go", "Secrets: b.secretsOf(s.Secrets)}", "Secrets: b.secrets}"},
	"a service changes before what it calls":   {"platform/workloads.go", "if !b.cfg.Production {", "if true {"},
	"a token goes into an image":               {"build/build.go", "literalToken.MatchString(line) || ", ""},
	"the internet includes the cloud's keys":   {"components/networkpolicies_rules.go", `"169.254.0.0/16", `, ""},
	"another Dockerfile gives the same image":  {"components/contenthash.go", `file(h, "dockerfile", filepath.Join(b.Root, b.Dockerfile))`, `error(nil)`},
	"another base image gives the same image":  {"components/contenthash.go", `field(h, "arg", name, b.Args[name])`, `field(h, "arg", name)`},
	"development changes a remote cluster":     {"config/kube.go", "case !c.Production && where == target.Remote && !k.allowNonLocal:", "case false:"},
	"two services have one node port":          {"config/validate_services.go", "other, taken := nodePorts[s.NodePort]; taken", "other, taken := nodePorts[s.NodePort]; taken && s.NodePort < 0"},
	"a request above its limit is let through": {"config/validate_pods.go", "if okRequest && okLimit && request > limit {", "if okRequest && okLimit && request < 0 {"},
	"production talks to Postgres without TLS": {"config/secrets.go", `case l.needsTLS() && !slices.Contains(encrypted, or(u.Query().Get("sslmode"), u.Query().Get("ssl"))):`, "case false:"},
	"production allows every origin":           {"config/validate.go", `(strings.Contains(origin, "*") || !strings.HasPrefix(origin, "https://"))`, `!strings.HasPrefix(origin, "https://") && origin != "*"`},
	"a placeholder is taken for a secret":      {"config/secrets.go", `"change-me", `, ""},
	"a misspelt field is ignored":              {"config/decode.go", `ps.add(Problem{Key: join(path, name), Got: "unknown field"`, `_ = (Problem{Key: join(path, name), Got: "unknown field"`},
	"pods of no service may call everybody": {"components/networkpolicies.go", `[]string{"Ingress", "Egress"}),
	}); err`, `[]string{"Ingress"}),
	}); err`},
}

// TestMutants makes each mistake, in a copy that only the compiler sees, and expects a test of config, build, components, platform or the program to fail.
func TestMutants(t *testing.T) {
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(m.file)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), m.good); n != 1 {
				t.Fatalf("%s has %d times %s, want it once: the mutant has to follow what it changes", m.file, n, m.good)
			}
			here, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			folder := t.TempDir()
			changed, overlay := filepath.Join(folder, "mutant.go"), filepath.Join(folder, "overlay.json")
			replace, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(here, m.file): changed}})
			if err != nil {
				t.Fatal(err)
			}
			for path, content := range map[string][]byte{changed: []byte(strings.Replace(string(text), m.good, m.bad, 1)), overlay: replace} {
				if err := os.WriteFile(path, content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			build := exec.Command("go", "build", "-overlay", overlay, "./build", "./config", "./components", "./platform")
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("it does not compile: a mutant that no test has to catch:\n%s", out)
			}
			out, err := exec.Command("go", "test", "-overlay", overlay, "./build", "./config", "./components", "./platform", ".").CombinedOutput()
			if err == nil {
				t.Fatal("every test passes: nobody would notice")
			}
			for line := range strings.Lines(string(out)) {
				if strings.Contains(line, "--- FAIL") {
					t.Log(strings.TrimSpace(line))
					return
				}
			}
			t.Errorf("the tests did not run:\n%s", out)
		})
	}
}
