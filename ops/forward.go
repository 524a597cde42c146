package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/signal"
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
	for _, f := range out.addresses() {
		if u, err := url.Parse(f.url); err == nil && u.Hostname() == "localhost" {
			all = append(all, forward{f.service, u.Port()})
		}
	}
	return all
}

// urls are the stack's URLs, by service.
func (out Outputs) urls() map[string]string {
	all := map[string]string{}
	for _, a := range out.addresses() {
		all[a.service] = a.url
	}
	return all
}

// Forward serves the stack's localhost URLs until ctx ends, and connects again whenever a pod goes away. It ends by
// itself when the cluster is gone.
func (o *Ops) Forward(ctx context.Context) error {
	if err := o.stopForward(); err != nil { // the one that `up` left in the background
		return err
	}
	if err := o.portsFree(); err != nil { // at once: the rest takes seconds
		return err
	}
	cluster, out, err := o.running(ctx)
	if err != nil {
		return err
	}
	all := out.forwards()
	if len(all) == 0 {
		fmt.Printf("Stack %s serves %s itself: there is nothing to forward.\n", o.Stack, out.WebURL)
		return nil
	}
	rolled := make(chan os.Signal, 1)
	signal.Notify(rolled, podsRolled) // before this process can be found: the signal would end it
	defer signal.Stop(rolled)
	hold, err := o.holdForward(out.assignment(cluster))
	if err != nil {
		return err
	}
	defer hold.Close()
	return o.newForwarder(cluster, out.Namespace, o.forwardOutput(), hold.lost).run(ctx, all, rolled)
}
