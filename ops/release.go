package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"
)

// Release is what a `make up` brought up and found well: the images that run, and the configuration they run with. It is
// what a rollback deploys again, through Pulumi: a `kubectl rollout undo` would leave Pulumi's state with the bad release, and
// the next update would bring that back.
type Release struct {
	Number int               `json:"number"`
	Time   time.Time         `json:"time"`
	Images map[string]string `json:"images"` // by service
	Commit string            `json:"commit,omitempty"`
	Of     int               `json:"of,omitempty"` // the release that a rollback returned to
	// Cluster is the UID of the cluster that has the images.
	Cluster string `json:"cluster"`
}

// keptReleases is how many are kept: the images of older ones cost disk in the registry.
const keptReleases = 10

func (o *Ops) releaseFolder(number int) string {
	return filepath.Join(o.stackState("releases"), fmt.Sprintf("%04d", number))
}

// attempt is a file that is there from the start of an update until its smoke test has passed.
func (o *Ops) attempt() string { return filepath.Join(o.stackState("releases"), "attempt") }

func (o *Ops) beginRelease() error {
	if err := writeFile(o.attempt(), []byte(time.Now().Format(time.RFC3339)+"\n")); err != nil {
		return fmt.Errorf("noting that an update has begun: %w", err)
	}
	return nil
}

func (o *Ops) unfinished() bool { return exists(o.attempt()) }

// updatedBefore reports whether this checkout has updated the stack, on whatever cluster, since it was last destroyed.
func (o *Ops) updatedBefore() bool {
	records, err := os.ReadDir(o.stackState("releases"))
	return err == nil && len(records) > 0
}

// releases are those of one cluster, the oldest first.
func (o *Ops) releases(cluster string) ([]Release, error) {
	files, err := filepath.Glob(filepath.Join(o.stackState("releases"), "*", "release.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for releases: %w", err)
	}
	var all []Release
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a release: %w", err)
		}
		var r Release
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("%s is damaged (%w); without it that release cannot be returned to: rm -r %s", file,
				err, filepath.Dir(file))
		}
		if r.Cluster == cluster {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Release) int { return cmp.Compare(a.Number, b.Number) })
	return all, nil
}

// endRelease records what has been brought up and found well, with the configuration that Pulumi was given. The same
// images with the same configuration are no new release.
func (o *Ops) endRelease(ctx context.Context, c Cluster, of int) error {
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	all, err := o.releases(c.UID)
	if err != nil {
		return err
	}
	r := Release{Number: 1, Time: time.Now().UTC().Truncate(time.Second), Images: out.Images, Commit: o.commit(ctx), Of: of, Cluster: c.UID}
	if len(all) > 0 {
		last := all[len(all)-1]
		r.Number = last.Number + 1
		before, err := os.ReadFile(filepath.Join(o.releaseFolder(last.Number), "config.yaml"))
		if err == nil && maps.Equal(last.Images, r.Images) && sameConfig(before, o.settings) {
			return o.endAttempt()
		}
	}
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("recording the release: %w", err)
	}
	// release.json last: a folder without it is no release.
	for _, file := range []struct {
		name string
		text []byte
	}{{"config.yaml", o.settings}, {"release.json", append(text, '\n')}} {
		if err := writeFile(filepath.Join(o.releaseFolder(r.Number), file.name), file.text); err != nil {
			return fmt.Errorf("recording the release: %w", err)
		}
	}
	for _, old := range all[:max(0, len(all)+1-keptReleases)] {
		if err := os.RemoveAll(o.releaseFolder(old.Number)); err != nil {
			return fmt.Errorf("forgetting release %d: %w", old.Number, err)
		}
	}
	return o.endAttempt()
}

// awaitRollout waits until the newest pods of every Deployment are Ready, or Kubernetes has given them up (rolloutTimeoutSeconds).
// Pulumi's Kubernetes plugin waits too, but on a busy cluster it now and then takes the state before its own change for the one
// after it, and calls a rollout done that has not begun. The forward then follows to those pods.
func (o *Ops) awaitRollout(ctx context.Context, c Cluster) error {
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	namespace := keys.namespace(o.Stack)
	// A Deployment without progress ends the wait by itself; a paused one, or a network that drops packets, does not.
	limit := fmt.Sprintf("--timeout=%ds", cmp.Or(int(keys.RolloutTimeout), 900)+60)
	names, err := o.kubectl(ctx, c, "-n", namespace, "get", "deployments", "--request-timeout=30s", "-l",
		"app.kubernetes.io/part-of=todo", "-o", "name")
	if err != nil {
		return fmt.Errorf("waiting for the rollout: %w", err)
	}
	rolled := make(chan error)
	all := strings.Fields(names)
	for _, name := range all {
		go func() {
			_, err := o.kubectl(ctx, c, "-n", namespace, "rollout", "status", name, limit)
			rolled <- err
		}()
	}
	var failed []error
	for range all {
		failed = append(failed, <-rolled)
	}
	if err := errors.Join(failed...); err != nil {
		return fmt.Errorf("waiting for the rollout: %w", err)
	}
	return o.followRollout()
}

func (o *Ops) endAttempt() error {
	if err := os.Remove(o.attempt()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("noting that the update has ended: %w", err)
	}
	return nil
}

// forgetReleases follows the stack's end: what they would return to is gone.
func (o *Ops) forgetReleases() error {
	return errors.Join(os.RemoveAll(o.stackState("releases")), os.RemoveAll(o.servedFile()))
}

func sameConfig(a, b []byte) bool {
	var x, y struct{ Config map[string]any }
	return yaml.Unmarshal(a, &x) == nil && yaml.Unmarshal(b, &y) == nil &&
		reflect.DeepEqual(asText(x.Config), asText(y.Config))
}

// commit is what is checked out, with a + when files differ from it; "" outside git.
func (o *Ops) commit(ctx context.Context) string {
	git := func(args ...string) (string, error) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = o.Root
		text, err := cmd.Output()
		return strings.TrimSpace(string(text)), err
	}
	head, err := git("rev-parse", "--short", "HEAD")
	if err != nil {
		return ""
	}
	if changed, err := git("status", "--porcelain"); err != nil || changed != "" {
		head += "+"
	}
	return head
}

// Releases lists the releases that a rollback can return to.
func (o *Ops) Releases(ctx context.Context) error {
	cluster, err := o.recorded(ctx)
	if err != nil {
		return err
	}
	all, err := o.releases(cluster.UID)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		return fmt.Errorf("stack %s has no release yet: make up records one when its smoke test has passed", o.Stack)
	}
	if err := printReleases(os.Stdout, all); err != nil {
		return fmt.Errorf("printing the releases: %w", err)
	}
	if o.unfinished() {
		fmt.Printf("\nWhat runs now is none of these: the last make up did not end well, or make dev changed it.\nmake rollback returns to release %d.\n", all[len(all)-1].Number)
	}
	return nil
}

func printReleases(w io.Writer, all []Release) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names := slices.Clone(serviceNames)
	for _, r := range all {
		for name := range r.Images {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names[len(serviceNames):])
	fmt.Fprintf(table, "RELEASE\tWHEN (UTC)\tCOMMIT\t%s\n", strings.ToUpper(strings.Join(names, "\t")))
	for _, r := range all {
		commit := r.Commit
		if r.Of != 0 {
			commit = fmt.Sprintf("back to %d", r.Of)
		}
		fmt.Fprintf(table, "%d\t%s\t%s", r.Number, r.Time.UTC().Format("01-02 15:04"), commit)
		for _, service := range names {
			fmt.Fprintf(table, "\t%s", shortImage(r.Images[service]))
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// shortImage is what tells one image of a service from another: the end of its tag or digest.
func shortImage(ref string) string {
	short := ref[strings.LastIndexAny(ref, ":/")+1:]
	return short[:min(12, len(short))]
}
