package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAnUpdateIsGivenUpWhenANewPodCannotComeUp(t *testing.T) {
	waiting := func(reason string, restarts int) string {
		return fmt.Sprintf(`{"name":"backend","restartCount":%d,"state":{"waiting":{"reason":%q}},"lastState":{"terminated":{"exitCode":3}}}`, restarts, reason)
	}
	running := `{"name":"backend","ready":false,"restartCount":2,"state":{"running":{}}}`
	tests := map[string]struct {
		pod   string
		looks []string // the container's status, 20 s apart
		want  string
	}{
		"crashes":                         {"new", []string{waiting("ContainerCreating", 0), running, waiting("CrashLoopBackOff", 2)}, "pod new ended 3 times (exit code 3)"},
		"crashed once":                    {"new", []string{waiting("CrashLoopBackOff", 1), running}, ""},
		"an old pod crashes":              {"old", []string{waiting("CrashLoopBackOff", 9)}, ""},
		"no image":                        {"new", []string{waiting("ErrImagePull", 0), waiting("ImagePullBackOff", 0), waiting("ErrImagePull", 0)}, "pod new cannot start (ErrImagePull)"},
		"the image comes late":            {"new", []string{waiting("ErrImagePull", 0), waiting("ImagePullBackOff", 0), running}, ""},
		"the image is away now and then":  {"new", []string{waiting("ErrImagePull", 0), running, waiting("ErrImagePull", 0), running}, ""},
		"a Secret is missing":             {"new", []string{waiting("CreateContainerConfigError", 0), waiting("CreateContainerConfigError", 0), waiting("CreateContainerConfigError", 0)}, "CreateContainerConfigError"},
		"slow, and nothing wrong so far":  {"new", []string{waiting("ContainerCreating", 0), waiting("ContainerCreating", 0), waiting("ContainerCreating", 0)}, ""},
		"runs and does not become Ready":  {"new", []string{running, running, running, running}, ""},
		"a new pod that is being removed": {"leaving", []string{waiting("CrashLoopBackOff", 9)}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			read := func(container string) (pods watchedPods) {
				t.Helper()
				deletion := map[string]string{"leaving": "2026-11-23T00:00:00Z"}[test.pod]
				text := fmt.Sprintf(`{"items":[{"metadata":{"name":%q,"uid":%q,"deletionTimestamp":%q},"status":{"containerStatuses":[%s]}}]}`, test.pod, test.pod, deletion, container)
				if err := json.Unmarshal([]byte(text), &pods); err != nil {
					t.Fatal(err)
				}
				return pods
			}
			var before watchedPods
			if test.pod == "old" {
				before = read(running)
			}
			w, now, got := newPodWatch(before), time.Unix(0, 0), ""
			for _, container := range test.looks {
				got = w.look(read(container), now)
				now = now.Add(20 * time.Second)
			}
			if got != test.want && (test.want == "" || !strings.Contains(got, test.want)) {
				t.Errorf("the watch says %q, want %q", got, test.want)
			}
		})
	}
}
