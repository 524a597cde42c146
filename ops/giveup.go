package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"todo/internal/doctor"
)

const (
	// usualPatience is how long a new container may run without becoming Ready on a node that has CPU to spare: 20
	// times what the services need there. A node that is short of CPU has until rolloutTimeoutSeconds.
	usualPatience = 200 * time.Second

	watchPeriod = 3 * time.Second
	// pressureAge is how old a node's measurement may be. The kubelet makes a new one every 10 s or so.
	pressureAge = 20 * time.Second
)

// hopeless is why an update was aborted before its time.
type hopeless struct{ why string }

func (h hopeless) Error() string { return h.why + ": the update was aborted" }

// untilHopeless returns a context that ends, with a hopeless as its cause, when a pod that is new evidently cannot
// become Ready: the rest of rolloutTimeoutSeconds would be waited for in vain.
func (o *Ops) untilHopeless(ctx context.Context, c Cluster) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	all, err := o.releases(c.UID)
	if err == nil {
		go o.watch(ctx, c, len(all) == 0, cancel)
	}
	return ctx, func() { cancel(nil) }
}

func (o *Ops) watch(ctx context.Context, c Cluster, first bool, abort context.CancelCauseFunc) {
	keys, err := o.stackConfig()
	if err != nil {
		return // the update itself reports it
	}
	kubectl := o.asking(c, keys.namespace(o.Stack))
	nodes := &nodeWatch{read: func(node string) doctor.Pressure {
		return doctor.ReadPressure(ctx, kubectl, node, machine(c))
	}}
	var w *podWatch
	for ctx.Err() == nil {
		text, err := kubectl(ctx, "get", "pods", "-l", "app.kubernetes.io/part-of=todo", "-o", "json")
		var pods watchedPods
		if err == nil && json.Unmarshal(text, &pods) == nil { // a cluster that does not answer now is asked again
			if w == nil {
				w = newPodWatch(pods)
				w.first, w.local, w.patience = first, c.Local, keys.patience()
			}
			if why := nodes.judge(w.look(pods, time.Now()), time.Now()); why != "" {
				abort(hopeless{why})
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPeriod):
		}
	}
}

// patience is what the stack's configuration says about its slowest start, or usualPatience.
func (k stackKeys) patience() time.Duration {
	if k.RolloutTimeout > 0 {
		return time.Duration(k.RolloutTimeout) * time.Second
	}
	longest := usualPatience
	for _, s := range k.Services.value {
		longest = max(longest, time.Duration(s.Probes.StartupSeconds)*time.Second)
	}
	return longest
}

// nodeWatch knows which nodes are short of CPU.
type nodeWatch struct {
	read  func(node string) doctor.Pressure
	known map[string]measured
	told  bool // that the wait goes on
}

type measured struct {
	doctor.Pressure
	at time.Time
}

// judge returns the first verdict that a lack of CPU does not explain; "" when there is none.
func (n *nodeWatch) judge(verdicts []verdict, now time.Time) string {
	for _, v := range verdicts {
		if v.doubt == none {
			return v.why
		}
		p := n.pressure(v.node, now)
		switch {
		case p.Short() && !n.told:
			n.told = true
			fmt.Printf("  The node %s is short of CPU (%s): pods start slowly, and make up waits for them.\n", v.node, p)
		case p.Short():
		case v.doubt == unlessShort || p.Known:
			return v.why
		}
	}
	return ""
}

func (n *nodeWatch) pressure(node string, now time.Time) doctor.Pressure {
	if m, found := n.known[node]; found && now.Sub(m.at) < pressureAge {
		return m.Pressure
	}
	if n.known == nil {
		n.known = map[string]measured{}
	}
	n.known[node] = measured{n.read(node), now}
	return n.known[node].Pressure
}
