package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"todo/internal/step"
)

// Up takes a clone to a running application. Every part finds out for itself what is already done, so an interrupted
// run continues where it was, and a second run changes nothing.
func (o *Ops) Up(ctx context.Context) error {
	if taken := o.portsFree(); taken != nil {
		return errors.Join(o.checkConfig(ctx), taken)
	}
	cluster, err := o.prepareCluster(ctx)
	if err != nil {
		return err
	}
	previous, err := o.RecordCluster(ctx, &cluster)
	if err != nil {
		return err
	}
	moved := previous != "" && previous != cluster.UID
	if moved {
		// Also when this run is refused below, or interrupted: until an update has ended well, each asks what exists.
		if err := o.beginRelease(); err != nil {
			return err
		}
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	if moved {
		if err := o.follow(ctx); err != nil {
			return err
		}
	}
	if err := errors.Join(o.checkNamespaces(ctx, cluster), o.checkAPIs(ctx, cluster)); err != nil {
		return err
	}
	fmt.Printf("▸ pulumi up -s %s\n", o.Stack)
	if err := o.release(ctx, cluster, 0); err != nil {
		return err
	}
	return o.printURLs(ctx)
}

// follow tells Pulumi's state of another cluster than that of the last run, before it is asked what exists: a refresh asks the
// cluster of the state. What ran on the old one stays there.
func (o *Ops) follow(ctx context.Context) error {
	fmt.Println("  The cluster is not the one of the last run; what ran there is left alone.")
	made, _, err := o.madeNamespaces(ctx)
	if err != nil || len(made) == 0 {
		return err
	}
	if err := o.pulumi(ctx, "up", "--yes", "--skip-preview", "--target", "**::"+ownProvider); err != nil {
		return fmt.Errorf("telling the state of stack %s of the cluster: %w", o.Stack, err)
	}
	return nil
}

// release runs `pulumi up`, and makes a release of it when all pods have rolled and the smoke test is good; of is
// the release that it returns to, 0 for a new one. After a failure the doctor has its say, and the way back is named.
func (o *Ops) release(ctx context.Context, cluster Cluster, of int) error {
	args := []string{"up", "--yes", "--skip-preview"}
	// An update that is interrupted while it waits for pods leaves Pulumi's state with what was there before, although the
	// cluster has the change: without a refresh the next update would see nothing to do.
	if o.unfinished() {
		fmt.Println("  What runs is no release (an update that did not end well, make dev, another cluster): asking the cluster what exists.")
		args = append(args, "--refresh")
	}
	if err := o.beginRelease(); err != nil {
		return err
	}
	failed := func(err error) error {
		o.explain(ctx, cluster)
		if all, listErr := o.releases(cluster.UID); listErr == nil && len(all) > 0 && of == 0 && ctx.Err() == nil {
			fmt.Printf("\n  make rollback returns to release %d of %s UTC.\n", all[len(all)-1].Number, all[len(all)-1].Time.Format("2006-01-02 15:04"))
		}
		return err
	}
	if err := o.roll(ctx, cluster, args...); err != nil {
		return failed(err)
	}
	if err := o.startForward(ctx); err != nil {
		return err
	}
	if err := o.Smoke(ctx); err != nil {
		return failed(err)
	}
	return o.endRelease(ctx, cluster, of)
}

// roll runs `pulumi up` with args and waits until all pods have rolled, or evidently cannot.
func (o *Ops) roll(ctx context.Context, cluster Cluster, args ...string) error {
	ctx, stop := o.untilHopeless(ctx, cluster)
	defer stop()
	err := o.pulumi(ctx, args...)
	if err != nil {
		err = fmt.Errorf("pulumi up: %w", err)
	} else {
		err = o.awaitRollout(ctx, cluster)
	}
	var cause hopeless
	if errors.As(context.Cause(ctx), &cause) {
		return cause // what was interrupted has nothing to add
	}
	return err
}

// prepareCluster starts the cluster and, at the same time, gets the tools and compiles the program: the first time on a
// machine that has none of them, each takes minutes, and neither keeps two cores busy alone.
func (o *Ops) prepareCluster(ctx context.Context) (Cluster, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ready := make(chan error, 1)
	go func() { ready <- errors.Join(o.compile(ctx), o.findPulumi(ctx)) }()
	cluster, err := o.ChooseCluster(ctx)
	if err != nil {
		cancel()
		<-ready // it only failed because it was cancelled
		return cluster, err
	}
	if err := <-ready; err != nil {
		return cluster, err
	}
	return cluster, o.findKubectl(ctx)
}

// compile builds the Pulumi program where `pulumi up` would build it and with the same flags, so that the wait has a
// name and the result is used. GOGC is not a flag: with a larger heap the compiler takes a fifth less CPU.
func (o *Ops) compile(ctx context.Context) error {
	return o.steps.Run("Compile the program", func(s *step.Step) error {
		env := []string{"GOGC=400"}
		return s.Command(ctx, o.Root, env, "go", "build", "-v", "-o", filepath.Join("bin", "todo"), ".")
	})
}

// Down destroys the stack and stops what `up` left running beside it. The lab, if there is one, stays.
func (o *Ops) Down(ctx context.Context) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		fmt.Printf("Nothing to destroy: `make up` has not run here for stack %s.\n", o.Stack)
		return nil
	}
	if err != nil {
		return err
	}
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	args := []string{"destroy", "--yes", "--skip-preview"}
	if cluster.gone() {
		fmt.Println("  The lab is not there any more, and all that ran in it went with it: forgetting it in the state too.")
		os.Setenv("PULUMI_K8S_DELETE_UNREACHABLE", "true")
	} else {
		if err := o.printTarget(ctx, cluster); err != nil {
			return err
		}
		if keys.Production {
			if err := confirmed(os.Stdin, "Destroy the production stack "+o.Stack+", with all that runs in it?"); err != nil {
				return err
			}
		}
		if err := o.rescueData(ctx, cluster); err != nil {
			return err
		}
	}
	if err := o.stopForward(); err != nil {
		return err
	}
	if err := o.pulumi(ctx, args...); err != nil {
		return fmt.Errorf("pulumi destroy: %w", err)
	}
	return o.forgetReleases()
}

// Preview shows what Up would change. It starts nothing.
func (o *Ops) Preview(ctx context.Context) error {
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	return o.pulumi(ctx, "preview", "--diff=false")
}

// Outputs is what the program exports; main.go is where the names come from.
type Outputs struct {
	Namespace  string            `json:"namespace"`
	WebURL     string            `json:"webUrl"`
	ChatbotURL string            `json:"chatbotUrl"`
	APIURL     string            `json:"apiUrl"`
	NodePorts  map[string]int    `json:"nodePorts"`
	Images     map[string]string `json:"images"`
}

// Outputs reads the stack's outputs as of its last update.
func (o *Ops) Outputs(ctx context.Context) (Outputs, error) {
	var out Outputs
	cmd := exec.CommandContext(ctx, o.tools.Pulumi, "stack", "output", "--json", "--stack", o.Stack)
	cmd.Dir, cmd.Env = o.Root, o.pulumiEnv()
	text, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("reading the outputs of stack %s: %w%s; is it up? make up", o.Stack, err, stderrOf(err))
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("reading the outputs of stack %s: %w", o.Stack, err)
	}
	if out.Namespace == "" {
		return out, fmt.Errorf("stack %s has no outputs yet: make up", o.Stack)
	}
	return out, nil
}

func (o *Ops) printURLs(ctx context.Context) error {
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	fmt.Println()
	for _, line := range [][2]string{{"Todo", out.WebURL}, {"Chatbot", out.ChatbotURL}, {"API", out.APIURL}} {
		if line[1] != "" { // the service is enabled
			fmt.Printf("  %-9s %s\n", line[0], line[1])
		}
	}
	fmt.Println()
	if len(out.forwards()) > 0 {
		fmt.Print("  make forward   serves these addresses again after a reboot    ")
	}
	fmt.Println("  make down   removes the stack")
	fmt.Printf("  eval \"$(make env)\"   then plain pulumi and kubectl act on this stack and cluster\n")
	return nil
}

// stderrOf is what a failed command said, for the end of an error line.
func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}
