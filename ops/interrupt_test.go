package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slowPulumi does not end at an interrupt before the file "built" exists; its plugin has a process group of its own. It is
// run by another process, which gets the signals.
const slowPulumi = `cd "$FOLDER"
trap 'echo interrupted >>said' INT
setsid sh -c 'trap "" INT; echo $$ >plugin; while [ ! -e built ]; do sleep 0.05; done' &
echo $$ >started
while [ ! -e built ]; do sleep 0.05; done
echo saved >>said`

// TestTheProcessThatGetsTheSignals is not a test: it is what the tests below send signals to.
func TestTheProcessThatGetsTheSignals(t *testing.T) {
	pulumi := os.Getenv("SLOW_PULUMI")
	if pulumi == "" {
		t.Skip("run by the tests of interrupts")
	}
	ctx, stop := untilStopped(context.Background())
	cmd := exec.Command(pulumi)
	ownGroup(cmd)
	err := runToEnd(ctx, cmd, false)
	fmt.Fprintf(os.Stderr, "ended: %v, because: %v\n", err, context.Cause(ctx))
	stop()
	os.Exit(7)
}

func TestAnInterruptedPulumiIsWaitedFor(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid makes the plugin's process group")
	}
	for name, signal := range map[string]syscall.Signal{"Ctrl-C": syscall.SIGINT, "kill": syscall.SIGTERM,
		"a closed terminal": syscall.SIGHUP, "a closed pipe": syscall.SIGPIPE} {
		t.Run(name, func(t *testing.T) {
			p := startSlow(t)
			p.signal(t, signal)
			p.says(t, "said", "interrupted")
			if text := p.stderr(t); !strings.Contains(text,
				"waiting for Pulumi to finish the step it is in (a build may take minutes); press Ctrl-C again to kill it") {
				t.Errorf("nothing says what is waited for:\n%s", text)
			}
			if err := os.WriteFile(filepath.Join(p.folder, "built"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			p.end(t)
			p.says(t, "said", "saved")
			if said := p.read(t, "said"); strings.Count(said, "interrupted") != 1 {
				t.Errorf("Pulumi was interrupted more than once, and leaves its step at the second:\n%s", said)
			}
			if text := p.stderr(t); !strings.Contains(text, "because: stopped by signal: "+signal.String()) {
				t.Errorf("the reason is lost:\n%s", text)
			}
		})
	}
}

func TestTheSecondInterruptLeavesNoOrphan(t *testing.T) {
	if _, err := exec.LookPath("setsid"); err != nil {
		t.Skip("setsid makes the plugin's process group")
	}
	p := startSlow(t)
	p.signal(t, syscall.SIGINT)
	p.says(t, "said", "interrupted")
	time.Sleep(sameMoment) // two signals within it are one
	p.signal(t, syscall.SIGINT)
	p.end(t)
	if strings.Contains(p.read(t, "said"), "saved") {
		t.Error("Pulumi was not killed")
	}
	for _, file := range []string{"started", "plugin"} {
		pid, err := strconv.Atoi(strings.TrimSpace(p.read(t, file)))
		if err != nil {
			t.Fatal(err)
		}
		comesTrue(t, "the process of "+file+" ends", func() error {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !zombie(pid) {
				return fmt.Errorf("process %d lives (%v)", pid, err)
			}
			return nil
		})
	}
}

// zombie reports whether a process has ended and its parent has not asked for it: in a container nobody may.
func zombie(pid int) bool {
	text, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(text), []byte("Z"))
}

// slow is a process that waits for slowPulumi.
type slow struct {
	folder string
	cmd    *exec.Cmd
	ended  chan error
}

func startSlow(t *testing.T) *slow {
	t.Helper()
	p := &slow{folder: t.TempDir(), ended: make(chan error, 1)}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Create(filepath.Join(p.folder, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(self, "-test.run=TestTheProcessThatGetsTheSignals")
	p.cmd.Env = append(os.Environ(), "SLOW_PULUMI="+script(t, "pulumi", slowPulumi), "FOLDER="+p.folder)
	p.cmd.Stderr = log
	ownGroup(p.cmd)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(func() { os.WriteFile(filepath.Join(p.folder, "built"), nil, 0o600) }) // ends what a failed test leaves
	p.says(t, "started", "")
	p.says(t, "plugin", "")
	return p
}

func (p *slow) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *slow) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(text)
}

func (p *slow) stderr(t *testing.T) string { t.Helper(); return p.read(t, "stderr") }

func (p *slow) says(t *testing.T, name, want string) {
	t.Helper()
	comesTrue(t, name+" has "+want, func() error {
		if text := p.read(t, name); !strings.Contains(text, want+"\n") && (want != "" || text == "") {
			return fmt.Errorf("it has %q; %s", text, p.read(t, "stderr"))
		}
		return nil
	})
}

func (p *slow) end(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.ended:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 7 {
			t.Errorf("it was ended by its signal, and waited for nothing: %v\n%s", err, p.stderr(t))
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
}

func TestATreeOfProcesses(t *testing.T) {
	got := fmt.Sprint(tree("  1 0\n 10 1\n 11 10\n 12 10\n 13 11\n 20 1\nnoise\n", 10))
	if got != "[10 11 12 13]" {
		t.Errorf("the tree is %s, want the process and its descendants, parents first", got)
	}
}

func TestUnprintableLinesAreStillRead(t *testing.T) {
	closed, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	lines := strings.NewReader(strings.Repeat("a line\n", 10000))
	if err := printWithout(closed, lines, "noise"); err == nil {
		t.Error("that nothing was printed is not reported")
	}
	if lines.Len() > 0 {
		t.Errorf("%d bytes were not read: Pulumi would wait forever to write them", lines.Len())
	}
}
