package doctor

import (
	"fmt"
	"regexp"
	"slices"
)

var (
	// lateAnswer is a probe, or a call of the container runtime, that got no answer in time. "Connection refused" is
	// none of them.
	lateAnswer = regexp.MustCompile(`context deadline exceeded|Client\.Timeout exceeded|timed out|did not answer`)
	refused    = regexp.MustCompile(`connection refused`)
	// supervised is how uvicorn's supervisor replaces a worker: one that has ended, or that did not answer for 5 s.
	supervised = regexp.MustCompile(`Child process \[\d+\] died`)
	// ownError is what a program prints that fails by itself.
	ownError = regexp.MustCompile(`Traceback \(most recent call last\)|\b[A-Z]\w*(Error|Exception)\b|^panic: |^Error: `)
)

// slowness reports whether what was found can come from a lack of CPU alone.
func (f *Finding) slowness() bool {
	late := lateAnswer.MatchString(f.Detail)
	switch f.Cause {
	case Progressing:
		return f.Pod != ""
	case Startup:
		return (late || refused.MatchString(f.Detail)) && !f.ownError
	case Liveness, Readiness, Command, Database:
		return late
	case Crash:
		// 137 is a kill from outside; a kill for memory is OOM already.
		return !f.ownError && (supervised.MatchString(f.Detail) || f.exitCode == 137)
	case Unknown, JobFailed:
		return f.Reason == "ProgressDeadlineExceeded" || f.Reason == "DeadlineExceeded"
	}
	return false
}

// idleCores is less than a process uses that wants to run, however many others want to: one that hangs or waits uses
// none.
const idleCores = 0.005

// examineSlowness tells a container that is slow, because it gets too little CPU, from one that is broken.
func (d *diagnosis) examineSlowness(f *Finding, p pod) {
	if p.Spec.NodeName == "" || !f.slowness() {
		return
	}
	pressure := d.pressure(p.Spec.NodeName)
	used, measured := pressure.podsUsing[p.Metadata.Name+"/"+f.Container]
	idle := measured && used < idleCores
	if refused.MatchString(f.Detail) && !measured {
		return // it may as well not be listening at all
	}
	if pressure.Short() && (!idle || f.Cause == Progressing) {
		f.Cause, f.shortage = Starved, fmt.Sprintf("The node %s is short of CPU (%s)", p.Spec.NodeName, pressure)
		return
	}
	c := p.Spec.container(f.Container)
	limit, limited := milli(c.Resources.Limits["cpu"])
	if limited && f.Cause != Progressing && used*1000*100 >= float64(limit*usedPercent) {
		f.Cause, f.atLimit = Starved, true
		f.shortage = "The container uses all the CPU that its limit of " + c.Resources.Limits["cpu"] + " allows"
	}
}

// pressure reads a node once.
func (d *diagnosis) pressure(node string) Pressure {
	if i := slices.IndexFunc(d.pressures, func(p Pressure) bool { return p.Node == node }); i >= 0 {
		return d.pressures[i]
	}
	p := ReadPressure(d.ctx, d.kubectl, node, d.target.Machine)
	d.pressures = append(d.pressures, p)
	return p
}

// starved says that nothing has to be corrected, or which limit is too low.
func (p *prescription) starved() {
	f := p.f
	if f.atLimit {
		more := doubled(p.c.Resources.Limits["cpu"])
		f.Likely = f.shortage + ": it starts and answers slowly."
		f.Fix = p.kubectl(fmt.Sprintf("set resources %s -c %s --limits=cpu=%s", p.object(), p.c.Name, more))
		if p.ours {
			f.Fix = p.set("services."+f.Service+".resources.limits.cpu", more)
		}
		return
	}
	f.Likely = f.shortage + ": the container starts and answers slowly. " +
		"This is no error of the application. Wait, or stop other load on the node."
	switch {
	case p.Stack != "":
		f.Likely += " make up continues where it was."
		f.Fix = "make up" + p.stackFlag()
	case p.w.Kind == "Job":
		f.Fix = p.kubectl("wait --for=condition=complete --timeout=600s " + p.object())
	default:
		f.Fix = p.kubectl("rollout status " + p.object())
	}
}
