package config

import (
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

func TestAnEncryptedValueIsNamedByItsPath(t *testing.T) {
	o := options{Root: pulumitest.Project(t), Secrets: map[string]string{
		"todo:services": `{"backend":{"env":{"STRIPE":"canary"},"uses":["canary"]}}`,
	}}
	pulumitest.Write(t, o.Root, "Pulumi.dev.yaml", `config:
  todo:services:
    backend:
      env: {STRIPE: {secure: v1:abc}, PLAIN: x}
      uses: [database, {secure: v1:abc}]
`)
	m, _ := bare("", nil)
	_, err := load(t, o, m)
	for _, want := range []string{
		"services.backend.env.STRIPE: holds an encrypted value",
		"pulumi config rm -s dev --path services.backend.env.STRIPE && pulumi config set -s dev --secret --path 'secrets.<NAME>'",
		"services.backend.uses[1]: holds an encrypted value", "has 2 problems",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want one that says %q", err, want)
		}
	}
}

func TestASecretInPlainTextBesideAnEncryptedOne(t *testing.T) {
	o := options{Root: pulumitest.Project(t), Config: map[string]string{"todo:services": `{"backend":{"secrets":["A","B"]}}`},
		Secrets: map[string]string{"todo:secrets": `{"A":"canary-a","B":"canary-b"}`}}
	pulumitest.Write(t, o.Root, "Pulumi.dev.yaml", "config:\n  todo:secrets: {A: {secure: v1:abc}, B: canary-b}\n")
	m, _ := bare("", nil)
	_, err := load(t, o, m)
	if err == nil || !strings.Contains(err.Error(), "secrets.B: set in plain text") || strings.Contains(err.Error(), "secrets.A: set") {
		t.Errorf("the error is %v, want one that refuses B, which is in plain text, and not A", err)
	}
}
