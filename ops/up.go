package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"todo/internal/services"
	"todo/internal/step"
	kube "todo/target"
)

// Up takes a clone to a running application. Every part finds out for itself what is already done, so an interrupted
// run continues where it was, and a second run changes nothing.
func (o *Ops) Up(ctx context.Context) error {
	if err := o.portsFree(); err != nil {
		return err
	}
	if _, err := o.home(); err != nil { // before a cluster is started
		return err
	}
	cluster, err := o.prepareCluster(ctx)
	if err != nil {
		return err
	}
	known := o.updatedBefore() || forget()
	previous, err := o.RecordCluster(ctx, &cluster)
	if err != nil {
		return err
	}
	if previous != "" && previous != cluster.UID {
		fmt.Println("  The cluster is not the one of the last run; what ran there is left alone.")
		// Also when this run is refused below, or interrupted: until an update has ended well, each asks what exists.
		if err := o.beginRelease(); err != nil {
			return err
		}
	}
	if err := o.PrepareStack(ctx); err != nil {
		return err
	}
	if err := o.checkOwner(ctx); err != nil {
		return err
	}
	if err := errors.Join(o.checkNamespaces(ctx, cluster, known), o.checkAPIs(ctx, cluster), o.checkPlatform(ctx, cluster)); err != nil {
		return err
	}
	if forget() {
		if err := o.beginRelease(); err != nil {
			return err
		}
	}
	fmt.Printf("▸ pulumi up -s %s\n", o.Stack)
	if err := o.release(ctx, cluster, 0); err != nil {
		return err
	}
	return o.printURLs(ctx)
}

// forget reports that the user has said that a cluster which does not answer is not coming back.
func forget() bool { return os.Getenv("FORGET") != "" }

// release runs `pulumi up`, and makes a release of it when all pods have rolled and the smoke test is good; of is
// the release that it returns to, 0 for a new one. After a failure the doctor has its say, and the way back is named.
func (o *Ops) release(ctx context.Context, cluster Cluster, of int) error {
	args := []string{"up", "--yes", "--skip-preview"}
	// An update that is interrupted while it waits for pods leaves Pulumi's state with what was there before, although the
	// cluster has the change: without a refresh the next update would see nothing to do.
	refresh := o.unfinished()
	if refresh {
		fmt.Println("  The last update did not complete (or came from `make dev`, or another cluster): " +
			"running with --refresh.")
		if err := o.updateProviders(ctx, cluster, of == 0); err != nil {
			return err
		}
		args = append(args, "--refresh")
	}
	if of == 0 { // a rollback builds nothing
		missing, err := o.missingImages(ctx, cluster, refresh)
		if err != nil {
			return err
		}
		args = append(args, missing...)
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
	if err := o.smokeRelease(ctx); err != nil {
		return failed(err)
	}
	return o.endRelease(ctx, cluster, of)
}

// updateProviders tells the state where the cluster and the Docker daemon are now, before a refresh, which asks those
// of the state: after a move to another cluster, or a restart that gave the daemon another address, they are gone.
func (o *Ops) updateProviders(ctx context.Context, c Cluster, builds bool) error {
	state, err := o.snapshot(ctx)
	if err != nil {
		return err
	}
	urns := state.movedProviders(ctx, c, builds)
	if len(urns) == 0 {
		return nil
	}
	args := []string{"up", "--yes", "--skip-preview", "--color", "never", "--stack", o.Stack, "--config-file",
		o.configFile()}
	for _, urn := range urns {
		args = append(args, "--target", urn)
	}
	o.stateChanges()
	return o.steps.Run("Update where the state finds the cluster", func(s *step.Step) error {
		return o.pulumiStep(ctx, s, args...)
	})
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
	var by stopped
	switch {
	case errors.As(context.Cause(ctx), &cause):
		return cause // what was interrupted has nothing to add
	case errors.As(context.Cause(ctx), &by):
		return fmt.Errorf("pulumi up was %w; make up continues from there", by)
	}
	return err
}

// prepareCluster starts the cluster and, at the same time, gets the tools and compiles the program: the first time on a
// machine that has none of them, each takes minutes, and neither keeps two cores busy alone.
func (o *Ops) prepareCluster(ctx context.Context) (Cluster, error) {
	o.choice = newLabChoice()
	choose := func(ctx context.Context) (Cluster, error) {
		cluster, err := o.ChooseCluster(ctx)
		o.choice.set(cluster.Kind == string(kube.Lab) || cluster.Context == kube.LabContext)
		return cluster, err
	}
	builds := func(ctx context.Context) error { return errors.Join(o.compile(ctx), o.findPulumi(ctx)) }
	cluster, err := chooseBesideBuilds(ctx, choose, builds)
	if err != nil {
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

// Preview shows what Up would change. It starts nothing.
func (o *Ops) Preview(ctx context.Context) error {
	if err := o.findPulumi(ctx); err != nil {
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

	KubeContext string `json:"kubeContext"`

	URLs  map[string]string `json:"urls"`  // by public service; nil in a stack of an earlier release, which has the three above
	Smoke *SmokePlan        `json:"smoke"` // the same
}

// SmokePlan is what the smoke test asks besides the probes.
type SmokePlan struct {
	Journey bool // the reference application's: sign up, add a task, sign out
	Checks  []struct {
		Service, Path string
		Status        int
	}
}

// address is a public service's URL.
type address struct{ service, label, url string }

// addresses are the stack's URLs: of the three known services first.
func (out Outputs) addresses() []address {
	all := []address{{services.Web, "Todo", out.WebURL}, {services.Chatbot, "Chatbot", out.ChatbotURL}, {services.Backend, "API", out.APIURL}}
	for _, name := range slices.Sorted(maps.Keys(out.URLs)) {
		if !slices.Contains(serviceNames, name) {
			all = append(all, address{name, name, out.URLs[name]})
		}
	}
	return slices.DeleteFunc(all, func(a address) bool { return a.url == "" }) // one that is not enabled
}

// Outputs reads the stack's outputs as of its last update, once until Pulumi changes them: each read takes half a second.
func (o *Ops) Outputs(ctx context.Context) (Outputs, error) {
	if o.outputs != nil {
		return *o.outputs, nil
	}
	var out Outputs
	text, err := o.pulumiCommand(ctx, "stack", "output", "--json", "--stack", o.Stack).Output()
	if err != nil {
		return out, fmt.Errorf("reading the outputs of stack %s: %w%s; is it up? make up", o.Stack, err, stderrOf(err))
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("reading the outputs of stack %s: %w", o.Stack, err)
	}
	if out.Namespace == "" {
		return out, fmt.Errorf("stack %s has no outputs yet: make up", o.Stack)
	}
	o.outputs = &out
	return out, nil
}

func (o *Ops) printURLs(ctx context.Context) error {
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	fmt.Println()
	for _, a := range out.addresses() {
		fmt.Printf("  %-9s %s\n", a.label, a.url)
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
