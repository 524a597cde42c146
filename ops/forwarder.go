package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// pulse is how often a forward is tried. A forward to a pod that has gone looks alive until it is used.
	pulse = 2 * time.Second
	// firstDelay is the pause before the first attempt to connect again. It doubles with each attempt, up to maxDelay.
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
	// steady is how long a connection has to last before its end counts as something new.
	steady = maxDelay
	// silence is how long a forward goes on when none of its services can be reached. It outlasts a lunch break with the
	// cluster stopped. contextSilence is the same when the kubeconfig has lost the context: `minikube stop` removes it
	// for a moment, `minikube delete` and `kind delete cluster` for good.
	silence        = 30 * time.Minute
	contextSilence = 5 * time.Minute
)

// forwarder serves localhost URLs from the pods of a cluster until its context ends or the cluster is gone.
type forwarder struct {
	ops       *Ops
	cluster   Cluster
	namespace string
	log       io.Writer
	// lost is why this process is no longer the stack's forward, or nil: the checkout may have been removed.
	lost func() error

	now   func() time.Time
	after func(time.Duration) <-chan time.Time // the pause before an attempt
	tick  func() <-chan time.Time              // the next pulse of a connection

	mu    sync.Mutex
	alive time.Time // when a service last answered
}

func (o *Ops) newForwarder(c Cluster, namespace string, log io.Writer, lost func() error) *forwarder {
	return &forwarder{ops: o, cluster: c, namespace: namespace, log: log, lost: lost,
		now: time.Now, after: time.After, tick: func() <-chan time.Time { return time.After(pulse) }, alive: time.Now()}
}

// run serves all services until ctx ends, and then returns nil, or until one of them gives up, and then returns why.
// A value from rolled means that other pods may serve from now on.
func (w *forwarder) run(ctx context.Context, all []forward, rolled <-chan os.Signal) error {
	whole := ctx
	ctx, end := context.WithCancelCause(whole)
	defer end(nil)
	var wait sync.WaitGroup
	var tell []chan struct{}
	for _, f := range all {
		told := make(chan struct{}, 1)
		tell = append(tell, told)
		wait.Go(func() { end(w.serve(ctx, f, told)) })
	}
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-rolled:
			}
			for _, told := range tell {
				select {
				case told <- struct{}{}:
				default: // it has not looked since it was last told
				}
			}
		}
	}()
	wait.Wait()
	if whole.Err() != nil {
		return nil
	}
	return context.Cause(ctx)
}

// serve connects one service again whenever its connection ends. It returns nil when ctx ends, or why it gave up.
func (w *forwarder) serve(ctx context.Context, f forward, told <-chan struct{}) error {
	delay := firstDelay
	said := map[string]bool{}
	say := func(line string) { // once, however many attempts have the same cause
		if key := causeOf(line); !said[key] {
			said[key] = true
			fmt.Fprintf(w.log, "%s  %s: %s\n", w.now().Format(time.DateTime), f.service, line)
		}
	}
	for {
		begin := w.now()
		err := w.connect(ctx, f, told, say)
		if ctx.Err() != nil {
			return nil
		}
		if moved := errors.Is(err, errMoved); moved || w.now().Sub(begin) >= steady {
			delay = firstDelay
			clear(said)
			if moved {
				continue
			}
		}
		if err := w.over(err); err != nil {
			return err
		}
		say(err.Error() + "; connecting again")
		select {
		case <-ctx.Done():
			return nil
		case <-told:
			delay = firstDelay
		case <-w.after(delay):
			delay = min(2*delay, maxDelay)
		}
	}
}

// causeOf is a message without what differs from one attempt to the next: numbers, and hexadecimal ids.
func causeOf(message string) string { return varying.ReplaceAllString(message, "#") }

var varying = regexp.MustCompile(`[0-9a-f]*[0-9][0-9a-f]*`)

// noContext matches what kubectl says when the kubeconfig does not have the context; the words depend on the command.
var noContext = regexp.MustCompile(`context was not found|cannot locate context|context "[^"]*" does not exist`)

// over is why a forward that failed for this reason should end, or nil.
func (w *forwarder) over(failure error) error {
	if err := w.lost(); err != nil {
		return err
	}
	if w.cluster.gone() {
		return errors.New("the lab has been removed: the forward ends; make up starts both")
	}
	w.mu.Lock()
	quiet := w.now().Sub(w.alive)
	w.mu.Unlock()
	limit := silence
	if noContext.MatchString(failure.Error()) {
		limit = contextSilence
	}
	if quiet < limit {
		return nil
	}
	return fmt.Errorf("no service of stack %s could be reached on cluster %s for %s (%w): the forward ends; "+
		"make forward starts it again", w.ops.Stack, w.cluster.Context, quiet.Round(time.Minute), failure)
}

var (
	errNoPod = errors.New("no pod is Ready")
	errMoved = errors.New("other pods serve now")
)

// connect keeps one port-forward until it breaks, or until its pod does not serve any more when it is told to look.
func (w *forwarder) connect(ctx context.Context, f forward, told <-chan struct{}, say func(string)) error {
	pods, err := w.ops.servingPods(ctx, w.cluster, w.namespace, f.service)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return errNoPod
	}
	// Not service/<name>: for that kubectl takes the pod that has been Ready longest, which a rollout removes.
	pod := pods[0]
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var complaint strings.Builder
	cmd := w.ops.kubectlCommand(ctx, w.cluster, "-n", w.namespace, "port-forward", "pod/"+pod, f.port+":"+servicePort)
	cmd.Stderr = &complaint
	if err := startTied(cmd); err != nil {
		return err
	}
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		cancel(w.watch(ctx, f, pod, told, say))
	}()
	err = cmd.Wait()
	why := context.Cause(ctx)
	cancel(nil)
	<-watched
	if why != nil {
		return why
	}
	if said := usefulLine(complaint.String()); said != "" {
		return fmt.Errorf("the connection to pod %s broke: %s", pod, said)
	}
	return fmt.Errorf("the connection to pod %s ended (%w)", pod, err)
}

// watch returns why a connection should end: its pod gives no answer, or is not one that the Service uses.
func (w *forwarder) watch(ctx context.Context, f forward, pod string, told <-chan struct{}, say func(string)) error {
	for missed := 0; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-told:
			pods, err := w.ops.servingPods(ctx, w.cluster, w.namespace, f.service)
			if err == nil && len(pods) > 0 && !slices.Contains(pods, pod) {
				return errMoved
			}
			continue
		case <-w.tick():
		}
		if err := w.lost(); err != nil {
			return err
		}
		if !answers(ctx, "http://localhost:"+f.port+"/") {
			if missed++; missed == 2 {
				return fmt.Errorf("pod %s does not answer", pod)
			}
			continue
		}
		missed = 0
		w.mu.Lock()
		w.alive = w.now()
		w.mu.Unlock()
		say(fmt.Sprintf("http://localhost:%s is served by pod %s", f.port, pod))
	}
}

// servingPods are the pods that a Service sends requests to: Ready, and not on their way out.
func (o *Ops) servingPods(ctx context.Context, c Cluster, namespace, service string) ([]string, error) {
	text, err := o.kubectlWithin(ctx, lookLimit, c, "get", "endpointslices", "-l", "kubernetes.io/service-name="+service,
		"-n", namespace, "--request-timeout=15s", "-o",
		`jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name} {end}`)
	if err != nil {
		return nil, fmt.Errorf("looking for the pods of %s: %w", service, err)
	}
	return strings.Fields(text), nil
}

// answers reports whether a URL gives any HTTP answer within two pulses.
func answers(ctx context.Context, url string) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*pulse)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return true
}
