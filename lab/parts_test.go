//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"testing"

	"todo/internal/step"
)

// TestAFailureLeavesTheWorkBesideItAlone fails one part while the one beside it still works, and expects that one to
// end by itself: what it makes is in the cache for the next run.
func TestAFailureLeavesTheWorkBesideItAlone(t *testing.T) {
	for _, test := range []struct{ fails, beside string }{
		{"engines", "build"}, {"build", "images"}, {"cluster", "images"},
	} {
		t.Run(test.fails, func(t *testing.T) {
			failed := make(chan struct{})
			ended := false
			part := func(name string) func(context.Context) error {
				return func(ctx context.Context) error {
					switch name {
					case test.fails:
						close(failed)
						return errors.New(name + " failed")
					case test.beside:
						<-failed
						select {
						case <-ctx.Done():
							return ctx.Err()
						default:
						}
						ended = true
					}
					return nil
				}
			}
			p := parts{build: part("build"), engines: part("engines"), images: part("images"), cluster: part("cluster")}
			err := p.run(t.Context(), &step.Printer{Out: &bytes.Buffer{}})
			if err == nil || err.Error() != test.fails+" failed" {
				t.Errorf("error %v, want that of %s alone", err, test.fails)
			}
			if !ended {
				t.Errorf("%s was stopped because %s failed", test.beside, test.fails)
			}
		})
	}
}

func TestAnInterruptStopsAllParts(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	until := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	p := parts{build: until, engines: func(ctx context.Context) error { interrupt(); return until(ctx) }}
	err := p.run(ctx, &step.Printer{Out: &bytes.Buffer{}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	if got := withAdvice(ctx, err, "/logs").Error(); got != "interrupted; "+again {
		t.Errorf("an interrupted run ends with %q", got)
	}
}

func TestARefusalHasAnExitCodeOfItsOwn(t *testing.T) {
	refused := refusal{errors.New("port 6443 is taken")}
	for code, err := range map[int]error{1: errors.New("the build failed"), 2: fmt.Errorf("up: %w", refused)} {
		if got := exitCode(err); got != code {
			t.Errorf("%v: exit code %d, want %d", err, got, code)
		}
	}
}

func TestAClosedTerminalInterruptsUnlessItIsToBeIgnored(t *testing.T) {
	if signal.Ignored(syscall.SIGHUP) {
		t.Skip("the tests were started with nohup")
	}
	if got := interrupts(); !slices.Contains(got, os.Signal(syscall.SIGHUP)) || !slices.Contains(got, os.Interrupt) {
		t.Errorf("interrupts: %v, want SIGHUP among them", got)
	}
	signal.Ignore(syscall.SIGHUP)
	defer signal.Reset(syscall.SIGHUP)
	if got := interrupts(); slices.Contains(got, os.Signal(syscall.SIGHUP)) {
		t.Errorf("interrupts: %v; nohup is not honoured", got)
	}
}

func TestWhatToReadIsTheStepsLogsForOtherFailures(t *testing.T) {
	got := withAdvice(t.Context(), errors.New("Install Debian packages: exit status 100"), "/checkout/logs").Error()
	if !strings.HasSuffix(got, "\n"+again+"; read first: /checkout/logs") {
		t.Errorf("%q does not end with where the logs are", got)
	}
}
