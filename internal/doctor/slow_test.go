package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// slow is a namespace of the stack, with what its node says on several days. Its file is written by hand, in the
// forms of Kubernetes 1.34; each object has only the fields that are read.
type slow struct {
	recording
	Nodes              json.RawMessage
	Requests           map[string]string // by resource: node and requests of every pod
	Summaries, Metrics map[string]json.RawMessage

	day string // of Summaries or Metrics; any other: neither may be read
}

func loadSlow(t *testing.T, day string) slow {
	t.Helper()
	text, err := os.ReadFile("testdata/todo-slow.json")
	if err != nil {
		t.Fatal(err)
	}
	s := slow{day: day}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s.recording); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s slow) kubectl(ctx context.Context, args ...string) ([]byte, error) {
	line := strings.Join(args, " ")
	forbidden := errors.New("Error from server (Forbidden)")
	switch {
	case strings.HasPrefix(line, "get node todo-lab"):
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(s.Nodes, &list); err != nil {
			return nil, err
		}
		return list.Items[0], nil
	case line == "get nodes -o json":
		return s.Nodes, nil
	case strings.HasPrefix(line, "get pods --all-namespaces"):
		if s.Requests == nil {
			return nil, forbidden
		}
		return []byte(s.Requests[line[strings.LastIndex(line, ".")+1:]]), nil
	case line == "get --raw /api/v1/nodes/todo-lab/proxy/stats/summary":
		if text, found := s.Summaries[s.day]; found {
			return text, nil
		}
		return nil, forbidden
	case line == "get --raw /apis/metrics.k8s.io/v1beta1/nodes/todo-lab":
		if day, of := strings.CutPrefix(s.day, "metrics: "); of {
			return s.Metrics[day], nil
		}
		return nil, errors.New("Error from server (NotFound)")
	}
	return s.recording.kubectl(ctx, args...)
}

func (s slow) examined(t *testing.T, target Target) map[string]Finding {
	t.Helper()
	target.Namespace, target.Stack = "todo-dev", "dev"
	list, err := Examine(t.Context(), target, s.kubectl)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Finding{}
	for _, f := range list {
		all[f.Service] = f
	}
	return all
}

// What a busy node makes of healthy programs is no reason to correct them, and what is broken on a busy node is broken.
func TestSlowIsNotBroken(t *testing.T) {
	busy := map[string]Cause{
		"late": Starved, "importing": Starved, "workers": Starved, "liveness": Starved, "database": Starved,
		"starting": Starved, "runtime": Starved,
		"listens-elsewhere": Startup, "workers-crash": Crash, "hangs": Liveness, "crash": Crash, "not-found": Readiness,
	}
	tests := map[string]struct {
		day     string
		machine Machine
		want    map[string]Cause
		says    string // of the node
	}{
		"the kubelet measures the wait": {"busy", Machine{}, busy, "processes waited for a CPU 97% of the last minute"},
		"the kubelet measures the use":  {"busy, without PSI", Machine{}, busy, "2.0 of 2 CPUs are in use"},
		"metrics-server measures the use": {"metrics: busy", Machine{}, map[string]Cause{
			"late": Starved, "workers": Starved, "liveness": Starved, "database": Starved,
			"crash": Crash, "workers-crash": Crash,
			"importing": Startup, // not known to use any CPU: it may listen elsewhere
		}, "2.0 of 2 CPUs are in use"},
		"nothing may be asked, and the machine is busy": {"", Machine{Load: 35.2, CPUs: 2}, map[string]Cause{
			"late": Starved, "database": Starved, "crash": Crash,
		}, "load 35 on 2 CPUs"},
		"a node in a container on a busy machine": {"idle", Machine{Load: 35.2, CPUs: 2}, busy, "load 35 on 2 CPUs"},
		"an idle node": {"idle", Machine{Load: 0.5, CPUs: 2}, map[string]Cause{
			"late": Startup, "importing": Startup, "workers": Crash, "liveness": Liveness, "database": Startup,
			"starting": Progressing, "runtime": Command, "listens-elsewhere": Startup, "workers-crash": Crash,
			"hangs": Liveness, "crash": Crash, "not-found": Readiness,
		}, ""},
		"nothing is known": {"", Machine{}, map[string]Cause{
			"late": Startup, "workers": Crash, "liveness": Liveness, "database": Startup, "starting": Progressing,
		}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			found := loadSlow(t, test.day).examined(t, Target{Machine: test.machine, First: true})
			for service, want := range test.want {
				got := found[service]
				if got.Cause != want {
					t.Errorf("%s: %s (%s; %s), want %s", service, got.Cause, got.Reason, got.Detail, want)
				}
				if want != Starved {
					continue
				}
				for _, part := range []string{"The node todo-lab is short of CPU (" + test.says + ")", "no error of the application"} {
					if !strings.Contains(got.Likely, part) {
						t.Errorf("%s: %q, want %q in it", service, got.Likely, part)
					}
				}
				if got.Fix != "make up" {
					t.Errorf("%s: the fix is %q, want make up, which continues", service, got.Fix)
				}
			}
		})
	}
}

func TestAContainerAtItsOwnLimitGetsMore(t *testing.T) {
	s := loadSlow(t, "at the limit")
	f := s.examined(t, Target{})["late"]
	const likely = "all the CPU that its limit of 500m allows"
	if f.Cause != Starved || !strings.Contains(f.Likely, likely) || !strings.HasSuffix(f.Fix, "--limits=cpu=1000m") {
		t.Errorf("%s: %q, %q; want its own limit named and doubled", f.Cause, f.Likely, f.Fix)
	}
	s.Objects = bytes.ReplaceAll(s.Objects, []byte(`"late"`), []byte(`"backend"`))
	s.Summaries[s.day] = bytes.ReplaceAll(s.Summaries[s.day], []byte(`"late"`), []byte(`"backend"`))
	want := "pulumi config set -s dev --path services.backend.resources.limits.cpu 1000m && make up"
	if got := s.examined(t, Target{})["backend"].Fix; got != want {
		t.Errorf("fix = %q, want %q", got, want)
	}
}

func TestWhatIsUsedUpIsNamed(t *testing.T) {
	found := loadSlow(t, "idle").examined(t, Target{First: true, Managed: true, Context: "work"})
	for service, want := range map[string]struct {
		cause Cause
		// Parts of what Kubernetes or the log says, of the sentence, and of the command.
		detail, likely, fix string
	}{
		"evicted-cache": {
			Evicted, `Usage of EmptyDir volume "cache-0" exceeds the limit "128Mi".`,
			"wrote more than 128Mi to the volume cache-0 (/app/.next/cache)", "make up",
		},
		"evicted-disk": {
			Evicted, `local ephemeral storage limit "512Mi"`, "its limit of 512Mi", "--limits=ephemeral-storage=1024Mi",
		},
		"evicted-node": {
			Evicted, "The node was low on resource: ephemeral-storage",
			"ran out of memory or disk", "kubectl --context work describe nodes",
		},
		"read-only-python": {
			ReadOnly, "[Errno 30] Read-only file system: '/app/uploads'",
			"writes to /app/uploads, and the container's file system is read-only. It can write to /tmp.",
			"make up # after the program writes below /tmp",
		},
		"read-only-node": {
			ReadOnly, "EROFS: read-only file system, open '/app/log.txt'", "writes to /app/log.txt", "make up",
		},
		"pending": { // of the 2000m, 100 + 250 + 10 + 1440 are taken
			Scheduling, "1 Insufficient cpu",
			"asks for 250m of cpu. The node with most room, todo-lab, has 200m of 2000m left: other pods ask for 1800m." +
				" An update needs room for one more pod", "--requests=cpu=100m",
		},
		"pending-memory": {
			Scheduling, "1 Insufficient memory",
			"asks for 256Mi of memory. The node with most room, todo-lab, has 686Mi of 7854Mi left", "--requests=memory=128Mi",
		},
		"migration": {
			DatabasePassword, "password authentication failed", "the data of an earlier stack", "make down && make up",
		},
	} {
		got := found[service]
		if got.Cause != want.cause {
			t.Errorf("%s: %s, want %s", service, got.Cause, want.cause)
		}
		for text, part := range map[string]string{got.Detail: want.detail, got.Likely: want.likely, got.Fix: want.fix} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q, want %q in it", service, text, part)
			}
		}
	}
	// A stack that has had a release has data that nothing may destroy.
	if f := loadSlow(t, "idle").examined(t, Target{Managed: true})["migration"]; f.Fix != "make rollback" {
		t.Errorf("a stack with a release is told %q", f.Fix)
	}
	// A user of one namespace may not list the pods of all.
	s := loadSlow(t, "idle")
	s.Requests = nil
	const likely = "No node has 250m of cpu left for the pod."
	if f := s.examined(t, Target{})["pending"]; !strings.HasPrefix(f.Likely, likely) {
		t.Errorf("without the right to list all pods: %q, want %q", f.Likely, likely)
	}
}
