package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// sickest is the pod that has most to say; nil when all are Ready or there is none.
func (d *diagnosis) sickest(pods []pod) *pod {
	weight := func(p pod) int {
		score := 0
		for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
			score += c.RestartCount
			if w := c.State.Waiting; w != nil && w.Reason != "ContainerCreating" && w.Reason != "PodInitializing" {
				score += 1000
			}
			if t := c.State.Terminated; t != nil && t.ExitCode != 0 {
				score += 1000
			}
		}
		return score
	}
	var sick []pod
	for _, p := range pods {
		if !p.ready() && p.Status.Phase != "Succeeded" {
			sick = append(sick, p)
		}
	}
	if len(sick) == 0 {
		return nil
	}
	one := slices.MaxFunc(sick, func(a, b pod) int {
		return cmp.Or(cmp.Compare(weight(a), weight(b)), a.Metadata.CreationTimestamp.Compare(b.Metadata.CreationTimestamp))
	})
	return &one
}

// examinePod finds out what keeps a pod from being Ready, in the order in which the kubelet gets there.
func (d *diagnosis) examinePod(f *Finding, p pod) {
	if p.Status.Reason == "Evicted" || p.Status.Reason == "Preempting" {
		f.Cause, f.Reason, f.Detail = Evicted, p.Status.Reason, p.Status.Message
		return
	}
	if c := find(p.Status.Conditions, "PodScheduled"); c.Status == "False" {
		f.Cause, f.Reason, f.Detail = Scheduling, c.Reason, c.Message
		if strings.Contains(c.Message, "ersistent") { // PersistentVolumeClaim, in any of its spellings
			f.Cause = Volume
			d.addClaim(f, p)
		}
		return
	}
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if c.Ready || (c.State.Terminated != nil && c.State.Terminated.ExitCode == 0 && c.LastState.Terminated == nil && f.Kind == "Job") {
			continue
		}
		f.Container = c.Name
		if d.examineContainer(f, p, c); f.Cause != Progressing {
			return
		}
	}
	for _, e := range d.objects.about(p.Metadata.UID) {
		switch e.Reason {
		case "FailedMount", "FailedAttachVolume", "FailedMapVolume":
			f.Cause, f.Reason, f.Detail = Volume, e.Reason, e.Message
			if strings.Contains(e.Message, "secret") || strings.Contains(e.Message, "configmap") {
				f.Cause = MissingConfig
			}
		case "FailedCreatePodSandBox":
			f.Reason, f.Detail = e.Reason, e.Message
		}
	}
}

// addClaim adds why a volume is not there, which the scheduler does not say.
func (d *diagnosis) addClaim(f *Finding, p pod) {
	for _, v := range p.Spec.Volumes {
		if v.PersistentVolumeClaim == nil {
			continue
		}
		for _, c := range d.objects.claims {
			if c.Metadata.Name != v.PersistentVolumeClaim.ClaimName || c.Status.Phase == "Bound" {
				continue
			}
			f.Detail = fmt.Sprintf("PersistentVolumeClaim %s is %s", c.Metadata.Name, c.Status.Phase)
			for _, e := range d.objects.about(c.Metadata.UID) {
				if e.Type == "Warning" {
					f.Detail = fmt.Sprintf("PersistentVolumeClaim %s is %s: %s: %s", c.Metadata.Name, c.Status.Phase, e.Reason, e.Message)
				}
			}
		}
	}
}

func (d *diagnosis) examineContainer(f *Finding, p pod, c containerStatus) {
	ended := c.LastState.Terminated
	if c.State.Terminated != nil {
		ended = c.State.Terminated
	}
	waiting := c.State.Waiting
	switch {
	case waiting != nil && slices.Contains([]string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}, waiting.Reason):
		f.Cause, f.Reason, f.Detail = ImagePull, waiting.Reason, d.pullMessage(p, waiting.Message)
	case waiting != nil && waiting.Reason == "CreateContainerConfigError":
		f.Cause, f.Reason, f.Detail = MissingConfig, waiting.Reason, waiting.Message
		if strings.Contains(waiting.Message, "runAsNonRoot") {
			f.Cause = PodSecurity
		}
	case ended != nil && (ended.Reason == "StartError" || ended.Reason == "ContainerCannotRun"),
		waiting != nil && (waiting.Reason == "CreateContainerError" || waiting.Reason == "RunContainerError"):
		f.Cause, f.Reason = Command, "StartError"
		if ended != nil {
			f.Detail = ended.Message
		}
		if waiting != nil && f.Detail == "" {
			f.Reason, f.Detail = waiting.Reason, waiting.Message
		}
	case ended != nil:
		d.examineEnd(f, p, c, *ended)
	case c.State.Running != nil && !c.Ready:
		if e, found := d.lastProbe(p, "Startup"); found {
			f.Cause, f.Reason, f.Detail = Startup, e.Reason, e.Message
		}
		if e, found := d.lastProbe(p, "Readiness"); found {
			f.Cause, f.Reason, f.Detail = Readiness, e.Reason, e.Message
		}
		if f.Cause != Progressing {
			d.readLog(f, p.Metadata.Name, c.Name, false)
		}
	}
}

// examineEnd judges how a container's process ended.
func (d *diagnosis) examineEnd(f *Finding, p pod, c containerStatus, end terminated) {
	f.Cause, f.Reason, f.exitCode = Crash, "exit code "+fmt.Sprint(end.ExitCode), end.ExitCode
	if w := c.State.Waiting; w != nil && w.Reason != "" {
		f.Reason = w.Reason + ", exit code " + fmt.Sprint(end.ExitCode)
	}
	killed := end.ExitCode == 0 || end.ExitCode == 137 || end.ExitCode == 143
	switch {
	case end.Reason == "OOMKilled":
		f.Cause, f.Reason, f.Detail = OOM, "OOMKilled", fmt.Sprintf("container %s reached its memory limit %s", c.Name, p.Spec.container(c.Name).Resources.Limits["memory"])
	case killed && d.killedFor(p, "liveness"):
		f.Cause, f.Reason = Liveness, "Unhealthy"
		if e, found := d.lastProbe(p, "Liveness"); found {
			f.Detail = e.Message
		}
	case killed && d.killedFor(p, "startup"):
		f.Cause, f.Reason = Startup, "Unhealthy"
		if e, found := d.lastProbe(p, "Startup"); found {
			f.Detail = e.Message
		}
	}
	// What the process said before it ended: the current one has often said nothing yet.
	d.readLog(f, p.Metadata.Name, c.Name, c.State.Terminated == nil)
}

// killedFor reports whether the kubelet ended a container of the pod because of one kind of probe.
func (d *diagnosis) killedFor(p pod, kind string) bool {
	return slices.ContainsFunc(d.objects.about(p.Metadata.UID), func(e event) bool {
		return e.Reason == "Killing" && strings.Contains(e.Message, "failed "+kind+" probe")
	})
}

func (d *diagnosis) lastProbe(p pod, kind string) (last event, found bool) {
	for _, e := range d.objects.about(p.Metadata.UID) {
		if e.Reason == "Unhealthy" && strings.HasPrefix(e.Message, kind+" probe") {
			last, found = e, true
		}
	}
	return last, found
}

// pullMessage is the registry's answer: a container that backs off only says that it does.
func (d *diagnosis) pullMessage(p pod, message string) string {
	for _, e := range d.objects.about(p.Metadata.UID) {
		if e.Reason == "Failed" && strings.HasPrefix(e.Message, "Failed to pull image") {
			message = e.Message
		}
	}
	return message
}

// examineCreation finds out why pods were never made.
func (d *diagnosis) examineCreation(f *Finding, w, maker controller) {
	refused := maker.condition("ReplicaFailure").Message
	for _, e := range d.objects.about(w.Metadata.UID, maker.Metadata.UID) {
		if e.Reason == "FailedCreate" {
			refused = e.Message
		}
	}
	if refused == "" {
		return
	}
	f.Cause, f.Reason, f.Detail = Admission, "FailedCreate", refused
	switch {
	case strings.Contains(refused, "exceeded quota") || strings.Contains(refused, "failed quota"):
		f.Cause = Quota
	case strings.Contains(refused, "violates PodSecurity"):
		f.Cause = PodSecurity
	}
}

// readLog reads the end of a container's log, keeps the last lines, and looks in all of it for a better answer.
func (d *diagnosis) readLog(f *Finding, pod, container string, previous bool) {
	f.Log = &Log{Container: container, Previous: previous}
	if d.withheld != "" {
		f.Log.Lines = []string{d.withheld}
		return
	}
	args := []string{"logs", pod, "-c", container, fmt.Sprintf("--tail=%d", searchedLines)}
	if previous {
		args = append(args, "--previous")
	}
	text, err := d.kubectl(d.ctx, args...)
	if err != nil && previous { // the node may have removed it already
		f.Log.Previous = false
		text, err = d.kubectl(d.ctx, args[:len(args)-1]...)
	}
	if err != nil {
		f.Log.Lines = []string{d.redact.clean(fmt.Sprintf("(no log: %v)", err))}
		return
	}
	if len(text) == 0 {
		f.Log.Lines = []string{"(empty)"}
		return
	}
	lines := strings.Split(strings.TrimRight(d.redact.clean(string(text)), "\n"), "\n")
	for _, line := range lines[max(0, len(lines)-shownLines):] {
		f.Log.Lines = append(f.Log.Lines, Readable(line))
	}
	f.ownError = slices.ContainsFunc(lines, ownError.MatchString)
	for _, clue := range clues {
		for _, line := range slices.Backward(lines) {
			if found := clue.line.FindString(line); found != "" && slices.Contains(clue.explains, f.Cause) {
				f.Cause, f.Detail = clue.cause, found
				return
			}
		}
	}
}
