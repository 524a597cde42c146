//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"todo/internal/step"
)

// running says whether a component runs as wanted: the recorded process lives, was started with the same command line
// and files, and its health is good. why names the first thing that is not so.
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

// ensure starts a component unless it runs as wanted. One that is alive but not healthy is given its deadline first: it
// may still be starting, or waiting for one that was just restarted.
func (u setup) ensure(ctx context.Context, s *step.Step, c Component) error {
	r, why := c.running(ctx)
	if why == nil {
		return step.ErrDone
	}
	fmt.Fprintf(s, "%s: %v\n", c.Name, why)
	if r.alive() && r.Spec == c.spec() {
		if waitHealthy(ctx, s, c.Deadline, c.Health, r.alive) == nil {
			return nil
		}
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
	begin := logSize(c.Name)
	if err := start(c.Name, c.Command, u.localEnv(os.Getenv("NO_PROXY")), c.spec()); err != nil {
		return err
	}
	r, _, err := readRecord(c.Name)
	if err != nil {
		return err
	}
	if err := waitHealthy(ctx, s, c.Deadline, c.Health, r.alive); err != nil {
		copyLog(s, c.Name, begin)
		return fmt.Errorf("%w; its log is %s", err, logPath(c.Name))
	}
	return nil
}

// waitHealthy asks until health is good. It gives up at the deadline, and at once when alive (if not nil) says that the
// process is gone. What it waits for goes to the step's log, where a heartbeat shows it.
func waitHealthy(ctx context.Context, s *step.Step, deadline time.Duration, health func(context.Context) error, alive func() bool) error {
	until := time.Now().Add(deadline)
	for last := ""; ; {
		err := health(ctx)
		if err == nil {
			return nil
		}
		if text := "waiting: " + err.Error(); text != last {
			last = text
			fmt.Fprintln(s, text)
		}
		if alive != nil && !alive() {
			return errors.New("it ended by itself")
		}
		if time.Now().After(until) {
			return fmt.Errorf("not healthy after %s: %w", deadline, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func logSize(name string) int64 {
	info, err := os.Stat(logPath(name))
	if err != nil {
		return 0
	}
	return info.Size()
}

// copyLog copies what a component wrote since begin into the step's log, whose end is printed when the step fails.
func copyLog(s *step.Step, name string, begin int64) {
	text, err := os.ReadFile(logPath(name))
	if err != nil {
		fmt.Fprintln(s, err)
		return
	}
	if begin > int64(len(text)) {
		begin = 0
	}
	io.Copy(s, bytes.NewReader(text[begin:]))
}

// startAll starts what does not run, each as soon as those it needs are healthy, side by side. What runs gets no line of
// its own.
func (u setup) startAll(ctx context.Context, printer *step.Printer, title string, components []Component) error {
	done := map[string]chan struct{}{}
	var needed []Component
	for _, c := range components {
		done[c.Name] = make(chan struct{})
		if _, why := c.running(ctx); why == nil {
			close(done[c.Name])
		} else {
			needed = append(needed, c)
		}
	}
	if len(needed) == 0 {
		return printer.Run(title, func(*step.Step) error { return step.ErrDone })
	}
	failed := make(chan error, len(needed))
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
						return nil // the failure is told by the one that failed
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
	var all []error
	for range needed {
		all = append(all, <-failed)
	}
	return errors.Join(all...)
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
