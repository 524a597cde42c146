// Package step prints the steps of a long task as a person wants to read them: one line when a step starts, its
// seconds when it ends, a heartbeat in between, and the end of its log when it fails.
//
//	▸ Building Kubernetes v1.34.4
//	    1m30s  k8s.io/kubernetes/pkg/kubelet
//	✓ Building Kubernetes v1.34.4  (277.4 s)
package step

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// startAfter is how long a step may take before the line that it has started is printed. One that finds its work done
// ends sooner and has one line, not two.
const startAfter = 200 * time.Millisecond

// Heartbeat is how often a running step says that it is alive, and with which line of its log.
const Heartbeat = 15 * time.Second

// TailLines is how much of a failed step's log is printed.
const TailLines = 30

// grace is how long a command that was told to stop may take before it is killed.
var grace = 10 * time.Second

// ErrDone is returned by a step that found its work already done; it counts as success.
var ErrDone = errors.New("already done")

// Printer runs steps one after another or side by side, and writes their lines to Out and their logs below LogDir.
type Printer struct {
	Out    io.Writer
	LogDir string

	mu sync.Mutex
}

// New returns a Printer on standard output whose logs are files in logDir, which is created when the first step starts.
func New(logDir string) *Printer { return &Printer{Out: os.Stdout, LogDir: logDir} }

// Step is one running step. Whatever it writes goes to its log; the last line written is what a heartbeat shows.
type Step struct {
	file *os.File

	mu   sync.Mutex
	last []byte
}

// Write appends to the step's log.
func (s *Step) Write(p []byte) (int, error) {
	s.mu.Lock()
	if line := lastLine(p); len(line) > 0 {
		s.last = append(s.last[:0], line...)
	}
	s.mu.Unlock()
	return s.file.Write(p)
}

// Command runs a program to its end with its output in the step's log. When ctx ends, the program and its children get
// SIGTERM, and after grace those that are left are killed: they are in a process group of their own, which no terminal
// reaches. env is added to this process's environment; dir "" means the current folder.
func (s *Step) Command(ctx context.Context, dir string, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = s, s
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = grace
	fmt.Fprintf(s, "$ %s %s\n", name, strings.Join(args, " "))
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err() // that it was stopped says more than how it ended
		if cmd.Process != nil {
			if killErr := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); killErr != nil &&
				!errors.Is(killErr, syscall.ESRCH) {
				err = errors.Join(err, fmt.Errorf("killing what %s started: %w", name, killErr))
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return nil
}

// Run runs one step. The line that ends it carries its seconds, or "already done" when do returns ErrDone. When do
// fails, and not because it was interrupted, the last TailLines lines of its log are printed with the log's path, and the
// error is returned with the name.
func (p *Printer) Run(name string, do func(*Step) error) error {
	if err := os.MkdirAll(p.LogDir, 0o755); err != nil {
		return fmt.Errorf("%s: creating the log folder: %w", name, err)
	}
	path := filepath.Join(p.LogDir, slug(name)+".log")
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("%s: creating its log: %w", name, err)
	}
	defer file.Close()

	s := &Step{file: file}
	start := time.Now()
	stop := p.progress(name, s, start)
	err = do(s)
	stop()

	switch {
	case err == nil:
		p.printf("✓ %s  (%.1f s)\n", name, time.Since(start).Seconds())
		return nil
	case errors.Is(err, ErrDone):
		p.printf("✓ %s  (already done)\n", name)
		return nil
	case errors.Is(err, context.Canceled):
		p.printf("– %s  (stopped after %.1f s)\n", name, time.Since(start).Seconds())
		return fmt.Errorf("%s: %w", name, err)
	default:
		fmt.Fprintf(file, "error: %v\n", err)
		end := tail(path)
		if full := syscall.ENOSPC; strings.Contains(end, full.Error()) && !errors.Is(err, full) {
			err = fmt.Errorf("%w: %w", err, full) // which is the reason, whatever the program made of it
		}
		p.printf("✗ %s  (%.1f s): %v\n%s    whole log: %s\n", name, time.Since(start).Seconds(), err, end, path)
		return fmt.Errorf("%s: %w", name, err)
	}
}

// progress prints that the step has started, and then its last log line every Heartbeat, until the returned function is
// called.
func (p *Printer) progress(name string, s *Step, start time.Time) (stop func()) {
	done := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		next := time.NewTimer(startAfter)
		defer next.Stop()
		for started := false; ; started = true {
			select {
			case <-done:
				return
			case <-next.C:
			}
			if next.Reset(Heartbeat); !started {
				p.printf("▸ %s\n", name)
				continue
			}
			s.mu.Lock()
			last := string(s.last)
			s.mu.Unlock()
			p.printf("    %s  %s\n", time.Since(start).Round(time.Second), clip(last, 100))
		}
	})
	return func() { close(done); wait.Wait() }
}

// printf writes whole lines, so that steps running side by side do not mix theirs.
func (p *Printer) printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.Out, format, args...)
}

// tail returns the end of a log, indented; a log that cannot be read says so instead.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Sprintf("    (its log cannot be read: %v)\n", err)
	}
	lines := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(lines) > TailLines {
		lines = lines[len(lines)-TailLines:]
	}
	return "    │ " + strings.Join(lines, "\n    │ ") + "\n"
}

func lastLine(p []byte) []byte {
	p = bytes.TrimRight(p, "\r\n")
	if i := bytes.LastIndexAny(p, "\r\n"); i >= 0 {
		p = p[i+1:]
	}
	return bytes.TrimSpace(p)
}

func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// slug turns a step's name into a file name.
func slug(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name), "-")
}
