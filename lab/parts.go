//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"

	"todo/internal/step"
)

// again is how a run is continued.
const again = "`make up` (or `make lab-up`) continues where this run stopped"

// parts are the long tasks of `up`. The cluster needs the builds and the engines, the images need the engines.
type parts struct {
	build, engines, images, cluster func(context.Context) error
}

// run runs the parts side by side. A part that fails does not stop the one beside it: what that one makes is in the
// cache, and the next run has it. Only an interrupt, which ends ctx, stops both.
func (p parts) run(ctx context.Context, printer *step.Printer) error {
	built := inBackground(ctx, p.build)
	if err := p.engines(ctx); err != nil {
		return errors.Join(err, letEnd(ctx, printer, "builds", built))
	}
	images := inBackground(ctx, p.images)
	if err := <-built; err != nil {
		return errors.Join(err, letEnd(ctx, printer, "base images", images))
	}
	if err := p.cluster(ctx); err != nil {
		return errors.Join(err, letEnd(ctx, printer, "base images", images))
	}
	return <-images
}

func inBackground(ctx context.Context, task func(context.Context) error) <-chan error {
	result := make(chan error, 1)
	go func() { result <- task(ctx) }()
	return result
}

// letEnd waits for a task beside one that failed, and says so when that takes time.
func letEnd(ctx context.Context, printer *step.Printer, what string, result <-chan error) error {
	select {
	case err := <-result:
		return err
	default:
	}
	if ctx.Err() == nil {
		const note = "    A step failed. The %s continue, so that the next run has them; Ctrl-C stops them.\n"
		fmt.Fprintf(printer.Out, note, what)
	}
	return <-result
}

// withAdvice ends an error with the command to type, and with the log to read first.
func withAdvice(ctx context.Context, err error, logDir string) error {
	if ctx.Err() != nil {
		return errors.New("interrupted; " + again)
	}
	log := logDir // of the steps, with one file for each
	if failed := (*loggedError)(nil); errors.As(err, &failed) {
		log = failed.log
	}
	return fmt.Errorf("%w\n%s; read first: %s", err, again, log)
}
