package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// chooseBesideBuilds chooses and starts the cluster while the builds run. When the cluster does not start, the builds
// still run to their end: they take minutes, and the next run has them. A refusal ends them, and so does an interrupt.
func chooseBesideBuilds(
	ctx context.Context, choose func(context.Context) (Cluster, error), build func(context.Context) error,
) (Cluster, error) {
	builds, cancel := context.WithCancel(ctx)
	defer cancel()
	built := make(chan error, 1)
	go func() { built <- build(builds) }()
	cluster, err := choose(ctx)
	switch {
	case err == nil:
		return cluster, <-built
	case ctx.Err() != nil || !startFailed(err):
		cancel()
		<-built // it only failed because it was cancelled
		return cluster, err
	}
	select {
	case failed := <-built:
		return cluster, errors.Join(failed, err)
	default:
	}
	fmt.Fprintln(os.Stderr, "  The cluster did not start. The builds continue, so that the next make up has them; "+
		"Ctrl-C stops them.")
	failed := <-built
	if ctx.Err() != nil {
		failed = nil
	}
	return cluster, errors.Join(failed, err)
}

// labRefused is the exit code of a lab that was refused before it changed anything.
const labRefused = 2

// startFailed reports whether a program that starts a cluster failed. After a refusal, by this program or by the lab,
// the user has to change something first, and is told at once.
func startFailed(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit) && exit.ExitCode() != labRefused
}
