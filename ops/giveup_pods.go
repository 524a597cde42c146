package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	// hopelessEnds of one new container mean that it will not become Ready: the third is about 20 s after the start
	// of one that crashes.
	hopelessEnds = 3
	// hopelessWait is how long a new container may lack its image, or the Secret or ConfigMap that it refers to. A
	// registry that was away for a moment has been asked three times by then.
	hopelessWait = 30 * time.Second
	// hopelessPending is how long a new pod may find no room on a local cluster, to which no node is added. The pods
	// that an update removes have ended by then.
	hopelessPending = 2 * time.Minute
)

// doubt is what else may be behind a verdict.
type doubt int

const (
	none        doubt = iota
	unlessShort       // the same can come from a lack of CPU
	onlyIfSpare       // it says nothing unless the node is known to have CPU to spare
)

// verdict is why a new pod will not become Ready.
type verdict struct {
	why, node string
	doubt     doubt
}

// watchedPods is what `kubectl get pods -o json` says about pods that are not Ready.
type watchedPods struct {
	Items []watchedPod
}

type watchedPod struct {
	Metadata struct {
		Name, UID, DeletionTimestamp string
	}
	Spec   struct{ NodeName string }
	Status struct {
		Phase                                    string
		Conditions                               []struct{ Type, Status, Reason, Message string }
		InitContainerStatuses, ContainerStatuses []watchedContainer
	}
}

func (p watchedPod) containers() []watchedContainer {
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
}

func (p watchedPod) ready() bool {
	for _, c := range p.Status.Conditions {
		if c.Type == "Ready" && c.Status == "True" {
			return true
		}
	}
	return false
}

// ended is true of pods that do not run again: others take their place.
func (p watchedPod) ended() bool { return p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" }

// noRoom is the scheduler's sentence when the nodes have too little of something left.
func (p watchedPod) noRoom() string {
	for _, c := range p.Status.Conditions {
		if c.Type == "PodScheduled" && c.Status == "False" && strings.Contains(c.Message, "Insufficient") {
			sentence, _, _ := strings.Cut(c.Message, ". ")
			return sentence
		}
	}
	return ""
}

type watchedContainer struct {
	Name         string
	Ready        bool
	RestartCount int
	State        struct {
		Running             *struct{}
		Waiting, Terminated *struct {
			Reason   string
			ExitCode int
		}
	}
	LastState struct{ Terminated *struct{ ExitCode int } }
}

func (c watchedContainer) ran() bool {
	return c.State.Running != nil || c.State.Terminated != nil || c.LastState.Terminated != nil
}

// crashed reports whether Kubernetes waits before it starts the container again, and how its process ended.
func (c watchedContainer) crashed() (exitCode int, waits bool) {
	if c.LastState.Terminated != nil {
		exitCode = c.LastState.Terminated.ExitCode
	}
	return exitCode, c.State.Waiting != nil && c.State.Waiting.Reason == "CrashLoopBackOff"
}

// podWatch knows the pods that existed before, and since when the others have been as they are.
type podWatch struct {
	old      map[string]bool
	since    map[string]time.Time // by pod and what is wrong with it
	first    bool                 // no release yet: services may crash until those that they need exist
	local    bool                 // no node is added to the cluster
	patience time.Duration        // how long a container may run without becoming Ready
}

func newPodWatch(pods watchedPods) *podWatch {
	w := &podWatch{old: map[string]bool{}, since: map[string]time.Time{}}
	for _, p := range pods.Items {
		w.old[p.Metadata.UID] = true
	}
	return w
}

// lasted reports whether something has been so for a time without a pause.
func (w *podWatch) lasted(key string, is bool, now time.Time, limit time.Duration) bool {
	begin, known := w.since[key]
	switch {
	case !is:
		delete(w.since, key)
	case !known:
		w.since[key] = now
	default:
		return now.Sub(begin) >= limit
	}
	return false
}

// look returns which new pods will not become Ready, and why.
func (w *podWatch) look(pods watchedPods, now time.Time) (all []verdict) {
	for _, p := range pods.Items {
		if w.old[p.Metadata.UID] || p.Metadata.DeletionTimestamp != "" {
			continue
		}
		say := func(d doubt, format string, args ...any) {
			why := fmt.Sprintf("pod %s "+format, append([]any{p.Metadata.Name}, args...)...)
			all = append(all, verdict{why, p.Spec.NodeName, d})
		}
		if noRoom := p.noRoom(); w.lasted(p.Metadata.UID+"/room", noRoom != "", now, hopelessPending) && w.local {
			say(none, "finds no room (%s)", noRoom)
		}
		ran := false
		for _, c := range p.containers() {
			ran = ran || c.ran()
			reason := ""
			if c.State.Waiting != nil {
				reason = c.State.Waiting.Reason
			}
			limit := hopelessWait
			if w.first {
				limit = w.patience
			}
			d, stuck := cannotStart[reason]
			if w.lasted(p.Metadata.UID+"/"+c.Name, stuck, now, limit) {
				say(d, "cannot start (%s)", reason)
			}
			if code, waits := c.crashed(); waits && c.RestartCount+1 >= hopelessEnds && !w.first {
				say(crashDoubt(code), "ended %d times (exit code %d)", c.RestartCount+1, code)
			}
		}
		if w.lasted(p.Metadata.UID+"/ready", ran && !p.ready() && !p.ended(), now, w.patience) {
			say(onlyIfSpare, "%s", p.unready(w.patience))
		}
	}
	return all
}

// cannotStart are the reasons for which a container waits that pass only when something else changes. A container
// runtime, or a registry beside it, that gets no CPU shows as some of them.
var cannotStart = map[string]doubt{
	"ErrImagePull": unlessShort, "ImagePullBackOff": unlessShort, "CreateContainerError": unlessShort,
	"InvalidImageName": none, "ErrImageNeverPull": none, "CreateContainerConfigError": none,
}

// crashDoubt: the kubelet ends a container whose probe failed, and a slow one fails it. 137 and 143 are its signals;
// a process that handles the signal ends with 0.
func crashDoubt(exitCode int) doubt {
	if exitCode == 0 || exitCode == 137 || exitCode == 143 {
		return unlessShort
	}
	return none
}

// unready is what a pod does instead of becoming Ready.
func (p watchedPod) unready(after time.Duration) string {
	for _, c := range p.containers() {
		if code, waits := c.crashed(); waits {
			return fmt.Sprintf("ended %d times (exit code %d)", c.RestartCount+1, code)
		}
	}
	return fmt.Sprintf("runs and has not become Ready within %v", after)
}
