package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// target is a port of a service's pods, and the HTTP probes that the kubelet asks there.
type target struct {
	service, port string
	off           bool // switched off, with 0 replicas: there is no pod to ask
	probes        []probe
	want          int // HTTP status of a good answer; 0 is any below 300
}

type probe struct{ kind, path string }

// targets reads the probes from the pods' own templates, so that the test asks what the kubelet asks.
func (o *Ops) targets(ctx context.Context, c Cluster, namespace string) ([]target, error) {
	type httpProbe struct {
		HTTPGet struct {
			Path string
			Port any // a name or a number
		}
	}
	var list struct {
		Items []struct {
			Spec struct {
				Replicas *int
				Template struct {
					Metadata struct{ Labels map[string]string }
					Spec     struct {
						Containers []struct{ LivenessProbe, ReadinessProbe httpProbe }
					}
				}
			}
		}
	}
	text, err := o.kubectlWithin(ctx, lookLimit, c, "get", "deployments", "-n", namespace,
		"-l", "app.kubernetes.io/part-of=todo", "-o", "json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the probes of namespace %s: %w", namespace, err)
	}
	var all []target
	add := func(service, kind string, p httpProbe) {
		if p.HTTPGet.Path == "" {
			return
		}
		port := fmt.Sprint(p.HTTPGet.Port)
		i := slices.IndexFunc(all, func(t target) bool { return t.service == service && t.port == port })
		if i < 0 {
			i = len(all)
			all = append(all, target{service: service, port: port})
		}
		all[i].probes = append(all[i].probes, probe{kind, p.HTTPGet.Path})
	}
	for _, d := range list.Items {
		service := d.Spec.Template.Metadata.Labels["app.kubernetes.io/name"]
		if d.Spec.Replicas != nil && *d.Spec.Replicas == 0 {
			all = append(all, target{service: service, off: true})
			continue
		}
		for _, container := range d.Spec.Template.Spec.Containers {
			add(service, "liveness", container.LivenessProbe)
			add(service, "readiness", container.ReadinessProbe)
		}
	}
	if len(list.Items) == 0 {
		return nil, fmt.Errorf("namespace %s has no Deployment", namespace)
	}
	return all, nil
}

// anyOff is the first of the services that is switched off, or "".
func anyOff(targets []target, services ...string) string {
	for _, t := range targets {
		if t.off && slices.Contains(services, t.service) {
			return t.service
		}
	}
	return ""
}

// askAll asks all targets at once.
func (o *Ops) askAll(ctx context.Context, c Cluster, namespace string, targets []target) []check {
	answers := make([][]check, len(targets))
	var wait sync.WaitGroup
	for i, t := range targets {
		wait.Go(func() {
			for begin := time.Now(); ; time.Sleep(smokePause) {
				answers[i] = o.ask(ctx, c, namespace, t)
				bad := slices.ContainsFunc(answers[i], func(c check) bool { return !c.ok && !c.off })
				if !bad || time.Since(begin) > smokePatience || ctx.Err() != nil {
					return
				}
			}
		})
	}
	wait.Wait()
	return slices.Concat(answers...)
}

// ask asks one of the pods that the Service sends requests to, through a port-forward. That ends inside the pod, where no
// NetworkPolicy applies; the API server's own proxy connects from outside, and a policy that names namespaces and a node's
// own pods lets it through only where the API server runs on the pod's node.
func (o *Ops) ask(ctx context.Context, c Cluster, namespace string, t target) []check {
	if t.off {
		return []check{{what: t.service, where: "service/" + t.service, off: true, status: "off: 0 replicas"}}
	}
	checks := make([]check, len(t.probes))
	for i, p := range t.probes {
		checks[i] = check{what: t.service + " " + p.kind, want: t.want, where: "service/" + t.service + p.path}
	}
	failed := func(err error) []check {
		for i := range checks {
			checks[i].status = err.Error()
		}
		return checks
	}
	pods, err := o.servingPods(ctx, c, namespace, t.service)
	if err != nil {
		return failed(err)
	}
	if len(pods) == 0 {
		return failed(errNoPod)
	}
	base, stop, err := o.podPort(ctx, c, namespace, pods[0], t.port)
	if err != nil {
		return failed(err)
	}
	client := &http.Client{Timeout: answerLimit}
	for i, p := range t.probes {
		checks[i] = call(ctx, client, checks[i], http.MethodGet, base+p.path, nil, nil)
	}
	if said := stop(); said != "" {
		for i := range checks {
			if !checks[i].ok {
				checks[i].status += "; kubectl: " + said
			}
		}
	}
	return checks
}

// podPort forwards a free port of this machine to a pod's. stop ends that, and returns what kubectl complained of.
func (o *Ops) podPort(ctx context.Context, c Cluster, namespace, pod, port string) (base string, stop func() string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var complaint strings.Builder
	cmd := o.kubectlCommand(ctx, c, "-n", namespace, "port-forward", "pod/"+pod, ":"+port, "--address=127.0.0.1")
	cmd.Stderr = &complaint
	said, err := cmd.StdoutPipe()
	if err == nil {
		err = startTied(cmd)
	}
	if err != nil {
		cancel()
		return "", nil, fmt.Errorf("kubectl port-forward: %w", err)
	}
	stop = func() string {
		cancel()
		cmd.Wait() // its exit status only says that it was stopped
		return usefulLine(complaint.String())
	}
	late := time.AfterFunc(answerLimit, cancel)
	line, err := bufio.NewReader(said).ReadString('\n')
	late.Stop()
	_, ports, _ := strings.Cut(line, "Forwarding from ") // 127.0.0.1:40123 -> 8000
	address, _, found := strings.Cut(ports, " -> ")
	if err != nil || !found {
		why := stop()
		if why == "" {
			why = fmt.Sprintf("kubectl port-forward said %q within %s, and no address", line, answerLimit)
		}
		return "", nil, fmt.Errorf("connecting to port %s of pod %s: %s", port, pod, why)
	}
	return "http://" + address, stop, nil
}
