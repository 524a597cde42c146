// Package doctor says why the workloads of a namespace are not Ready: Kubernetes' own words, the last lines of the log, the
// likely cause in a sentence, and the command that fixes it. It reads what `kubectl get -o json` prints, and changes nothing.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Cause is what is wrong with a workload, for programs.
type Cause string

const (
	None             Cause = ""                 // Ready
	Progressing      Cause = "Progressing"      // not Ready yet, and nothing wrong so far
	ImagePull        Cause = "ImagePull"        // the image cannot be had
	Crash            Cause = "Crash"            // the process ends by itself
	OOM              Cause = "OOM"              // killed at its memory limit
	Readiness        Cause = "Readiness"        // runs, and its readiness probe fails
	Liveness         Cause = "Liveness"         // killed because its liveness probe fails
	Startup          Cause = "Startup"          // killed because its startup probe fails
	Quota            Cause = "Quota"            // the namespace's ResourceQuota is used up
	PodSecurity      Cause = "PodSecurity"      // refused by the namespace's Pod Security Standard
	Admission        Cause = "Admission"        // refused by something else before it was created
	Scheduling       Cause = "Scheduling"       // no node takes it
	Volume           Cause = "Volume"           // its volume is not there or cannot be mounted
	MissingConfig    Cause = "MissingConfig"    // refers to a Secret, ConfigMap or key that is not there
	BadSetting       Cause = "BadSetting"       // the program refuses its environment
	DatabasePassword Cause = "DatabasePassword" // the database refuses the user or password
	Database         Cause = "Database"         // the database cannot be reached
	Command          Cause = "Command"          // the container's program cannot be started
	Evicted          Cause = "Evicted"          // removed by its node
	ReadOnly         Cause = "ReadOnly"         // writes to a file system that is read-only
	Starved          Cause = "Starved"          // gets too little CPU, and is slow for that reason
	JobFailed        Cause = "JobFailed"        // a Job gave up
	Unknown          Cause = "Unknown"
)

// Finding is what there is to say about one workload.
type Finding struct {
	Kind      string   `json:"kind"`
	Name      string   `json:"name"`
	Service   string   `json:"service"`
	Ready     bool     `json:"ready"`
	Status    string   `json:"status"`            // such as 1/2 Ready
	Rollout   string   `json:"rollout,omitempty"` // how far the newest template has come
	Pod       string   `json:"pod,omitempty"`
	Phase     string   `json:"phase,omitempty"`
	Container string   `json:"container,omitempty"`
	Cause     Cause    `json:"cause,omitempty"`
	Reason    string   `json:"reason,omitempty"` // Kubernetes' word for it
	Detail    string   `json:"detail,omitempty"` // Kubernetes' sentence
	Likely    string   `json:"likely,omitempty"`
	Fix       string   `json:"fix,omitempty"` // a command
	Events    []string `json:"events,omitempty"`
	Log       *Log     `json:"log,omitempty"`

	exitCode int    // of the process that ended
	ownError bool   // the log has an error of the program's own
	shortage string // of CPU
	atLimit  bool   // the shortage is the container's own limit
}

// Log is the end of what the failed container said.
type Log struct {
	Container string   `json:"container"`
	Previous  bool     `json:"previous"` // of the process before the one that runs
	Lines     []string `json:"lines"`
}

// Target is whose workloads are looked at; commands name it.
type Target struct {
	Namespace string
	Stack     string // "" when the namespace is not a stack's: fixes are then kubectl's and not the configuration's
	// Context and Kubeconfig name the cluster in every command. An empty Kubeconfig is the one that kubectl takes by
	// itself.
	Context, Kubeconfig string
	// Machine is the load of this machine when the cluster runs on it.
	Machine Machine
	// Managed is true when the stack runs its own database.
	Managed bool
	// First is true when there is no release to return to.
	First bool
	// Images are the services whose image the configuration gives.
	Images []string
}

// Kubectl runs one kubectl command in the namespace and returns its standard output.
type Kubectl func(ctx context.Context, args ...string) ([]byte, error)

const (
	// searchedLines of a log are searched for the cause, shownLines are printed.
	searchedLines = 200
	shownLines    = 20
	shownEvents   = 4
	longestEvent  = 240 // characters
)

// Examine reads a namespace and judges each workload in it.
func Examine(ctx context.Context, target Target, kubectl Kubectl) ([]Finding, error) {
	text, err := kubectl(ctx, "get", kinds, "-o", "json")
	if err != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", target.Namespace, err)
	}
	all, err := parseObjects(text)
	if err != nil {
		return nil, err
	}
	d := &diagnosis{ctx: ctx, target: target, kubectl: kubectl, objects: all}
	if text, err = kubectl(ctx, "get", "secrets", "-o", "json"); err != nil {
		d.withheld = fmt.Sprintf("(not shown: the namespace's Secrets cannot be read, so they could not be kept out of it: %v)", err)
		d.redact = &redactor{}
	} else if d.redact, err = newRedactor(text); err != nil {
		return nil, err
	}
	var findings []Finding
	for _, w := range all.workloads {
		findings = append(findings, d.examine(w))
	}
	return findings, nil
}

// Healthy tells that nothing is wrong: every workload is Ready.
func Healthy(findings []Finding) bool {
	for _, f := range findings {
		if !f.Ready {
			return false
		}
	}
	return true
}

// diagnosis is one reading of a namespace.
type diagnosis struct {
	ctx      context.Context
	target   Target
	kubectl  Kubectl
	objects  *objects
	redact   *redactor
	withheld string // why logs are not shown; "" when they are

	pressures []Pressure // of the nodes that were asked
}

func (d *diagnosis) examine(w controller) Finding {
	f := Finding{Kind: w.Kind, Name: w.Metadata.Name, Service: w.service()}
	f.Ready, f.Status = state(w)
	if f.Ready {
		return f
	}
	maker, pods, old := d.objects.generation(w)
	if w.Kind == "Deployment" && w.Status.Replicas != w.Status.UpdatedReplicas {
		f.Rollout = fmt.Sprintf("%d new pods", w.Status.UpdatedReplicas)
	}
	if old > 0 {
		f.Rollout += fmt.Sprintf("; %d pods of the previous release serve", old)
	}
	f.Cause, f.Reason = Progressing, "Progressing"
	uids := []string{w.Metadata.UID, maker.Metadata.UID}
	sick := d.sickest(pods)
	if sick != nil {
		f.Pod, f.Phase = sick.Metadata.Name, sick.Status.Phase
		uids = append(uids, sick.Metadata.UID)
		d.examinePod(&f, *sick)
	}
	if f.Cause == Progressing {
		d.examineCreation(&f, w, maker)
	}
	d.examineDeadline(&f, w)
	if sick != nil {
		d.examineSlowness(&f, *sick)
	}
	f.Rollout = strings.TrimPrefix(f.Rollout, "; ")
	f.Detail = d.redact.clean(oneLine(f.Detail))
	f.Events = d.events(f.Detail, uids...)
	d.prescribe(&f, w)
	f.Likely = d.redact.clean(f.Likely)
	return f
}

// state is whether a workload is as its owner wants it, and in how far.
func state(w controller) (ready bool, status string) {
	want, s := 1, w.Status
	if w.Spec.Replicas != nil {
		want = *w.Spec.Replicas
	}
	switch w.Kind {
	case "Job":
		if w.Spec.Completions != nil {
			want = *w.Spec.Completions
		}
		if w.Spec.Suspend {
			return true, "suspended"
		}
		return s.Succeeded >= want, fmt.Sprintf("%d/%d completed", s.Succeeded, want)
	case "StatefulSet":
		ready = s.ReadyReplicas == want && (s.UpdateRevision == s.CurrentRevision || s.UpdatedReplicas == want)
		status = fmt.Sprintf("%d/%d Ready", s.ReadyReplicas, want)
	default:
		ready = s.UpdatedReplicas == want && s.AvailableReplicas == want && s.Replicas == want
		status = fmt.Sprintf("%d/%d Ready", s.ReadyReplicas, want)
	}
	if want == 0 {
		status = "scaled to 0"
	}
	return ready && s.ObservedGeneration >= w.Metadata.Generation, status
}

// examineDeadline adds that Kubernetes or a Job has stopped waiting.
func (d *diagnosis) examineDeadline(f *Finding, w controller) {
	if c := w.condition("Progressing"); c.Reason == "ProgressDeadlineExceeded" {
		f.Rollout += "; it took longer than its progress deadline"
		if f.Cause == Progressing {
			f.Cause, f.Reason, f.Detail = Unknown, c.Reason, c.Message
		}
	}
	if c := w.condition("Failed"); w.Kind == "Job" && c.Status == "True" {
		f.Status += ", gave up"
		if f.Cause == Progressing || f.Cause == Crash {
			f.Cause, f.Reason = JobFailed, c.Reason
			if f.Detail == "" {
				f.Detail = c.Message
			}
		}
	}
}

// events are the last warnings about some objects, without those that repeat what is said already.
func (d *diagnosis) events(said string, uids ...string) []string {
	var lines []string
	for _, e := range slices.Backward(d.objects.about(uids...)) {
		message := d.redact.clean(oneLine(e.Message))
		if (e.Type != "Warning" && e.Reason != "Killing") || (said != "" && strings.Contains(message, said)) || strings.Contains(said, message) {
			continue
		}
		if len(message) > longestEvent {
			message = message[:longestEvent] + "…"
		}
		line := fmt.Sprintf("%s %s: %s", times(e.Count), e.Reason, message)
		if e.Reason != "FailedCreate" || len(lines) == 0 { // each has the name of another pod, and the same reason
			lines = append(lines, line)
		}
		if len(lines) == shownEvents {
			break
		}
	}
	slices.Reverse(lines)
	return slices.Compact(lines)
}

func times(n int) string {
	if n <= 1 {
		return "once"
	}
	return fmt.Sprintf("%d×", n)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
