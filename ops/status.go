package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"todo/internal/services"
)

// statusLimit bounds each question that status asks.
const statusLimit = 10 * time.Second

// status is what `make status` found.
type status struct {
	stack, argument string // argument is what a make command needs to act on the stack
	now             time.Time

	cluster    Cluster
	unknown    error // which cluster it is
	unanswered error // why the cluster says nothing of the workloads
	workloads  []workload

	release    *Release
	unfinished bool

	urls   []siteURL
	noURLs error

	forwardPID   int // 0: none runs
	forwardSince time.Time

	backend string
	changed time.Time // the state; zero when it is not on this machine
}

// workload is a Deployment of the stack; one that wants no pod is off.
type workload struct {
	service       string
	wanted, ready int
}

// siteURL is one of the stack's URLs, and what is wrong with its answer: "" is nothing.
type siteURL struct{ url, wrong string }

// Status prints five lines, and fails when the stack is not up: its cluster answers, each Deployment has all its pods, and
// each URL answers. It builds, downloads and changes nothing.
func (o *Ops) Status(ctx context.Context) error {
	s, err := o.inspect(ctx)
	if err != nil {
		return err
	}
	if err := s.print(os.Stdout); err != nil {
		return fmt.Errorf("printing the status: %w", err)
	}
	return s.problem()
}

func (o *Ops) inspect(ctx context.Context) (status, error) {
	s := status{stack: o.Stack, argument: o.stackArgument(), now: time.Now(), unfinished: o.unfinished(), backend: o.backend()}
	keys, err := o.stackConfig()
	if err != nil {
		return s, err
	}
	if s.forwardPID, _ = o.forwardRunning(); s.forwardPID > 0 {
		s.forwardSince = o.forwardSince()
	}
	if folder, local := strings.CutPrefix(s.backend, "file://"); local {
		if info, err := os.Stat(filepath.Join(folder, ".pulumi", "stacks", "todo", o.Stack+".json")); err == nil {
			s.changed = info.ModTime()
		}
	}
	out, outErr := o.quickOutputs(ctx)
	s.noURLs = outErr
	s.cluster, s.unknown = o.locateBy(func() (Outputs, error) { return out, outErr })
	if s.unknown == nil {
		all, err := o.releases(s.cluster.UID)
		if err != nil {
			return s, err
		}
		if len(all) > 0 {
			s.release = &all[len(all)-1]
		}
	}
	var wait sync.WaitGroup
	if s.unknown == nil {
		wait.Go(func() { s.workloads, s.unanswered = o.workloads(ctx, s.cluster, keys.namespace(o.Stack)) })
	}
	for _, url := range []string{out.WebURL, out.ChatbotURL, out.APIURL} {
		if url != "" {
			s.urls = append(s.urls, siteURL{url: url})
		}
	}
	for i := range s.urls {
		wait.Go(func() { s.urls[i].wrong = wrongAnswer(ctx, s.urls[i].url) })
	}
	wait.Wait()
	off := map[string]bool{}
	for _, w := range s.workloads {
		off[w.service] = w.wanted == 0
	}
	for service, url := range map[string]string{services.Web: out.WebURL, services.Chatbot: out.ChatbotURL, services.Backend: out.APIURL} {
		s.urls = slices.DeleteFunc(s.urls, func(u siteURL) bool { return off[service] && u.url == url })
	}
	return s, nil
}

// findBuilt finds Pulumi and kubectl where an earlier run found or built them. It gets none.
func (o *Ops) findBuilt(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	for program, tool := range map[string]string{"pulumi": "pulumi", "kubectl": "kubernetes"} {
		if o.look(program) != "" {
			continue
		}
		built := o.labCommand(limited, "tools", "-built", tool)
		built.Stdout, built.Stderr = nil, nil
		if folder, err := built.Output(); err == nil { // without the lab's binary nothing has been built
			for line := range strings.Lines(string(folder)) {
				o.tools.Path = append(o.tools.Path, strings.TrimSpace(line))
			}
		}
	}
	o.tools.Pulumi, o.tools.Kubectl = o.look("pulumi"), o.look("kubectl")
}

// quickOutputs are the stack's outputs, as far as they can be had at once.
func (o *Ops) quickOutputs(ctx context.Context) (Outputs, error) {
	o.findBuilt(ctx)
	if o.tools.Pulumi == "" {
		return Outputs{}, fmt.Errorf("pulumi is not on PATH: make env%s finds or gets it", o.stackArgument())
	}
	limited, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	out, err := o.currentOutputs(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return out, fmt.Errorf("the Pulumi backend gave no answer within %s", statusLimit)
	}
	return out, err
}

// workloads asks the cluster for the stack's Deployments.
func (o *Ops) workloads(ctx context.Context, c Cluster, namespace string) ([]workload, error) {
	if o.tools.Kubectl == "" {
		return nil, fmt.Errorf("kubectl is not on PATH: make env%s finds or gets it", o.stackArgument())
	}
	text, err := o.kubectlWithin(ctx, statusLimit, c, "-n", namespace, "get", "deployments",
		"-l", "app.kubernetes.io/part-of=todo", "-o", `jsonpath={range .items[*]}{.spec.template.metadata.labels.app\.kubernetes\.io/name} {.spec.replicas} 0{.status.readyReplicas}{"\n"}{end}`)
	if err != nil {
		return nil, err
	}
	var all []workload
	for line := range strings.Lines(text) {
		var w workload
		if _, err := fmt.Sscanf(line, "%s %d %d", &w.service, &w.wanted, &w.ready); err != nil {
			return nil, fmt.Errorf("reading the Deployments of namespace %s: %w in %q", namespace, err, line)
		}
		all = append(all, w)
	}
	return all, nil
}

// wrongAnswer says what is wrong with a URL's answer. A 404 is an answer: the API has no page at /.
func wrongAnswer(ctx context.Context, url string) string {
	answer := call(ctx, &http.Client{Timeout: statusLimit}, check{}, http.MethodGet, url, nil, nil)
	switch {
	case answer.err != nil:
		return "no answer"
	case answer.code >= http.StatusInternalServerError:
		return fmt.Sprintf("HTTP %d", answer.code)
	}
	return ""
}

// backend is where the stack's state is kept.
func (o *Ops) backend() string {
	for _, v := range o.exports() {
		if v[0] == "PULUMI_BACKEND_URL" {
			return v[1]
		}
	}
	if url := os.Getenv("PULUMI_BACKEND_URL"); url != "" {
		return url
	}
	return "the backend of pulumi login"
}

// ready is how many of the Deployments that are not off have all their pods.
func (s status) ready() (ready, of int) {
	for _, w := range s.workloads {
		if w.wanted > 0 {
			of++
			if w.ready >= w.wanted {
				ready++
			}
		}
	}
	return ready, of
}

// forwarded reports whether the URLs need the forward.
func (s status) forwarded() bool {
	return slices.ContainsFunc(s.urls, func(u siteURL) bool { return strings.HasPrefix(u.url, "http://localhost:") })
}

func (s status) print(w io.Writer) error {
	lines := [][2]string{{"cluster", s.clusterText()}, {"release", s.releaseText()}, {"urls", s.urlsText()},
		{"forward", s.forwardText()}, {"state", s.stateText()}}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%-8s %s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}

func (s status) clusterText() string {
	kind := map[string]string{"lab": "the lab on this machine", "minikube": "Minikube", "kubeconfig": "of the kubeconfig"}[s.cluster.Kind]
	name := fmt.Sprintf("%s (%s)", s.cluster.Context, kind)
	ready, of := s.ready()
	switch {
	case s.unknown != nil:
		return "unknown: " + s.unknown.Error()
	case s.unanswered != nil:
		return name + ": " + s.unanswered.Error()
	}
	return fmt.Sprintf("%s answers; %d of %d Deployments are Ready", name, ready, of)
}

func (s status) releaseText() string {
	text := "none on this machine"
	if s.release != nil {
		text = fmt.Sprintf("%d, %s ago (%s UTC)", s.release.Number, age(s.now.Sub(s.release.Time)), s.release.Time.UTC().Format("2006-01-02 15:04"))
	}
	if s.unfinished {
		text += "; the last update did not end well, or make dev changed what runs"
	}
	return text
}

func (s status) urlsText() string {
	if s.noURLs != nil {
		return "unknown: " + s.noURLs.Error()
	}
	var all []string
	for _, u := range s.urls {
		if u.wrong == "" {
			all = append(all, u.url+" answers")
		} else {
			all = append(all, u.url+" ("+u.wrong+")")
		}
	}
	if len(all) == 0 {
		return "none: every service is off"
	}
	return strings.Join(all, ", ")
}

func (s status) forwardText() string {
	switch {
	case s.forwardPID > 0:
		return fmt.Sprintf("process %d, for %s (since %s)", s.forwardPID, age(s.now.Sub(s.forwardSince)), s.forwardSince.Format(time.DateTime))
	case s.noURLs == nil && !s.forwarded():
		return "not needed"
	}
	return "not running: make forward" + s.argument
}

func (s status) stateText() string {
	if s.changed.IsZero() {
		return s.backend
	}
	return fmt.Sprintf("%s, changed %s ago", s.backend, age(s.now.Sub(s.changed)))
}

// problem is why the stack is not up, with the command to type; nil when it is.
func (s status) problem() error {
	ready, of := s.ready()
	bad := slices.IndexFunc(s.urls, func(u siteURL) bool { return u.wrong != "" })
	switch {
	case s.unknown != nil:
		return s.unknown
	case s.unanswered != nil:
		return fmt.Errorf("stack %s: %w; %s", s.stack, s.unanswered, s.wakeUp())
	case len(s.workloads) == 0:
		return fmt.Errorf("stack %s has no Deployment on cluster %s: make up%s deploys it", s.stack, s.cluster.Context, s.argument)
	case ready < of:
		return fmt.Errorf("%d of %d Deployments of stack %s are not Ready: make doctor%s", of-ready, of, s.stack, s.argument)
	case s.noURLs != nil:
		return s.noURLs
	case bad < 0:
		return nil
	case s.forwardPID == 0 && s.forwarded():
		return fmt.Errorf("%s does not answer, because no forward runs: make forward%s", s.urls[bad].url, s.argument)
	}
	return fmt.Errorf("%s does not answer well (%s): make smoke%s", s.urls[bad].url, s.urls[bad].wrong, s.argument)
}

// wakeUp is what brings back a cluster that does not answer.
func (s status) wakeUp() string {
	switch s.cluster.Kind {
	case "lab", "minikube":
		return "make up" + s.argument + " starts it"
	}
	return "start it, or the VPN to it; more: kubectl --context " + s.cluster.Context + " cluster-info"
}

// age is a duration as a person says it.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
