package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"todo/internal/doctor"
)

// status is what `kubectl get pods -o json` says of a pod of one container.
func status(phase, container, conditions string) string {
	return fmt.Sprintf(`{"phase":%q,"conditions":[%s],"containerStatuses":[%s]}`, phase, conditions, container)
}

func waiting(reason string, restarts, exitCode int) string {
	last := ""
	if restarts > 0 {
		last = fmt.Sprintf(`,"lastState":{"terminated":{"exitCode":%d}}`, exitCode)
	}
	return status("Pending", fmt.Sprintf(`{"name":"backend","restartCount":%d,"state":{"waiting":{"reason":%q}}%s}`, restarts, reason, last), "")
}

var (
	running  = status("Running", `{"name":"backend","ready":false,"restartCount":2,"state":{"running":{}}}`, `{"type":"Ready","status":"False"}`)
	serving  = status("Running", `{"name":"backend","ready":true,"state":{"running":{}}}`, `{"type":"Ready","status":"True"}`)
	failed   = status("Failed", `{"name":"migration","state":{"terminated":{"exitCode":1}}}`, `{"type":"Ready","status":"False"}`)
	creating = waiting("ContainerCreating", 0, 0)
	pulling  = waiting("ErrImagePull", 0, 0)
	crashed  = waiting("CrashLoopBackOff", 2, 3)
	full     = status("Pending", "", `{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: 1 Insufficient cpu. no new claims."}`)
	unbound  = status("Pending", "", `{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."}`)
)

func times(n int, text string) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

func TestAnUpdateIsAbortedWhenANewPodCannotBecomeReady(t *testing.T) {
	spare := doctor.Pressure{Known: true, Waiting: 2}
	short := doctor.Pressure{Known: true, Waiting: 97}
	unknown := doctor.Pressure{Waiting: -1}
	type nodes []doctor.Pressure
	tests := map[string]struct {
		pod   string
		looks []string // the pod's status, 20 s apart
		nodes nodes    // every one has to lead to the same
		first bool     // there is no release yet
		cloud bool
		want  string
	}{
		"crashes":                             {looks: []string{creating, running, crashed}, nodes: nodes{spare, short, unknown}, want: "pod new ended 3 times (exit code 3)"},
		"crashed once":                        {looks: []string{waiting("CrashLoopBackOff", 1, 3), running}, nodes: nodes{spare}},
		"an old pod crashes":                  {pod: "old", looks: times(30, crashed), nodes: nodes{spare}},
		"a new pod that is being removed":     {pod: "leaving", looks: times(30, crashed), nodes: nodes{spare}},
		"killed by its probe":                 {looks: times(3, waiting("CrashLoopBackOff", 2, 137)), nodes: nodes{spare, unknown}, want: "pod new ended 3 times (exit code 137)"},
		"killed by its probe, on a busy node": {looks: times(30, waiting("CrashLoopBackOff", 2, 137)), nodes: nodes{short}},

		"no image":                       {looks: times(3, pulling), nodes: nodes{spare, unknown}, want: "pod new cannot start (ErrImagePull)"},
		"no image, on a busy node":       {looks: times(30, pulling), nodes: nodes{short}},
		"the image comes late":           {looks: []string{pulling, waiting("ImagePullBackOff", 0, 0), running}, nodes: nodes{spare}},
		"the image is away now and then": {looks: []string{pulling, running, pulling, running}, nodes: nodes{spare}},
		"a Secret is missing":            {looks: times(3, waiting("CreateContainerConfigError", 0, 0)), nodes: nodes{spare, short}, want: "CreateContainerConfigError"},

		"the image is being pulled":                {looks: times(60, creating), nodes: nodes{spare, short, unknown}},
		"runs and is not Ready yet":                {looks: times(9, running), nodes: nodes{spare, short, unknown}},
		"runs and does not become Ready":           {looks: times(12, running), nodes: nodes{spare}, want: "pod new runs and has not become Ready within 3m20s"},
		"the same, on a busy node":                 {looks: times(60, running), nodes: nodes{short}},
		"the same, and nothing is known of nodes":  {looks: times(60, running), nodes: nodes{unknown}},
		"was Ready in between":                     {looks: append(append(times(9, running), serving), times(9, running)...), nodes: nodes{spare}},
		"the pod of a Job that is tried once more": {looks: times(30, failed), nodes: nodes{spare}},

		"no room":                      {looks: times(8, full), nodes: nodes{spare, short}, want: "pod new finds no room (0/1 nodes are available: 1 Insufficient cpu)"},
		"no room until old pods end":   {looks: append(times(4, full), creating, running), nodes: nodes{spare}},
		"no room, and a node is added": {looks: times(8, full), nodes: nodes{spare}, cloud: true},
		"its volume is being made":     {looks: times(30, unbound), nodes: nodes{spare}},

		"the first release crashes until its database is there": {first: true, looks: append(times(8, crashed), serving), nodes: nodes{spare}},
		"the first release crashes":                             {first: true, looks: times(12, crashed), nodes: nodes{spare}, want: "pod new ended 3 times (exit code 3)"},
		"the first release crashes, on a busy node":             {first: true, looks: times(30, crashed), nodes: nodes{short}},
		"the first release has no image":                        {first: true, looks: times(12, pulling), nodes: nodes{spare}, want: "ErrImagePull"},
		"the first release's Secret comes late":                 {first: true, looks: append(times(5, waiting("CreateContainerConfigError", 0, 0)), running), nodes: nodes{spare}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			name := test.pod
			if name == "" {
				name = "new"
			}
			read := func(status string) (pods watchedPods) {
				t.Helper()
				deletion := map[string]string{"leaving": "2026-11-23T00:00:00Z"}[test.pod]
				text := fmt.Sprintf(`{"items":[{"metadata":{"name":%q,"uid":%q,"deletionTimestamp":%q},"spec":{"nodeName":"todo-lab"},"status":%s}]}`, name, name, deletion, status)
				if err := json.Unmarshal([]byte(text), &pods); err != nil {
					t.Fatal(err)
				}
				return pods
			}
			for _, pressure := range test.nodes {
				var before watchedPods
				if test.pod == "old" {
					before = read(running)
				}
				w, now, got := newPodWatch(before), time.Unix(0, 0), ""
				w.first, w.local, w.patience = test.first, !test.cloud, usualPatience
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
		if want := filepath.Join(ops.Root, "lab/kubeconfig"); err != nil || got.Context != "todo-lab" || got.Kubeconfig != want {
			t.Errorf("namespace %q: context %q, kubeconfig %q (%v), want todo-lab and %s", namespace, got.Context, got.Kubeconfig, err, want)
		}
	}
	if got, err := ops.doctorTarget(Cluster{Context: "minikube"}, ""); err != nil || got.Kubeconfig != "" || got.Machine != (doctor.Machine{}) {
		t.Errorf("kubeconfig %q, machine %+v (%v), want kubectl's own, and no load of a machine that the cluster is not on", got.Kubeconfig, got.Machine, err)
	}
	if _, err := os.Stat("/proc/loadavg"); err == nil && machine(Cluster{Local: true}).CPUs == 0 {
		t.Error("the load of this machine was not read")
	}
}
