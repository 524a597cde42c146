package main

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// simulated is a clock that jumps to the end of whatever is waited for.
type simulated struct {
	mu  sync.Mutex
	now time.Time
}

func (s *simulated) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *simulated) after(d time.Duration) <-chan time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
	over := make(chan time.Time, 1)
	over <- s.now
	return over
}

// simulate gives a forwarder a clock of its own, and returns that and the log.
func simulate(w *forwarder) (*simulated, *bytes.Buffer) {
	clock, log := &simulated{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, &bytes.Buffer{}
	w.now, w.after, w.alive, w.log = clock.time, clock.after, clock.time(), log
	w.tick = func() <-chan time.Time { return clock.after(pulse) }
	return clock, log
}

// counted is a kubectl that notes each call in a file before it does something.
func counted(t *testing.T, does string) (kubectl string, calls func() int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "calls")
	return script(t, "kubectl", "echo >>"+file+"\n"+does), func() int {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return strings.Count(string(text), "\n")
	}
}

// refused is what kubectl writes when nothing listens: log lines with the time and the process id, then a sentence.
const refused = `for i in 1 2 3 4 5; do
	echo "E1130 19:25:49.$(date +%N | cut -c1-6)   $$ memcache.go:265] \"Unhandled Error\" err=\"connection refused\"" >&2
done
echo 'The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?' >&2; exit 1`

// A stopped cluster must cost next to nothing, and a forward to one that is gone must end.
func TestAForwardBacksOffAndEndsWithItsCluster(t *testing.T) {
	for name, test := range map[string]struct {
		kubectl string
		ends    time.Duration // after the start
		says    string
	}{
		"connections are refused": {
			refused, silence,
			"(looking for the pods of backend: kubectl get: The connection to the server 127.0.0.1:1 was refused",
		},
		"the context is gone": {
			"echo 'Error in configuration: context was not found for specified context: minikube' >&2; exit 1",
			contextSilence, "context was not found"},
		"the context is gone, in other words": {
			`echo 'error: context "minikube" does not exist' >&2; exit 1`, contextSilence, "does not exist",
		},
		"the namespace is empty": {"true", silence, "no pod is Ready"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			kubectl, calls := counted(t, test.kubectl)
			ops.tools.Kubectl = kubectl
			w := ops.newForwarder(Cluster{Context: "minikube"}, "todo-dev", nil, func() error { return nil })
			clock, log := simulate(w)
			begin := clock.time()
			err := w.run(t.Context(), []forward{{"backend", "1"}}, nil)
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), "make forward") {
				t.Errorf("the forward ended with %v, want %q and the command that starts it again", err, test.says)
			}
			took := clock.time().Sub(begin)
			if took < test.ends || took > test.ends+2*maxDelay {
				t.Errorf("the forward ended after %s, want %s", took, test.ends)
			}
			// 0.5, 1, 2, 4, 8, 16 and 30 s, and then one call every 30 s; without a back-off it were 3600.
			if most := int(test.ends/maxDelay) + 8; calls() > most {
				t.Errorf("kubectl was called %d times in %s, want at most %d", calls(), took, most)
			}
			if lines := strings.Count(log.String(), "\n"); lines != 1 {
				t.Errorf("the log has %d lines, want one for the one cause:\n%s", lines, log)
			}
			if strings.Contains(log.String(), "memcache.go") {
				t.Errorf("the log has kubectl's own log lines:\n%s", log)
			}
		})
	}
}

// fakeForward is a kubectl whose port-forward leads nowhere, because the test serves the port itself.
const fakeForward = `case "$*" in
	*"get endpointslices"*) echo pod-1 ;;
	*port-forward*) exec sleep 600 ;;
esac`

func served(t *testing.T, handler http.HandlerFunc) (port string) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address.Port()
}

func TestAForwardConnectsWhenTheClusterIsBack(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	back := filepath.Join(t.TempDir(), "back")
	kubectl, calls := counted(t, "if ! test -e "+back+"; then\n"+refused+"\nfi\n"+fakeForward)
	ops.tools.Kubectl = kubectl
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	answered := 0
	port := served(t, func(http.ResponseWriter, *http.Request) {
		if answered++; answered == 20 { // 40 simulated seconds
			cancel()
		}
	})
	w := ops.newForwarder(Cluster{}, "todo-dev", nil, func() error { return nil })
	clock, log := simulate(w)
	begin := clock.time()
	after := w.after
	w.after = func(d time.Duration) <-chan time.Time {
		if clock.time().Sub(begin) > 10*time.Minute {
			if err := os.WriteFile(back, nil, 0o600); err != nil {
				t.Error(err)
			}
		}
		return after(d)
	}
	if err := w.run(ctx, []forward{{"backend", port}}, nil); err != nil {
		t.Fatalf("the forward ended with %v:\n%s", err, log)
	}
	if took := clock.time().Sub(begin); took > 12*time.Minute {
		t.Errorf("the cluster was back after 10 minutes, and the forward took until %s", took)
	}
	if calls() > 40 {
		t.Errorf("kubectl was called %d times, want one call every %s", calls(), maxDelay)
	}
	text, connected := log.String(), "http://localhost:"+port+" is served by pod pod-1"
	if strings.Count(text, "\n") != 2 || !strings.Contains(text, connected) {
		t.Errorf("the log is\n%s\nwant one line for the outage and one for its end", text)
	}
}

// A service whose pod crashes again and again has one line for each cause, and not one for each attempt.
func TestACauseIsLoggedOnce(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = script(t, "kubectl", `case "$*" in
		*"get endpointslices"*) echo pod-1 ;;
		*port-forward*)
			echo "E1130 19:25:49.$(date +%N | cut -c1-6)   $$ portforward.go:424] \"Unhandled Error\" err=\"lost\"" >&2
			echo "error: error forwarding port 8000 to pod $$a$$f, uid : lost connection on port 4$$" >&2; exit 1 ;;
	esac`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := ops.newForwarder(Cluster{}, "todo-dev", nil, func() error { return nil })
	clock, log := simulate(w)
	begin := clock.time()
	w.alive = begin.Add(24 * time.Hour)             // another service is well, so this one goes on
	w.tick = func() <-chan time.Time { return nil } // kubectl ends before the first pulse
	after := w.after
	w.after = func(d time.Duration) <-chan time.Time {
		if clock.time().Sub(begin) > time.Hour {
			cancel()
		}
		return after(d)
	}
	if err := w.run(ctx, []forward{{"backend", "1"}}, nil); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("an hour of failures has %d lines, want 1:\n%s", lines, log)
	}
}

func TestAForwardIsWokenByAnUpdate(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	kubectl, calls := counted(t, "exit 1")
	ops.tools.Kubectl = kubectl
	w := ops.newForwarder(Cluster{}, "todo-dev", nil, func() error { return nil })
	_, log := simulate(w)
	waiting := make(chan time.Duration, 10)
	w.after = func(d time.Duration) <-chan time.Time {
		waiting <- d
		return nil // the pause would never end
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	rolled, ended := make(chan os.Signal), make(chan error)
	go func() { ended <- w.run(ctx, []forward{{"backend", "1"}}, rolled) }()
	for attempt := 1; attempt <= 3; attempt++ {
		if d := <-waiting; d != firstDelay || calls() != attempt {
			t.Errorf("attempt %d: %d calls, and a pause of %s, want %s: it was woken", attempt, calls(), d, firstDelay)
		}
		if attempt < 3 {
			rolled <- podsRolled
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("an interrupted forward ends with %v:\n%s", err, log)
	}
}

func TestAForwardEndsWithItsCheckout(t *testing.T) {
	for name, remove := range map[string]func(*Ops) error{
		"the checkout is removed": func(o *Ops) error { return os.RemoveAll(o.Root) },
		"git clean -dfx":          func(o *Ops) error { return os.RemoveAll(o.state()) },
		"another one took its place": func(o *Ops) error {
			return errors.Join(os.Remove(o.stackState("forward")), os.WriteFile(o.stackState("forward"), []byte("1\n"), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			kubectl := script(t, "kubectl", fakeForward)
			ops.tools.Kubectl = kubectl
			hold, err := ops.holdForward(assignment{})
			if err != nil {
				t.Fatal(err)
			}
			defer hold.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			asked := 0
			port := served(t, func(http.ResponseWriter, *http.Request) {
				if asked++; asked == 2 { // while it is connected
					if err := remove(ops); err != nil {
						t.Error(err)
					}
				}
			})
			w := ops.newForwarder(Cluster{}, "todo-dev", nil, hold.lost)
			_, log := simulate(w)
			err = w.run(ctx, []forward{{"backend", port}}, nil)
			if err == nil || !strings.Contains(err.Error(), "has been removed: the forward ends") {
				t.Errorf("the forward ended with %v, want it to say what is gone:\n%s", err, log)
			}
		})
	}
}

func TestUsefulLine(t *testing.T) {
	const prefix = "E1130 19:30:29.355854   12887 memcache.go:265] "
	for said, want := range map[string]string{
		"": "",
		prefix + "\"Unhandled Error\" err=\"x\"\nThe connection was refused\n": "The connection was refused",
		prefix + "no such port\n":                                                    "no such port",
		"Unable to listen on port 3000\nerror: unable to listen\n":                   "error: unable to listen",
		": Error from server (NotFound)\n" + prefix + "a config file is missing\n\n": "Error from server (NotFound)",
	} {
		if got := usefulLine(said); got != want {
			t.Errorf("of %q the useful line is %q, want %q", said, got, want)
		}
	}
}
