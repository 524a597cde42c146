package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is wrong with the machine is said in a line, and leaves nothing half made.
func TestAMachineThatIsNotWell(t *testing.T) {
	file := func(t *testing.T, path string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		damage func(*testing.T, *Ops)
		pulumi string
		want   []string
	}{
		"a home that cannot be written": {
			func(t *testing.T, _ *Ops) { file(t, os.Getenv("PULUMI_HOME")) }, "",
			[]string{"Pulumi cannot write to its folder",
				"nothing was changed. Fix: export PULUMI_HOME=<a folder that you can write to>"},
		},
		"a file in the place of the state": {
			func(t *testing.T, o *Ops) { file(t, o.state("pulumi")) }, "",
			[]string{"creating the state backend: mkdir ", "/.state/pulumi: not a directory"},
		},
		"a backend that cannot be reached": {
			func(t *testing.T, _ *Ops) { t.Setenv("PULUMI_BACKEND_URL", "s3://me") },
			`printf 'error: could not list bucket: dial tcp: lookup s3: no such host\nsecond line\n' >&2; exit 255`,
			[]string{"the state backend of stack dev, s3://me, cannot be read: could not list bucket: dial tcp: lookup s3: no such host; second line; check the network, and the login with: pulumi login 's3://me'"},
		},
		"a stack that cannot be made": {
			func(*testing.T,
				*Ops) {
			}, `case "$*" in "stack ls"*) echo '[]' ;; *) echo 'error: no quota' >&2; exit 255 ;; esac`,
			[]string{"creating stack dev in file://", "error: no quota"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Pulumi = script(t, "pulumi", test.pulumi)
			test.damage(t, ops)
			err := ops.PrepareStack(t.Context())
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error = %v, want one line with %q", err, want)
				}
			}
			if exists(ops.stackState("backend")) {
				t.Error("the home of a stack that was not made is recorded")
			}
			if left, err := filepath.Glob(ops.stackState("init-*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v (%v)", left, err)
			}
		})
	}
}

func TestAdvice(t *testing.T) {
	for _, test := range []struct {
		err  error
		want string
	}{
		{&os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, "the disk is full: df -h"},
		{&os.PathError{Op: "write", Path: "/x", Err: syscall.EROFS}, "read-only"},
		{&os.PathError{Op: "open", Path: "/x", Err: syscall.EACCES}, "sudo chown"},
		{errors.New("tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2019-01-01T00:00:00Z is before 2026"), "is the clock right?"},
		{errors.New("no such stack"), ""},
	} {
		if got := advice(test.err); !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("%v: the advice is %q, want %q", test.err, got, test.want)
		}
	}
}

func TestDamagedFilesAreNamedWithTheCommand(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	for _, path := range []string{ops.stackState("cluster.json"), ops.stackState("releases/0001/release.json")} {
		if err := writeFile(path, []byte("{")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := ops.Cluster(); err == nil || !strings.Contains(err.Error(), "cluster.json is damaged") ||
		!strings.Contains(err.Error(), "make up") {
		t.Errorf("cluster.json: %v", err)
	}
	if _, err := ops.releases("u"); err == nil ||
		!strings.Contains(err.Error(), "rm -r "+filepath.Dir(ops.stackState("releases/0001/release.json"))) {
		t.Errorf("a release: %v, want the command that removes it", err)
	}
}
