package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

const (
	// hopelessEnds of one new container say that it will not come up: the third is about 20 s after the start of one that crashes.
	hopelessEnds = 3
	// hopelessWait is how long a new container may lack its image, or the Secret or ConfigMap that it refers to. A registry that
	// was away for a moment has been asked three times by then.
	hopelessWait = 30 * time.Second

	watchPeriod = 3 * time.Second
)

// hopeless is why an update was given up before its time.
type hopeless struct{ why string }

func (h hopeless) Error() string { return h.why + ": given up" }

// untilHopeless returns a context that ends, with a hopeless as its cause, when a pod that was not there before evidently
// cannot come up: the rest of rolloutTimeoutSeconds would be waited for in vain. Nothing ends it while a stack has no release
// yet: there, services crash until those that they need are there.
func (o *Ops) untilHopeless(ctx context.Context, c Cluster) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	all, err := o.releases(c.UID)
	if err == nil && len(all) > 0 {
		go o.watch(ctx, c, cancel)
	}
	return ctx, func() { cancel(nil) }
}

func (o *Ops) watch(ctx context.Context, c Cluster, giveUp context.CancelCauseFunc) {
	keys, err := o.stackConfig()
	if err != nil {
		return // the update itself reports it
	}
	var w *podWatch
	for ctx.Err() == nil {
		text, err := o.kubectl(ctx, c, "-n", keys.namespace(o.Stack), "get", "pods", "-l", "app.kubernetes.io/part-of=todo", "-o", "json", "--request-timeout=10s")
		var pods watchedPods
		if err == nil && json.Unmarshal([]byte(text), &pods) == nil { // a cluster that does not answer now is asked again
			if w == nil {
				w = newPodWatch(pods)
			}
			if why := w.look(pods, time.Now()); why != "" {
				giveUp(hopeless{why})
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(watchPeriod):
		}
	}
}

// watchedPods is what `kubectl get pods -o json` says about containers that do not come up.
type watchedPods struct {
	Items []struct {
		Metadata struct {
			Name, UID, DeletionTimestamp string
		}
		Status struct{ InitContainerStatuses, ContainerStatuses []watchedContainer }
	}
}

type watchedContainer struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Waiting, Terminated *struct {
			Reason   string
			ExitCode int
		}
	}
	LastState struct{ Terminated *struct{ ExitCode int } }
}

// podWatch knows the pods that were there before, and since when the containers of the others have been waiting.
type podWatch struct {
	old   map[string]bool
	since map[string]time.Time
}

func newPodWatch(pods watchedPods) *podWatch {
	w := &podWatch{old: map[string]bool{}, since: map[string]time.Time{}}
	for _, p := range pods.Items {
		w.old[p.Metadata.UID] = true
	}
	return w
}

// look says which new container cannot come up, and why; "" when all still may.
func (w *podWatch) look(pods watchedPods, now time.Time) string {
	for _, p := range pods.Items {
		if w.old[p.Metadata.UID] || p.Metadata.DeletionTimestamp != "" {
			continue
		}
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			key, waiting := p.Metadata.UID+"/"+c.Name, c.State.Waiting
			if waiting == nil || !slices.Contains([]string{
				"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError", "CreateContainerError",
			}, waiting.Reason) {
				delete(w.since, key)
			} else if begin, known := w.since[key]; !known {
				w.since[key] = now
			} else if now.Sub(begin) >= hopelessWait {
				return fmt.Sprintf("pod %s cannot start (%s)", p.Metadata.Name, waiting.Reason)
			}
			if waiting != nil && waiting.Reason == "CrashLoopBackOff" && c.RestartCount+1 >= hopelessEnds {
				code := 0
				if c.LastState.Terminated != nil {
					code = c.LastState.Terminated.ExitCode
				}
				return fmt.Sprintf("pod %s ended %d times (exit code %d)", p.Metadata.Name, c.RestartCount+1, code)
			}
		}
	}
	return ""
}
