//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"todo/internal/step"
)

// running reports whether a component runs as wanted: the recorded process lives, was started with the same command
// line and files, and is healthy. why names the first condition that does not hold.
func (c Component) running(ctx context.Context) (r Record, why error) {
	r, ok, err := readRecord(c.Name)
	switch {
	case err != nil:
		return r, err
	case !ok:
		return r, errors.New("not started")
	case !r.alive():
		return r, fmt.Errorf("pid %d is gone", r.PID)
	case r.Spec != c.spec():
		return r, errors.New("its configuration changed since it was started")
	}
	return r, c.Health(ctx)
}

// patience bounds the start of a component.
type patience struct {
	limit  time.Duration // how long a component that is alive may take to be healthy
	recent time.Duration // how long it may take when its limit is over already
	starts int           // how often a component is started that ends before it is healthy
	pause  time.Duration // before the second start; each further one is twice as long, up to longestPause
}

// startPatience suits a machine that is ten times slower than an idle one: the API server is ready after 8 s there. A
// component that cannot start at all is reported after a minute and a half of pauses.
var startPatience = patience{limit: 10 * time.Minute, recent: time.Minute, starts: 8, pause: time.Second}

const longestPause = 30 * time.Second

// left is what remains of the limit for a process that runs since then.
func (p patience) left(since time.Time) time.Duration {
	return max(p.limit-time.Since(since), p.recent)
}

// ensure starts a component unless it runs as wanted. One that is alive but not healthy gets the rest of its time
// first: it may still be starting, or wait for one that was just restarted.
func (u setup) ensure(ctx context.Context, s *step.Step, c Component) error {
	r, why := c.running(ctx)
	if why == nil {
		return step.ErrDone
	}
	fmt.Fprintf(s, "%s: %v\n", c.Name, why)
	if r.alive() && r.Spec == c.spec() {
		err := waitHealthy(ctx, s, c.Name, u.patience.left(r.Since), c.Health, r.alive)
		if err == nil || ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(s, "%s: %v; starting it again\n", c.Name, err)
	}
	if r.alive() {
		if err := r.stop(ctx, c.Grace); err != nil {
			return err
		}
	}
	for _, path := range sortedKeys(c.Files) {
		if err := writeFile(path, []byte(c.Files[path]), 0o644); err != nil {
			return err
		}
	}
	return u.launch(ctx, s, c)
}

// launch starts a component and waits until it is healthy. One that ends before that is started again after a pause:
// it may have given up on another component that a busy machine had not brought up yet.
func (u setup) launch(ctx context.Context, s *step.Step, c Component) error {
	until := time.Now().Add(u.patience.limit)
	pause := u.patience.pause
	for n := 1; ; n++ {
		begin := logSize(c.Name)
		r, ended, err := start(c.Name, c.Command, u.localEnv(os.Getenv("NO_PROXY")), c.spec())
		if err != nil {
			return err
		}
		err = waitHealthy(ctx, s, c.Name, time.Until(until), c.Health, r.alive)
		if err == nil || ctx.Err() != nil {
			return err
		}
		copyLog(s, c.Name, begin)
		if !errors.Is(err, errEnded) {
			return &loggedError{err, logPath(c.Name)}
		}
		how := <-ended
		if n == u.patience.starts || time.Now().Add(pause).After(until) {
			err = fmt.Errorf("it ended %d times before it was healthy, the last time with %s", n, how)
			return &loggedError{err, logPath(c.Name)}
		}
		fmt.Fprintf(s, "%s ended before it was healthy (%s): start %d of at most %d in %s\n",
			c.Name, how, n+1, u.patience.starts, pause)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// loggedError is a failure whose reason is in a log.
type loggedError struct {
	error
	log string
}

func (e *loggedError) Error() string { return fmt.Sprintf("%v; its log is %s", e.error, e.log) }
func (e *loggedError) Unwrap() error { return e.error }

// errEnded is what waitHealthy returns for a process that is gone.
var errEnded = errors.New("it ended by itself")

// waitHealthy asks until health is good, until the limit is over, or until alive (if not nil) reports that the process
// is gone. What it waits for goes to the step's log, where a heartbeat shows it.
func waitHealthy(
	ctx context.Context, s *step.Step, what string, limit time.Duration, health check, alive func() bool,
) error {
	until := time.Now().Add(limit)
	pause := 200 * time.Millisecond
	for last := ""; ; {
		// Before its health: what answers on the port of a process that is gone is another one.
		if alive != nil && !alive() {
			return errEnded
		}
		err := health(ctx)
		if err == nil {
			return nil
		}
		if text := fmt.Sprintf("waiting for %s: %v", what, err); text != last {
			last = text
			fmt.Fprintln(s, text)
		}
		if time.Now().After(until) {
			return fmt.Errorf("not healthy after %s: %w", limit.Round(time.Second), err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(pause*11/10, 2*time.Second) // each answer costs a busy machine time
	}
}

func logSize(name string) int64 {
	info, err := os.Stat(logPath(name))
	if err != nil {
		return 0
	}
	return info.Size()
}

// logTail is how much of a component's log is copied when it ends.
const logTail = 16 << 10

// copyLog copies the end of what a component wrote since begin into the step's log, whose end is printed when the step
// fails.
func copyLog(s *step.Step, name string, begin int64) {
	file, err := os.Open(logPath(name))
	if err != nil {
		fmt.Fprintln(s, err)
		return
	}
	defer file.Close()
	size := logSize(name)
	if begin > size { // it was set aside and begun again
		begin = 0
	}
	begin = max(begin, size-logTail)
	if _, err := io.Copy(s, io.NewSectionReader(file, begin, size-begin)); err != nil {
		fmt.Fprintln(s, err)
	}
}

// startAll starts the components that do not run, side by side, each as soon as those it needs are healthy. Those that
// run get no line of their own; when all do, one line with the title says so, unless that is empty.
func (u setup) startAll(ctx context.Context, printer *step.Printer, title string, components []Component) error {
	done := map[string]chan struct{}{}
	var needed []Component
	for i, why := range whyNotRunning(ctx, components) {
		c := components[i]
		done[c.Name] = make(chan struct{})
		if why == nil {
			close(done[c.Name])
		} else {
			needed = append(needed, c)
		}
	}
	if len(needed) == 0 {
		if title == "" {
			return nil
		}
		return printer.Run(title, func(*step.Step) error { return step.ErrDone })
	}
	failed := make(chan error, len(needed))
	interrupted := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for _, c := range needed {
		go func() {
			failed <- func() error {
				for _, need := range c.After {
					ready, ours := done[need]
					if !ours {
						continue // started before
					}
					select {
					case <-ready:
					case <-ctx.Done():
						return nil // the one that failed reports it
					}
				}
				if err := printer.Run("Start "+c.Name, func(s *step.Step) error { return u.ensure(ctx, s, c) }); err != nil {
					cancel()
					return err
				}
				close(done[c.Name])
				return nil
			}()
		}()
	}
	var errs []error
	for range needed {
		// Those that were only stopped because another one failed have nothing to add.
		if err := <-failed; interrupted.Err() != nil || !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// whyNotRunning asks all components at once: one that hangs takes the whole of healthTimeout.
func whyNotRunning(ctx context.Context, components []Component) []error {
	why := make([]error, len(components))
	var wait sync.WaitGroup
	for i, c := range components {
		wait.Go(func() { _, why[i] = c.running(ctx) })
	}
	wait.Wait()
	return why
}

// pick returns the components of these names, or all the others.
func pick(all []Component, names []string, in bool) []Component {
	return slices.DeleteFunc(slices.Clone(all), func(c Component) bool { return slices.Contains(names, c.Name) != in })
}

// hasSysResource says whether root holds CAP_SYS_RESOURCE, capability 24.
func hasSysResource(status string) bool {
	for line := range strings.Lines(status) {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			var caps uint64
			if _, err := fmt.Sscanf(strings.TrimSpace(hex), "%x", &caps); err == nil {
				return caps&(1<<24) != 0
			}
		}
	}
	return false
}
