package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplacingDataNeedsAYes(t *testing.T) {
	for answer, want := range map[string]bool{"y\n": true, "YES\n": true, "n\n": false, "\n": false, "": false, "yes please\n": false} {
		if err := confirmed(t.Context(), strings.NewReader(answer), "Replace?"); (err == nil) != want {
			t.Errorf("answer %q: %v, want accepted=%v", answer, err, want)
		}
	}
	null, err := os.Open(os.DevNull) // a character device, as a terminal is
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := confirmed(t.Context(), null, "Replace?"); err == nil || !strings.Contains(err.Error(), "FORCE=1") {
		t.Errorf("without a terminal: %v, want a refusal that names FORCE=1", err)
	}
	t.Setenv("FORCE", "1")
	if err := confirmed(t.Context(), null, "Replace?"); err != nil {
		t.Errorf("FORCE=1: %v", err)
	}
}

func TestOnlyUnaskedDumpsArePruned(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	for i := range keptDumps + 3 {
		day := string(rune('a' + i))
		for _, name := range []string{day + "-before-down.dump", day + ".dump"} {
			if err := writeFile(filepath.Join(ops.stackState("dumps"), name), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := ops.pruneDumps(); err != nil {
		t.Fatal(err)
	}
	unasked, _ := filepath.Glob(filepath.Join(ops.stackState("dumps"), "*-before-*"))
	all, _ := filepath.Glob(filepath.Join(ops.stackState("dumps"), "*"))
	if len(unasked) != keptDumps || len(all) != len(unasked)+keptDumps+3 || strings.HasPrefix(filepath.Base(unasked[0]), "a") {
		t.Errorf("%d unasked dumps of %d are left, want the newest %d and all that were asked for: %v", len(unasked), len(all), keptDumps, unasked)
	}
}

func TestDatabaseVerbsNeedTheStacksOwnDatabase(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:DATABASE_URL:\n    secure: v1:x\n"})
	if err := writeFile(ops.stackState("cluster.json"), []byte(`{"context":"c"}`)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", t.TempDir())
	if err := os.WriteFile(filepath.Join(os.Getenv("PATH"), "kubectl"), []byte("#!/bin/sh\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := ops.DatabaseDump(t.Context()); err == nil || !strings.Contains(err.Error(), "has no database of its own") {
		t.Errorf("error = %v, want one that says whose database it is", err)
	}
}

// After its password was rotated, DATABASE_URL names another role of the database that the stack still runs.
func TestDatabaseVerbsKnowARotatedPassword(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:DATABASE_URL:\n    secure: v1:x\n"})
	if err := writeFile(ops.stackState("cluster.json"), []byte(`{"context":"c"}`)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Dir(script(t, "kubectl", `case "$*" in
		*"get pod database-0"*) echo pod/database-0 ;;
		*"get statefulset/database"*) echo statefulset.apps/database ;;
		*pg_dump*) echo PGDMP ;;
		*) exit 1 ;;
	esac`)))
	file := filepath.Join(t.TempDir(), "todo.dump")
	t.Setenv("FILE", file)
	if err := ops.DatabaseDump(t.Context()); err != nil {
		t.Errorf("make db-dump: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "PGDMP\n" {
		t.Errorf("the dump holds %q (%v)", text, err)
	}
	if err := ops.rescueData(t.Context(), Cluster{}); err != nil {
		t.Errorf("make down: %v", err)
	}
	if kept, _ := filepath.Glob(filepath.Join(ops.stackState("dumps"), "*-before-down.dump")); len(kept) != 1 {
		t.Error("make down keeps no dump of the database that it destroys")
	}
}

// A stack that has moved to a database elsewhere leaves its own one's volume behind: no pod is there that could dump it.
func TestAVolumeWithoutADatabaseIsNotDestroyedUnasked(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:namespace: new\n  todo:DATABASE_URL:\n    secure: v1:x\n"})
	ops.tools.Pulumi = script(t, "pulumi", `echo '{"namespace":"where-it-runs"}'`)
	t.Setenv("PATH", filepath.Dir(script(t, "kubectl", `case "$*" in *"-n where-it-runs get"*) echo persistentvolumeclaim/data-database-0 ;; *) exit 1 ;; esac`)))
	err := ops.rescueData(t.Context(), Cluster{})
	if err == nil || !strings.Contains(err.Error(), "nothing was destroyed") || !strings.Contains(err.Error(), "make down FORCE=1") {
		t.Errorf("error = %v, want make down to stop before the volume", err)
	}
	t.Setenv("FORCE", "1")
	if err := ops.rescueData(t.Context(), Cluster{}); err != nil {
		t.Errorf("make down FORCE=1: %v", err)
	}
}

func TestProductionIsNotDestroyedUnasked(t *testing.T) {
	t.Setenv("STACK", "prod")
	module, err := os.ReadFile("../go.mod") // says which plugins belong to the SDK
	if err != nil {
		t.Fatal(err)
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "go.mod": string(module), "Pulumi.prod.yaml": "config:\n  todo:production: true\n  todo:kubeContext: eks\n"})
	if err := writeFile(ops.stackState("cluster.json"), []byte(`{"kind":"kubeconfig","context":"eks"}`)); err != nil {
		t.Fatal(err)
	}
	installPlugins(t, ops)
	destroyed := filepath.Join(t.TempDir(), "destroyed")
	t.Setenv("PATH", filepath.Dir(script(t, "kubectl", `case "$*" in *get-contexts*) echo eks ;; *) echo https://eks ;; esac`))+":"+filepath.Dir(script(t, "pulumi", `case "$*" in
		"stack ls --json") echo '[{"name":"prod"}]' ;;
		"stack export"*) echo '{"deployment":{}}' ;;
		destroy*) touch `+destroyed+` ;;
	esac`))+":"+os.Getenv("PATH"))
	err = ops.Down(t.Context())
	if err == nil || !strings.Contains(err.Error(), "Destroy the production stack prod") {
		t.Errorf("error = %v, want the question that nobody is there to answer", err)
	}
	if _, err := os.Stat(destroyed); err == nil {
		t.Error("make down has destroyed production without an answer")
	}
}
