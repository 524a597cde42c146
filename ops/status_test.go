package main

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestStatusInEachSituation(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	up := status{
		stack: "dev", now: now, cluster: Cluster{Kind: "minikube", Context: "minikube"},
		workloads:  []workload{{"backend", 2, 2}, {"frontend-web", 1, 1}, {"frontend-chatbot", 0, 0}},
		release:    &Release{Number: 3, Time: now.Add(-2 * time.Hour)},
		urls:       []siteURL{{"http://localhost:3000", ""}, {"http://localhost:8000", ""}},
		forwardPID: 4711, forwardSince: now.Add(-3 * time.Minute),
		backend: "file:///here/.state/pulumi", changed: now.Add(-72 * time.Hour),
	}
	silent := func(kind, said string) func(*status) {
		return func(s *status) { s.cluster.Kind, s.unanswered, s.workloads = kind, errors.New(said), nil }
	}
	noForward := func(stack string) func(*status) {
		return func(s *status) { s.argument, s.forwardPID, s.urls[0].wrong = stack, 0, "no answer" }
	}
	for name, test := range map[string]struct {
		change  func(*status)
		line    string
		problem string
	}{
		"up": {func(*status) {}, `cluster  minikube (Minikube) answers; 2 of 2 Deployments are Ready
release  3, 2 h ago (2026-03-04 10:00 UTC)
urls     http://localhost:3000 answers, http://localhost:8000 answers
forward  process 4711, for 3 min (since 2026-03-04 11:57:00)
state    file:///here/.state/pulumi, changed 3 days ago
`, ""},
		"the cluster is stopped": {silent("minikube", "kubectl get: the connection was refused"),
			"cluster  minikube (Minikube): kubectl get: the connection was refused\n", "make up starts it"},
		"a remote cluster is away": {silent("kubeconfig", "kubectl get: it did not answer within 10s"),
			"(of the kubeconfig): kubectl get: it did not answer within 10s\n", "kubectl --context minikube cluster-info"},
		"the context is gone": {silent("kubeconfig", `kubectl get: error: context "minikube" does not exist`),
			`context "minikube" does not exist`, "kubectl config get-contexts"},
		"no record": {
			func(s *status) { s.unknown = errors.New("there is no record of stack dev"); s.noURLs = s.unknown },
			"cluster  unknown: there is no record of stack dev\n", "there is no record of stack dev"},
		"nothing is deployed": {func(s *status) { s.workloads = nil },
			"0 of 0 Deployments", "has no Deployment on cluster minikube: make up deploys it"},
		"a pod is not Ready": {func(s *status) { s.workloads[0].ready = 1 },
			"1 of 2 Deployments are Ready", "1 of 2 Deployments of stack dev are not Ready: make doctor"},
		"no release": {func(s *status) { s.release = nil }, "release  none on this machine\n", ""},
		"a failed update": {func(s *status) { s.unfinished = true },
			"release  3, 2 h ago (2026-03-04 10:00 UTC); the last update did not end well", ""},
		"no forward": {noForward(""), "forward  not running: make forward\n",
			"http://localhost:3000 does not answer, because no forward runs: make forward"},
		"no forward of another stack": {noForward(" STACK=qa"),
			"forward  not running: make forward STACK=qa\n", "make forward STACK=qa"},
		"a domain": {func(s *status) { s.urls, s.forwardPID = []siteURL{{"https://todo.example.com", ""}}, 0 },
			"forward  not needed\n", ""},
		"a bad gateway": {func(s *status) { s.urls[0].wrong = "HTTP 502" },
			"urls     http://localhost:3000 (HTTP 502), ", "http://localhost:3000 does not answer well (HTTP 502): make smoke"},
		"everything is off": {func(s *status) { s.urls, s.workloads = nil, []workload{{"backend", 0, 0}} },
			"urls     none: every service is off\n", ""},
		"Pulumi is missing": {func(s *status) { s.urls, s.noURLs = nil, errors.New("pulumi is not on PATH") },
			"urls     unknown: pulumi is not on PATH\n", "pulumi is not on PATH"},
		"a state elsewhere": {func(s *status) { s.backend, s.changed = "s3://state", time.Time{} },
			"state    s3://state\n", ""},
		"no state yet": {func(s *status) { s.changed = time.Time{} },
			"state    file:///here/.state/pulumi, which has no stack dev\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := up
			s.workloads, s.urls = append([]workload{}, up.workloads...), append([]siteURL{}, up.urls...)
			test.change(&s)
			var text strings.Builder
			if err := s.print(&text); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text.String(), test.line) || strings.Count(text.String(), "\n") != 5 {
				t.Errorf("the status is\n%s\nwant five lines with %q", &text, test.line)
			}
			err := s.problem()
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("the problem is %v, want %q", err, test.problem)
			}
		})
	}
}

// status asks what there is, and gets nothing: no tool is built or downloaded, and no file is written.
func TestStatusLooksAndChangesNothing(t *testing.T) {
	port := served(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	url := "http://127.0.0.1:" + port
	outputs := `echo '{"namespace":"todo-dev","apiUrl":"` + url + `","kubeContext":"kind-mine"}'`
	for name, test := range map[string]struct{ pulumi, kubectl, problem string }{
		"up": {outputs, `case "$*" in
			"--context kind-mine -n todo-dev get deployments"*) printf 'backend 2 02\nfrontend-web 0 0\n' ;;
			*) exit 1 ;;
		esac`, ""},
		"rolling":    {outputs, `printf 'backend 2 0\n'`, "1 of 1 Deployments"},
		"no tools":   {"", "", "pulumi is not on PATH"},
		"no kubectl": {outputs, "", "kubectl is not on PATH"},
		"never up":   {`echo "error: no stack named 'dev' found" >&2; exit 255`, "exit 1", "no record of stack dev"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			folder := t.TempDir()
			for name, text := range map[string]string{"pulumi": test.pulumi, "kubectl": test.kubectl} {
				if text != "" {
					if err := os.Rename(script(t, name, text), filepath.Join(folder, name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			t.Setenv("PATH", folder) // the scripts use built-in commands only
			err := ops.Status(t.Context())
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("error = %v, want %q", err, test.problem)
			}
			if _, err := os.Stat(".state"); err == nil {
				t.Error("make status left .state behind")
			}
		})
	}
}
