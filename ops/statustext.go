package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

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
	kind := cmp.Or(map[string]string{
		"lab": "the lab on this machine", "minikube": "Minikube", "kubeconfig": "of the kubeconfig",
	}[s.cluster.Kind], s.cluster.Kind)
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
		text = fmt.Sprintf("%d, %s ago (%s UTC)", s.release.Number, age(s.now.Sub(s.release.Time)),
			s.release.Time.UTC().Format("2006-01-02 15:04"))
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
		return fmt.Sprintf("process %d, for %s (since %s)", s.forwardPID, age(s.now.Sub(s.forwardSince)),
			s.forwardSince.Format(time.DateTime))
	case s.noURLs == nil && !s.forwarded():
		return "not needed"
	}
	return "not running: make forward" + s.argument
}

func (s status) stateText() string {
	switch {
	case s.changed.IsZero() && strings.HasPrefix(s.backend, "file://"):
		return s.backend + ", which has no stack " + s.stack
	case s.changed.IsZero():
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
		return fmt.Errorf("stack %s has no Deployment on cluster %s: make up%s deploys it", s.stack, s.cluster.Context,
			s.argument)
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
	switch {
	case s.cluster.Kind == "lab" || s.cluster.Kind == "minikube":
		return "make up" + s.argument + " starts it"
	case noContext.MatchString(s.unanswered.Error()):
		return "kubectl config get-contexts lists the contexts of the kubeconfig"
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
