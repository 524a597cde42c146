package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"todo/internal/doctor"
)

// podStatus is what `kubectl get pods -o json` says of a pod of one container.
func podStatus(phase, container, conditions string) string {
	return fmt.Sprintf(`{"phase":%q,"conditions":[%s],"containerStatuses":[%s]}`, phase, conditions, container)
}

func waiting(reason string, restarts, exitCode int) string {
	last := ""
	if restarts > 0 {
		last = fmt.Sprintf(`,"lastState":{"terminated":{"exitCode":%d}}`, exitCode)
	}
	const container = `{"name":"backend","restartCount":%d,"state":{"waiting":{"reason":%q}}%s}`
	return podStatus("Pending", fmt.Sprintf(container, restarts, reason, last), "")
}

func unscheduled(why string) string {
	const condition = `{"type":"PodScheduled","status":"False","message":"0/1 nodes are available: %s"}`
	return podStatus("Pending", "", fmt.Sprintf(condition, why))
}

const isReady, isNotReady = `{"type":"Ready","status":"True"}`, `{"type":"Ready","status":"False"}`

var (
	running     = podStatus("Running", `{"name":"backend","ready":false,"restartCount":2,"state":{"running":{}}}`, isNotReady)
	serving     = podStatus("Running", `{"name":"backend","ready":true,"state":{"running":{}}}`, isReady)
	failed      = podStatus("Failed", `{"name":"migration","state":{"terminated":{"exitCode":1}}}`, isNotReady)
	creating    = waiting("ContainerCreating", 0, 0)
	pulling     = waiting("ErrImagePull", 0, 0)
	pullBackOff = waiting("ImagePullBackOff", 0, 0)
	noSecret    = waiting("CreateContainerConfigError", 0, 0)
	crashed     = waiting("CrashLoopBackOff", 2, 3)
	killed      = waiting("CrashLoopBackOff", 2, 137)
	full        = unscheduled("1 Insufficient cpu. no new claims to deallocate.")
	unbound     = unscheduled("pod has unbound immediate PersistentVolumeClaims.")
)

func times(n int, text string) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

// situation is what is not usual about a case.
type situation struct {
	pod   string // "new" by default, "old" or "leaving"
	first bool   // there is no release yet
	cloud bool   // the cluster is not on this machine
}

func TestAnUpdateIsAbortedWhenANewPodCannotBecomeReady(t *testing.T) {
	spare := []doctor.Pressure{{Known: true, Waiting: 2}}
	short := []doctor.Pressure{{Known: true, Waiting: 97}}
	unknown := []doctor.Pressure{{Waiting: -1}}
	usual, first := situation{}, situation{first: true}
	certain := slices.Concat(spare, unknown) // that it is not short of CPU, or nothing
	every := slices.Concat(spare, short, unknown)
	tests := map[string]struct {
		looks []string          // the pod's status, 20 s apart
		nodes []doctor.Pressure // each leads to the same
		want  string
		in    situation
	}{
		"crashes":                             {[]string{creating, running, crashed}, every, "pod new ended 3 times (exit code 3)", usual},
		"crashed once":                        {[]string{waiting("CrashLoopBackOff", 1, 3), running}, every, "", usual},
		"an old pod crashes":                  {times(30, crashed), every, "", situation{pod: "old"}},
		"a new pod that is being removed":     {times(30, crashed), every, "", situation{pod: "leaving"}},
		"killed by its probe":                 {times(3, killed), certain, "pod new ended 3 times (exit code 137)", usual},
		"killed by its probe, on a busy node": {times(30, killed), short, "", usual},

		"no image":                       {times(3, pulling), certain, "pod new cannot start (ErrImagePull)", usual},
		"no image, on a busy node":       {times(30, pulling), short, "", usual},
		"the image comes late":           {[]string{pulling, pullBackOff, running}, every, "", usual},
		"the image is away now and then": {[]string{pulling, running, pulling, running}, every, "", usual},
		"a Secret is missing":            {times(3, noSecret), every, "CreateContainerConfigError", usual},

		"the image is being pulled":               {times(60, creating), every, "", usual},
		"runs and is not Ready yet":               {times(9, running), every, "", usual},
		"runs and does not become Ready":          {times(12, running), spare, "pod new runs and has not become Ready within 3m20s", usual},
		"the same, on a busy node":                {times(60, running), short, "", usual},
		"the same, and nothing is known of nodes": {times(60, running), unknown, "", usual},
		"was Ready in between":                    {slices.Concat(times(9, running), []string{serving}, times(9, running)), every, "", usual},
		"the pod of a Job that is tried again":    {times(30, failed), every, "", usual},

		"no room":                      {times(8, full), every, "pod new finds no room (0/1 nodes are available: 1 Insufficient cpu)", usual},
		"no room until old pods end":   {append(times(4, full), creating, running), every, "", usual},
		"no room, and a node is added": {times(8, full), every, "", situation{cloud: true}},
		"its volume is being made":     {times(30, unbound), every, "", usual},

		"at first, crashes until its database exists": {append(times(8, crashed), serving), every, "", first},
		"at first, crashes":                           {times(12, crashed), spare, "pod new ended 3 times (exit code 3)", first},
		"at first, crashes on a busy node":            {times(30, crashed), short, "", first},
		"at first, has no image":                      {times(12, pulling), certain, "ErrImagePull", first},
		"at first, its Secret is made late":           {append(times(5, noSecret), running), every, "", first},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			name := cmp.Or(test.in.pod, "new")
			read := func(status string) (pods watchedPods) {
				t.Helper()
				deletion := map[string]string{"leaving": "2026-11-23T00:00:00Z"}[name]
				const list = `{"items":[{"metadata":{"name":%q,"uid":%[1]q,"deletionTimestamp":%q},"status":%s}]}`
				if err := json.Unmarshal(fmt.Appendf(nil, list, name, deletion, status), &pods); err != nil {
					t.Fatal(err)
				}
				return pods
			}
			for _, pressure := range test.nodes {
				var before watchedPods
				if name == "old" {
					before = read(running)
				}
				w, now, got := newPodWatch(before), time.Unix(0, 0), ""
				w.first, w.local, w.patience = test.in.first, !test.in.cloud, usualPatience
				n := &nodeWatch{read: func(string) doctor.Pressure { return pressure }}
				for _, status := range test.looks {
					if got = n.judge(w.look(read(status), now), now); got != "" {
						break
					}
					now = now.Add(20 * time.Second)
				}
				if got != test.want && (test.want == "" || !strings.Contains(got, test.want)) {
					t.Errorf("with the node %+v the watch says %q, want %q", pressure, got, test.want)
				}
			}
		})
	}
}

// A pod that is only slow does not hide one that crashes.
func TestOnePodThatIsSlowDoesNotHideAnother(t *testing.T) {
	n := &nodeWatch{read: func(string) doctor.Pressure { return doctor.Pressure{Known: true, Waiting: 97} }}
	slow, crash := verdict{"pod a is slow", "x", onlyIfSpare}, verdict{"pod b ended 3 times", "x", none}
	if got := n.judge([]verdict{slow, crash}, time.Unix(0, 0)); got != crash.why {
		t.Errorf("the watch says %q, want %q", got, crash.why)
	}
}

func TestTheConfigurationSaysHowLongAStartMayTake(t *testing.T) {
	for name, test := range map[string]struct {
		config string
		want   time.Duration
	}{
		"nothing":            {"todo:exposure: localhost", usualPatience},
		"a rollout":          {"todo:rolloutTimeoutSeconds: 90", 90 * time.Second},
		"a rollout, as text": {`todo:rolloutTimeoutSeconds: "1200"`, 1200 * time.Second},
		"no number":          {"todo:rolloutTimeoutSeconds: 5m", usualPatience},
		"a slow start":       {"todo:services: {backend: {probes: {startupSeconds: 400}}}", 400 * time.Second},
		"a quick start":      {"todo:services: {backend: {probes: {startupSeconds: 30}}}", usualPatience},
	} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
		if keys, err := ops.stackConfig(); err != nil || keys.patience() != test.want {
			t.Errorf("%s: %v (%v), want %v", name, keys.patience(), err, test.want)
		}
	}
}

// A VPN that drops packets, or a credential helper that waits for a person, must not hold up what only explains.
func TestKubectlThatHangsIsEnded(t *testing.T) {
	was := kubectlLimit
	kubectlLimit = 300 * time.Millisecond
	defer func() { kubectlLimit = was }()
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config: {}\n"})
	ops.tools.Kubectl = script(t, "kubectl", "sleep 60 & wait\n")
	_, err := ops.examine(t.Context(), Cluster{Context: "far-away"}, doctor.Target{Namespace: "todo-dev"})
	if err == nil || !strings.Contains(err.Error(), "kubectl get: cluster far-away has not answered within") {
		t.Errorf("error = %v, want the cluster and the limit", err)
	}
	// The watch goes on asking, until the update ends.
	ctx, stop := ops.untilHopeless(t.Context(), Cluster{Context: "far-away"})
	stop()
	<-ctx.Done()
}

// The doctor's commands name the cluster, which need not be the kubeconfig's current one (D19).
func TestTheDoctorsTargetNamesItsCluster(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "config: {}\n"})
	for _, namespace := range []string{"", "other"} {
		got, err := ops.doctorTarget(Cluster{Context: "todo-lab", Kubeconfig: "lab/kubeconfig", Local: true}, namespace)
		want := filepath.Join(ops.Root, "lab/kubeconfig")
		if err != nil || got.Context != "todo-lab" || got.Kubeconfig != want {
			t.Errorf("namespace %q: context %q, kubeconfig %q (%v), want todo-lab and %s",
				namespace, got.Context, got.Kubeconfig, err, want)
		}
	}
	got, err := ops.doctorTarget(Cluster{Context: "minikube"}, "")
	if err != nil || got.Kubeconfig != "" || got.Machine != (doctor.Machine{}) {
		t.Errorf("kubeconfig %q, machine %+v (%v), want kubectl's own, and no load: the cluster is elsewhere",
			got.Kubeconfig, got.Machine, err)
	}
	if _, err := os.Stat("/proc/loadavg"); err == nil && machine(Cluster{Local: true}).CPUs == 0 {
		t.Error("the load of this machine was not read")
	}
}
