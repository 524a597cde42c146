package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A port-forward holds on to its pod, also to one of the last release: told of a rollout, the forward moves to a pod that the
// Service uses.
func TestAForwardFollowsARollout(t *testing.T) {
	served := httptest.NewServer(http.NotFoundHandler())
	defer served.Close()
	address, err := url.Parse(served.URL)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	serving, looked, forwarded := filepath.Join(folder, "serving"), filepath.Join(folder, "looked"), filepath.Join(folder, "forwarded")
	use := func(pods string) {
		if err := os.WriteFile(serving, []byte(pods), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	ops.tools.Kubectl = script(t, "kubectl", `case "$*" in
		*"get endpointslices -l kubernetes.io/service-name=backend"*) cat `+serving+`; echo >>`+looked+` ;;
		*port-forward*) echo "$*" >>`+forwarded+`; exec sleep 60 ;;
		*) exit 1 ;;
	esac`)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f := forward{"backend", address.Port()}

	w := ops.newForwarder(Cluster{}, "todo-dev", io.Discard, func() error { return nil })
	connect := func(told <-chan struct{}) error { return w.connect(ctx, f, told, func(string) {}) }

	use("")
	if err := connect(nil); err == nil || !strings.Contains(err.Error(), "no pod is Ready") {
		t.Errorf("without a pod the forward ends with %v, want it to say that none is Ready", err)
	}
	if err := os.Remove(looked); err != nil {
		t.Fatal(err)
	}
	told, ended := make(chan struct{}), make(chan error, 1)
	looks := 1
	tell := func(pods string) {
		for text := []byte(nil); len(text) < looks && ctx.Err() == nil; text, _ = os.ReadFile(looked) {
			time.Sleep(time.Millisecond) // the look before must not see these pods
		}
		use(pods)
		looks++
		select {
		case told <- struct{}{}:
		case err := <-ended:
			t.Fatalf("the forward ended before pods %s served: %v", pods, err)
		}
	}
	use("old-1 old-2")
	go func() { ended <- connect(told) }()
	tell("old-1 old-2") // no reason to leave
	tell("old-1 new-1") // nor is this: its pod still serves
	tell("new-1 new-2")
	if err := <-ended; !errors.Is(err, errMoved) || ctx.Err() != nil {
		t.Errorf("the forward to a terminating pod ends with %v, %v; want it to move when it is told", err, ctx.Err())
	}
	text, err := os.ReadFile(forwarded)
	if err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), "-n todo-dev port-forward pod/old-1 "+f.port+":http") {
		t.Errorf("kubectl was called with %q (%v), want one port-forward to pod old-1", text, err)
	}
}
