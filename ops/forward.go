package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"todo/internal/services"
)

// A forward serves one of the stack's localhost URLs from a Service.
type forward struct {
	service, port string // the port on localhost; the Service's own may be another
}

// servicePort is the port's name on each of the stack's Services (components/workload.go).
const servicePort = "http"

// forwards are the stack's URLs on localhost. A stack with a domain has none: its URLs need no help.
func (out Outputs) forwards() []forward {
	var all []forward
	for _, f := range []struct{ service, url string }{
		{services.Web, out.WebURL}, {services.Chatbot, out.ChatbotURL}, {services.Backend, out.APIURL},
	} {
		if u, err := url.Parse(f.url); err == nil && u.Hostname() == "localhost" {
			all = append(all, forward{f.service, u.Port()})
		}
	}
	return all
}

const (
	// pulse is how often a forward is tried. A forward to a pod that has gone looks alive until it is used.
	pulse = 2 * time.Second
	// retryDelay is the pause before a broken forward is made anew.
	retryDelay = 500 * time.Millisecond
)

// Forward serves the stack's localhost URLs until ctx ends, and makes a forward anew whenever its pod goes away.
func (o *Ops) Forward(ctx context.Context) error {
	if err := o.stopForward(); err != nil { // the one that `up` left in the background
		return err
	}
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stack %s is not up: make up", o.Stack)
	} else if err != nil {
		return err
	}
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	all := out.forwards()
	if len(all) == 0 {
		fmt.Printf("Stack %s serves %s itself: there is nothing to forward.\n", o.Stack, out.WebURL)
		return nil
	}
	if err := o.portsFree(); err != nil {
		return err
	}
	rolled := make(chan os.Signal, 1)
	signal.Notify(rolled, podsRolled) // before anybody can find this process, whom the signal would end
	release, err := o.holdForward(out.assignment(cluster))
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	var tell []chan struct{}
	for _, f := range all {
		told := make(chan struct{}, 1)
		tell = append(tell, told)
		wait.Go(func() {
			for said := ""; ctx.Err() == nil && !cluster.gone(); {
				err := o.forwardOnce(ctx, cluster, out.Namespace, f, told)
				if ctx.Err() != nil {
					break
				}
				if err.Error() != said { // once, however long it takes
					said = err.Error()
					fmt.Printf("%s  %s: %s; connecting again\n", time.Now().Format(time.TimeOnly), f.service, said)
				}
				pause := retryDelay
				if errors.Is(err, errNoPod) { // which may be for good: a service with 0 replicas
					pause = pulse
				}
				select {
				case <-ctx.Done():
				case <-told:
				case <-time.After(pause):
				}
			}
		})
	}
	go func() {
		for range rolled {
			for _, told := range tell {
				select {
				case told <- struct{}{}:
				default: // it has been told already
				}
			}
		}
	}()
	wait.Wait()
	signal.Stop(rolled)
	close(rolled)
	return release()
}

// servingPods are the pods that a Service sends requests to: Ready, and not on their way out.
func (o *Ops) servingPods(ctx context.Context, c Cluster, namespace, service string) ([]string, error) {
	text, err := o.kubectl(ctx, c, "get", "endpointslices", "-l", "kubernetes.io/service-name="+service, "-n", namespace, "--request-timeout=15s",
		"-o", `jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.targetRef.name} {end}`)
	if err != nil {
		return nil, fmt.Errorf("looking for the pods of %s: %w", service, err)
	}
	return strings.Fields(text), nil
}

var errNoPod = errors.New("no pod is Ready")

// forwardOnce keeps one port-forward until it breaks, or until its pod is not one that the Service uses when it is told to look.
func (o *Ops) forwardOnce(ctx context.Context, c Cluster, namespace string, f forward, told <-chan struct{}) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	pods, err := o.servingPods(ctx, c, namespace, f.service)
	if err != nil {
		return err
	}
	if len(pods) == 0 {
		return errNoPod
	}
	// Not service/<name>: for that kubectl takes the pod that has been Ready longest, which in a rollout is the one that goes.
	pod := pods[0]
	fmt.Printf("%s  http://localhost:%s → %s, pod %s\n", time.Now().Format(time.TimeOnly), f.port, f.service, pod)
	var said strings.Builder
	cmd := o.kubectlCommand(ctx, c, "-n", namespace, "port-forward", "pod/"+pod, f.port+":"+servicePort)
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting kubectl: %w", err)
	}
	go func() {
		for missed := 0; missed < 2; {
			select {
			case <-ctx.Done():
				return
			case <-told:
				if pods, err := o.servingPods(ctx, c, namespace, f.service); err == nil && len(pods) > 0 && !slices.Contains(pods, pod) {
					missed = 2
				}
				continue
			case <-time.After(pulse):
			}
			if answers(ctx, "http://localhost:"+f.port+"/") {
				missed = 0
			} else {
				missed++
			}
		}
		cancel()
	}()
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the connection broke: %w: %s", err, oneLine(said.String()))
	}
	return errors.New("the connection ended")
}

// oneLine is what a command said, for the end of an error line.
func oneLine(said string) string { return strings.ReplaceAll(strings.TrimSpace(said), "\n", "; ") }

// answers tells whether a URL gives any HTTP answer at all within the pulse.
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
