package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
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

// Status prints five lines, and fails when the stack is not up: its cluster answers, each Deployment has all its
// pods, and each URL answers. It builds, downloads and changes nothing.
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
	s := status{stack: o.Stack, argument: o.stackArgument(), now: time.Now(),
		unfinished: o.unfinished(), backend: o.backend()}
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
	for _, a := range out.addresses() {
		s.urls = append(s.urls, siteURL{url: a.url})
	}
	for i := range s.urls {
		wait.Go(func() { s.urls[i].wrong = wrongAnswer(ctx, s.urls[i].url) })
	}
	wait.Wait()
	off := map[string]bool{}
	for _, w := range s.workloads {
		off[w.service] = w.wanted == 0
	}
	for service, address := range out.urls() {
		s.urls = slices.DeleteFunc(s.urls, func(u siteURL) bool { return off[service] && u.url == address })
	}
	return s, nil
}

// findKnown finds Pulumi and kubectl on PATH, or where an earlier run put them. It downloads and builds neither.
func (o *Ops) findKnown(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, statusLimit)
	defer cancel()
	for program, found := range map[string]*string{"pulumi": &o.tools.Pulumi, "kubectl": &o.tools.Kubectl} {
		if *found == "" && o.addKnownTool(limited, program) == nil {
			*found = o.look(program)
		}
	}
}

// quickOutputs are the stack's outputs, as far as they can be had at once.
func (o *Ops) quickOutputs(ctx context.Context) (Outputs, error) {
	o.findKnown(ctx)
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

// workloadLines prints service, wanted and ready pods of each Deployment. readyReplicas is missing when it is 0.
const workloadLines = `{range .items[*]}{.spec.template.metadata.labels.app\.kubernetes\.io/name} ` +
	`{.spec.replicas} 0{.status.readyReplicas}{"\n"}{end}`

// workloads asks the cluster for the stack's Deployments.
func (o *Ops) workloads(ctx context.Context, c Cluster, namespace string) ([]workload, error) {
	if o.tools.Kubectl == "" {
		return nil, fmt.Errorf("kubectl is not on PATH: make env%s finds or gets it", o.stackArgument())
	}
	text, err := o.kubectlWithin(ctx, statusLimit, c, "-n", namespace, "get", "deployments",
		"-l", "app.kubernetes.io/part-of=todo", "-o", "jsonpath="+workloadLines)
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
func wrongAnswer(ctx context.Context, address string) string {
	answer := call(ctx, &http.Client{Timeout: statusLimit}, check{}, http.MethodGet, address, nil, nil)
	switch {
	case answer.err != nil:
		return "no answer"
	case answer.code >= http.StatusInternalServerError:
		return fmt.Sprintf("HTTP %d", answer.code)
	}
	return ""
}

// backend is where the stack's state is kept, without credentials.
func (o *Ops) backend() string {
	h, err := o.home()
	if err != nil {
		return "unknown: " + err.Error()
	}
	return redactedURL(o.backendURL(h))
}
