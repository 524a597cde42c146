package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
)

// TestAClusterThatDoesNotStartLeavesTheBuildsAlone ends the choice of a cluster in every way while a build runs. The
// build takes a second more, so that one which is cancelled does not end by itself.
func TestAClusterThatDoesNotStartLeavesTheBuildsAlone(t *testing.T) {
	exits := func(code int) func(context.Context) error {
		return func(context.Context) error {
			return fmt.Errorf("the lab did not start: %w", exec.Command("sh", "-c", fmt.Sprint("exit ", code)).Run())
		}
	}
	tests := map[string]struct {
		choose    func(context.Context) error
		interrupt bool
		ends      bool // the build runs to its end
	}{
		"it starts":                {func(context.Context) error { return nil }, false, true},
		"it fails":                 {exits(1), false, true},
		"the lab refuses":          {exits(labRefused), false, false},
		"the configuration is bad": {func(context.Context) error { return errors.New("kubeContext: not set") }, false, false},
		"it fails by an interrupt": {exits(130), true, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			begun := make(chan struct{})
			var chosen error
			choose := func(ctx context.Context) (Cluster, error) {
				<-begun
				if test.interrupt {
					interrupt()
				}
				chosen = test.choose(ctx)
				return Cluster{}, chosen
			}
			ended := false
			build := func(ctx context.Context) error {
				close(begun)
				if !test.ends {
					<-ctx.Done() // a build of an hour: only the cancelling ends it
					return ctx.Err()
				}
				if err := exec.CommandContext(ctx, "sleep", "1").Run(); err != nil {
					return err
				}
				ended = true
				return nil
			}
			_, err := chooseBesideBuilds(ctx, choose, build)
			if ended != test.ends {
				t.Errorf("the build ended by itself: %t, want %t", ended, test.ends)
			}
			if !errors.Is(err, chosen) || (err == nil) != (chosen == nil) {
				t.Errorf("error %v, want that of the cluster: %v", err, chosen)
			}
		})
	}
}

func TestAFailedBuildIsReportedBesideAFailedCluster(t *testing.T) {
	choose := func(context.Context) (Cluster, error) { return Cluster{}, exec.Command("sh", "-c", "exit 1").Run() }
	build := func(context.Context) error { return errors.New("main.go does not compile") }
	_, err := chooseBesideBuilds(t.Context(), choose, build)
	if err == nil || err.Error() != "main.go does not compile\nexit status 1" {
		t.Errorf("error %v, want both, the cluster's last", err)
	}
}
