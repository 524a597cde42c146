//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"todo/internal/step"
)

// tempLab puts the lab's folders and cgroups into a temporary folder and returns it.
func tempLab(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for variable, path := range map[*string]string{
		&stateDir: "state", &adminConf: "state/admin.conf", &volumesDir: "state/volumes",
		&runDir: "run", &cgroupMount: "cgroup",
	} {
		old := *variable
		*variable = filepath.Join(dir, path)
		t.Cleanup(func() { *variable = old })
	}
	for path, text := range map[string]string{"cgroup/cgroup.controllers": "pids\n", "state/keep": ""} {
		if err := writeFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fake is a component made of a shell script. It is healthy when it has made the file `healthy`; the file `starts` has
// one line for each start.
func fake(t *testing.T, dir, script string) Component {
	t.Helper()
	healthy := filepath.Join(dir, "healthy")
	c := Component{Name: "fake", Grace: time.Minute,
		Command: []string{"sh", "-c", "cd " + dir + "; echo x >>starts; n=$(wc -l <starts); " + script},
		Health: func(context.Context) error {
			_, err := os.Stat(healthy)
			return err
		}}
	t.Cleanup(func() {
		if r, ok, err := readRecord(c.Name); err == nil && ok {
			if err := r.stop(context.Background(), c.Grace); err != nil {
				t.Error(err)
			}
		}
	})
	return c
}

// inStep runs do as a step and returns what is printed, the step's whole log, and the error.
func inStep(t *testing.T, do func(*step.Step) error) (printed, log string, err error) {
	t.Helper()
	var out bytes.Buffer
	printer := &step.Printer{Out: &out, LogDir: t.TempDir()}
	err = printer.Run("Start fake", do)
	text, readErr := os.ReadFile(filepath.Join(printer.LogDir, "start-fake.log"))
	if readErr != nil {
		t.Fatal(readErr)
	}
	return out.String(), string(text), err
}

func starts(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "starts"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(text), "\n")
}

func TestStartOfAComponent(t *testing.T) {
	quick := patience{limit: 5 * time.Minute, recent: 5 * time.Minute, starts: 4, pause: time.Millisecond}
	tests := map[string]struct {
		script   string
		patience patience
		starts   int      // 0: any number
		log      []string // of the step
		fails    string   // "" for a start that works
	}{
		"it ends twice before it is healthy": {
			script:   `echo "start $n: node not found"; [ $n -lt 3 ] && exit 7; touch healthy; exec sleep 600`,
			patience: quick, starts: 3,
			log: []string{"start 1: node not found", "start 2: node not found",
				"fake ended before it was healthy (exit status 7): start 3 of at most 4"},
		},
		"it always ends": {
			script:   `echo "start $n: no such flag"; exit 7`,
			patience: quick, starts: 4,
			log:   []string{"start 1: no such flag", "start 4: no such flag"},
			fails: "it ended 4 times before it was healthy, the last time with exit status 7; its log is ",
		},
		"it always ends, and the time is over": {
			script:   `echo "start $n: no such flag"; exit 7`,
			patience: patience{limit: time.Second, starts: 1000, pause: time.Millisecond},
			log:      []string{"no such flag"},
			fails:    "the last time with exit status 7; its log is ",
		},
		"it is killed": {
			script:   `kill -9 $$`,
			patience: quick, starts: 4,
			fails: "the last time with signal: killed",
		},
		"it is slow, but alive": {
			script:   `sleep 2; touch healthy; exec sleep 600`,
			patience: quick, starts: 1,
			log: []string{"waiting for fake: "},
		},
		"it is alive, and never healthy": {
			script:   `echo "no quorum"; exec sleep 600`,
			patience: patience{limit: 2 * time.Second, starts: 4, pause: time.Millisecond}, starts: 1,
			log:   []string{"no quorum"},
			fails: "not healthy after 2s: ",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tempLab(t)
			c := fake(t, dir, test.script)
			u := setup{patience: test.patience}
			printed, log, err := inStep(t, func(s *step.Step) error { return u.ensure(t.Context(), s, c) })
			if n := starts(t, dir); test.starts > 0 && n != test.starts {
				t.Errorf("it was started %d times, want %d", n, test.starts)
			}
			for _, want := range test.log {
				if !strings.Contains(log, want) {
					t.Errorf("the step's log lacks %q:\n%s", want, log)
				}
			}
			if test.fails == "" {
				if _, why := c.running(t.Context()); err != nil || why != nil {
					t.Errorf("the start failed: %v; the component: %v", err, why)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.fails) {
				t.Errorf("error %v, want one with %q", err, test.fails)
			}
			lines := strings.Split(withAdvice(t.Context(), err, "/logs").Error(), "\n")
			if last := lines[len(lines)-1]; !strings.Contains(last, "`make up`") || !strings.HasSuffix(last, logPath("fake")) {
				t.Errorf("the last line is %q: it does not name the command to type and the log to read", last)
			}
			for _, want := range test.log {
				if !strings.Contains(printed, want) {
					t.Errorf("%q is not printed, although the step failed:\n%s", want, printed)
				}
			}
		})
	}
}

func TestUpWaitsForAComponentThatStillStarts(t *testing.T) {
	dir := tempLab(t)
	c := fake(t, dir, `sleep 2; touch healthy; exec sleep 600`)
	if _, _, err := start(c.Name, c.Command, nil, c.spec()); err != nil { // by a run that was interrupted
		t.Fatal(err)
	}
	before, _, err := readRecord(c.Name)
	if err != nil {
		t.Fatal(err)
	}
	u := setup{patience: patience{limit: 5 * time.Minute, recent: 5 * time.Minute, starts: 1}}
	if _, log, err := inStep(t, func(s *step.Step) error { return u.ensure(t.Context(), s, c) }); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if after, _, err := readRecord(c.Name); err != nil || after.PID != before.PID {
		t.Errorf("a component that only needed time was restarted: pid %d, then %d (%v)", before.PID, after.PID, err)
	}
}

func TestAnInterruptLeavesAStartingComponentAlone(t *testing.T) {
	dir := tempLab(t)
	c := fake(t, dir, `exec sleep 600`)
	if _, _, err := start(c.Name, c.Command, nil, c.spec()); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	health := c.Health
	c.Health = func(ctx context.Context) error { interrupt(); return health(ctx) }
	u := setup{patience: patience{limit: 5 * time.Minute, recent: 5 * time.Minute, starts: 1}}
	_, _, err := inStep(t, func(s *step.Step) error { return u.ensure(ctx, s, c) })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	if r, ok, err := readRecord(c.Name); err != nil || !ok || !r.alive() {
		t.Errorf("the interrupt ended the component (%v)", err)
	}
}

func TestAStoppedProcessIsWaitedFor(t *testing.T) {
	dir := tempLab(t)
	c := fake(t, dir, `touch healthy; exec sleep 600`)
	u := setup{patience: patience{limit: 5 * time.Minute, starts: 1}}
	var stopped Record
	health := c.Health
	asked := 0
	c.Health = func(ctx context.Context) error { // as a test of the running lab does it: SIGSTOP, and later SIGCONT
		if asked++; asked == 1 {
			stopped, _, _ = readRecord(c.Name)
			syscall.Kill(stopped.PID, syscall.SIGSTOP)
		}
		if asked < 5 {
			return errors.New("no answer")
		}
		syscall.Kill(stopped.PID, syscall.SIGCONT)
		return health(ctx)
	}
	if _, log, err := inStep(t, func(s *step.Step) error { return u.ensure(t.Context(), s, c) }); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if r, _, err := readRecord(c.Name); err != nil || r.PID != stopped.PID {
		t.Errorf("the stopped process was replaced: pid %d, then %d (%v)", stopped.PID, r.PID, err)
	}
}

func TestOneFailureIsReportedOnce(t *testing.T) {
	dir := tempLab(t)
	bad := fake(t, dir, `exit 1`)
	slow := bad
	slow.Name, slow.Command = "slow", []string{"sleep", "600"}
	next := bad
	next.Name, next.After = "next", []string{"slow"}
	t.Cleanup(func() {
		if r, ok, _ := readRecord(slow.Name); ok {
			r.stop(context.Background(), time.Minute)
		}
	})
	u := setup{patience: patience{limit: 5 * time.Minute, starts: 2, pause: time.Millisecond}}
	printer := &step.Printer{Out: &bytes.Buffer{}, LogDir: t.TempDir()}
	err := u.startAll(t.Context(), printer, "Start all", []Component{bad, slow, next})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "Start fake: ") {
		t.Errorf("error %q, want one line about the component that failed", fmt.Sprint(err))
	}
}
