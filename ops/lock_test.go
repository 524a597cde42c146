package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestOneCommandAtATimeChangesAStack(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "", "Pulumi.qa.yaml": ""})
	unlock, err := ops.lock("dev")
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(fmt.Sprintf(`^make dev \(process %d\) has been changing stack dev since \d\d:\d\d: wait for it to end, or stop it with: kill %[1]d$`, os.Getpid()))
	for _, verb := range changing {
		if err := run(t.Context(), []string{verb}); err == nil || !want.MatchString(err.Error()) {
			t.Errorf("make %s beside make dev: %v, want who holds the stack since when", verb, err)
		}
	}
	for _, verb := range []string{"preview", "env", "smoke", "logs"} {
		if _, err := (&Ops{Root: ops.Root, Stack: "dev"}).lock(verb); err != nil {
			t.Errorf("make %s changes nothing, and was refused: %v", verb, err)
		}
	}
	if _, err := (&Ops{Root: ops.Root, Stack: "qa"}).lock("up"); err != nil {
		t.Errorf("another stack was refused: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	// What a killed command has left in the file holds nothing.
	if _, err := (&Ops{Root: ops.Root, Stack: "dev"}).lock("up"); err != nil {
		t.Errorf("the stack is still locked: %v", err)
	}
}

func TestALockThatIsBeingTakenIsNamed(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	if _, err := ops.lock("up"); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(ops.stackState("lock"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Ops{Root: ops.Root, Stack: "dev"}).lock("up"); err == nil ||
		!strings.Contains(err.Error(), "another make command is changing stack dev") {
		t.Errorf("error = %v", err)
	}
}

func TestTheDayIsNamedWhenItIsNotToday(t *testing.T) {
	now := time.Date(2026, 11, 30, 9, 0, 0, 0, time.Local)
	for since, want := range map[time.Time]string{now.Add(-time.Hour): "08:00",
		now.Add(-10 * time.Hour): "2026-11-29 23:00"} {
		if got := clock(since, now); got != want {
			t.Errorf("%v is told as %s, want %s", since, got, want)
		}
	}
}

func TestOnlyADeadRunsLockOfThisMachineIsReleased(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	here, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	const dead = 1 << 30
	for name, test := range map[string]struct {
		host     string
		pid      int
		released bool
	}{
		"dead":              {here, dead, true},
		"alive":             {here, os.Getpid(), false},
		"another user's":    {here, 1, false}, // EPERM, but for root
		"another machine's": {"elsewhere", dead, false},
		"without a process": {here, 0, false},
	} {
		path := filepath.Join(ops.state("pulumi", ".pulumi", "locks", "organization", "todo", "dev"),
			strings.ReplaceAll(name, " ", "-")+".json")
		text, err := json.Marshal(map[string]any{"pid": test.pid, "hostname": test.host})
		if err != nil {
			t.Fatal(err)
		}
		if err := writeFile(path, text); err != nil {
			t.Fatal(err)
		}
		if err := ops.breakDeadLock(); err != nil {
			t.Fatal(err)
		}
		if exists(path) == test.released {
			t.Errorf("%s: released = %v, want %v", name, !exists(path), test.released)
		}
	}
}
