package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAnotherProgramsStackIsNotTakenOver(t *testing.T) {
	for name, test := range map[string]struct{ resources, refused string }{
		"empty":                  {"", ""},
		"only the stack":         {`{"type":"pulumi:pulumi:Stack","urn":"urn:pulumi:dev::todo::pulumi:pulumi:Stack::todo-dev"}`, ""},
		"killed before anything": {`{"type":"pulumi:providers:kubernetes","urn":"urn:pulumi:dev::todo::pulumi:providers:kubernetes::todo-kubernetes"}`, ""},
		"this program's":         {`{"type":"kubernetes:core/v1:Namespace","urn":"a"},` + appResource, ""},
		"a tutorial of the same name": {`{"type":"pulumi:pulumi:Stack"},{"type":"aws:s3/bucket:Bucket","urn":"urn:pulumi:dev::todo::aws:s3/bucket:Bucket::photos"}`,
			"has 1 resources of another program, the first urn:pulumi:dev::todo::aws:s3/bucket:Bucket::photos; it is not taken over, nothing was changed."},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Pulumi, _ = fakePulumi(t, aFullStack, `{"deployment":{"resources":[`+test.resources+`]}}`)
			err := ops.checkOwner(t.Context())
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Errorf("error = %v, want %q", err, test.refused)
			}
		})
	}
}

// Two developers of one organization, each with a cluster of their own, share the state of stack dev.
func TestAnotherMachinesStackIsNotTakenOver(t *testing.T) {
	const theirs = `{"deployment":{"resources":[{"urn":"urn:pulumi:dev::todo::t$kubernetes:core/v1:Namespace::todo-namespace","type":"kubernetes:core/v1:Namespace","outputs":{"metadata":{"uid":"theirs"}}}]}}`
	for name, test := range map[string]struct {
		live    string
		known   bool
		refused bool
	}{
		"on another cluster":           {"default u 2026-01-02", false, true},
		"on this cluster":              {"todo-dev theirs 2026-01-02", false, false},
		"this checkout's, which moved": {"default u 2026-01-02", true, false},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
		ops.tools.Pulumi, _ = fakePulumi(t, aFullStack, theirs)
		ops.tools.Kubectl = script(t, "kubectl", "echo '"+test.live+"'")
		err := ops.checkNamespaces(t.Context(), Cluster{Context: "mine"}, test.known)
		if (err != nil) != test.refused || err != nil &&
			!strings.Contains(err.Error(),
				"the state of stack dev is of another cluster: this checkout has never updated it, and mine does not have its namespace") {
			t.Errorf("%s: error = %v, want refused = %v", name, err, test.refused)
		}
	}
}

// A refresh asks the cluster and the daemon of the state, which may be gone or have another address.
func TestARefreshComesAfterTheProviders(t *testing.T) {
	daemon, err := net.Listen("unix", filepath.Join(t.TempDir(), "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	live, dead := "unix://"+daemon.Addr().String(), "unix:///no/such/docker.sock"
	for name, test := range map[string]struct {
		context, host string
		of            int    // the release that a rollback returns to
		want          string // the targets
	}{
		"nothing moved":                   {"here", live, 0, ""},
		"another cluster":                 {"there", live, 0, " --target urn:k"},
		"Minikube's daemon moved":         {"here", dead, 0, " --target urn:d"},
		"both":                            {"there", dead, 0, " --target urn:k --target urn:d"},
		"a rollback's program has no one": {"there", dead, 1, " --target urn:k"},
		"a daemon that only Docker finds": {"here", "ssh://me@builder", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			pulumi, calls := fakePulumi(t, aFullStack, fmt.Sprintf(`{"deployment":{"resources":[
				{"type":"pulumi:providers:kubernetes","urn":"urn:k","inputs":{"context":%q}},
				{"type":"pulumi:providers:docker","urn":"urn:d","inputs":{"host":%q}},
				{"type":"pulumi:providers:random","urn":"urn:r"}]}}`, test.context, test.host))
			ops.tools.Pulumi, ops.tools.Kubectl = pulumi, "kubectl"
			ops.changing = true
			if err := ops.beginRelease(); err != nil {
				t.Fatal(err)
			}
			clusterTools(t, nil)
			if err := ops.release(t.Context(), Cluster{Context: "here"}, test.of); err == nil {
				t.Error("there is no cluster, and the update was called good")
			}
			before, _, refreshed := strings.Cut(calls(), "--skip-preview --refresh")
			_, targets, _ := strings.Cut(before, "Pulumi.dev.yaml --target")
			targets, _, _ = strings.Cut(targets, "\n")
			if targets != "" {
				targets = " --target" + targets
			}
			if targets != test.want || !refreshed {
				t.Errorf("before the refresh %q were updated, want %q:\n%s", targets, test.want, calls())
			}
		})
	}
}

// A preview in a second terminal must not replace what a rollback deploys and records.
func TestAPreviewLeavesTheConfigurationOfARunningCommand(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config: {todo:LOG_LEVEL: INFO}\n"})
	ops.tools.Pulumi, _ = fakePulumi(t, anEmptyStack, emptyState)
	unlock, err := ops.lock("rollback")
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if err := ops.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	const pinned = "config: {todo:LOG_LEVEL: DEBUG}\n"
	if err := ops.writeConfig([]byte(pinned)); err != nil {
		t.Fatal(err)
	}
	preview := &Ops{Root: ops.Root, Stack: "dev", tools: Tools{Pulumi: ops.tools.Pulumi}}
	if err := preview.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(".state/dev/Pulumi.dev.yaml"); err != nil || string(text) != pinned {
		t.Errorf("the rollback's configuration is %q (%v), want %q", text, err, pinned)
	}
	// Whatever happens to the file, the record is what Pulumi was given.
	if err := writeFile(ops.configFile(), []byte("config: {todo:LOG_LEVEL: ERROR}\n")); err != nil {
		t.Fatal(err)
	}
	ops.tools.Pulumi = script(t, "pulumi", `echo '{"namespace":"todo-dev"}'`)
	if err := ops.endRelease(t.Context(), Cluster{UID: "u"}, 1); err != nil {
		t.Fatal(err)
	}
	if text, err := ops.releaseConfig(1); err != nil || string(text) != pinned {
		t.Errorf("the release is recorded with %q (%v), want %q", text, err, pinned)
	}
}

func TestAnUnchangedConfigurationIsNotWrittenAgain(t *testing.T) {
	const written = "config:\n  todo:replicas: \"3\"\n  todo:services: {backend: {enabled: \"true\"}}\nencryptionsalt: v1:abc\n" // as Pulumi leaves it
	for settings, want := range map[string]bool{
		"config:\n  todo:replicas: 3\n  todo:services: {backend: {enabled: true}} # a comment\n":                  true,
		"config:\n  todo:replicas: 4\n  todo:services: {backend: {enabled: true}}\n":                              false,
		"encryptionsalt: v1:other\nconfig:\n  todo:replicas: 3\n  todo:services: {backend: {enabled: true}}\n":    false,
		"secretsprovider: awskms://x\nconfig:\n  todo:replicas: 3\n  todo:services: {backend: {enabled: true}}\n": false,
	} {
		if got := sameSettings([]byte(written), []byte(settings)); got != want {
			t.Errorf("the same: %v, want %v\n%s", got, want, settings)
		}
	}
}

// The first `make env` of a clone prepares the stack, so that `pulumi config set` works before the first make up. It
// needs no cluster and no kubectl.
func TestEnvComesBeforeTheFirstUp(t *testing.T) {
	goMod := ""
	folder := t.TempDir()
	for _, p := range plugins {
		goMod += p.module + " v1.0.0\n"
		if err := os.Symlink(script(t, "plugin", ""), filepath.Join(folder, "pulumi-resource-"+p.name)); err != nil {
			t.Fatal(err)
		}
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "", "go.mod": goMod})
	pulumi, calls := fakePulumi(t, noStacks, emptyState)
	t.Setenv("PATH", filepath.Dir(pulumi)+":"+folder+":/usr/bin:/bin")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "")
	stdout := os.Stdout
	printed, err := os.Create(filepath.Join(folder, "printed"))
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = printed
	err = ops.PrintEnv(t.Context())
	os.Stdout = stdout
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(calls(), "stack init dev --no-select") || !exists(ops.state("passphrase")) {
		t.Errorf("the stack was not prepared:\n%s", calls())
	}
	text, err := os.ReadFile(printed.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"export PULUMI_STACK='dev'",
		"export PULUMI_BACKEND_URL='file://" + ops.state("pulumi") + "'",
		"export PULUMI_CONFIG_PASSPHRASE_FILE='" + ops.state("passphrase") + "'", "unset PULUMI_CONFIG_PASSPHRASE"} {
		if !strings.Contains(string(text), want+"\n") {
			t.Errorf("the shell gets no %q:\n%s", want, text)
		}
	}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "export ") && !strings.HasPrefix(line, "unset ") {
			t.Errorf("a shell would run %q", line)
		}
	}
}
