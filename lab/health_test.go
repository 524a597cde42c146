//go:build linux

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"todo/internal/step"
)

func TestTheKubeletIsHealthyOnceItsNodeExists(t *testing.T) {
	const path = "/api/v1/nodes/" + nodeName
	answers := map[string]struct {
		status              int
		body                string
		notExists, notReady string // what is missing; "" for nothing
	}{
		"the API server does not answer yet": {503, "starting", "503", "503"},
		"no node yet":                        {404, `{"reason":"NotFound"}`, "not registered the node", "not registered"},
		"a node without a condition":         {200, `{"kind":"Node","status":{}}`, "", "not reported its condition"},
		"a node that is not Ready": {200, `{"status":{"conditions":[{"type":"DiskPressure","status":"False"},` +
			`{"type":"Ready","status":"False","message":"cni plugin not initialized"}]}}`, "", "cni plugin not initialized"},
		"a node that is Ready": {200, `{"status":{"conditions":[{"type":"Ready","status":"True"}]}}`, "", ""},
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != path {
					t.Errorf("asked for %s, want %s", r.URL.Path, path)
				}
				w.WriteHeader(answer.status)
				w.Write([]byte(answer.body))
			}))
			defer server.Close()
			n, exists := node(t.Context(), server.Client().Transport, server.URL)
			ready := exists
			if exists == nil {
				ready = n.ready()
			}
			for what, got := range map[string]struct {
				err  error
				want string
			}{"exists": {exists, answer.notExists}, "is Ready": {ready, answer.notReady}} {
				if (got.err == nil) != (got.want == "") || got.err != nil && !strings.Contains(got.err.Error(), got.want) {
					t.Errorf("the node %s: %v, want %q", what, got.err, got.want)
				}
			}
		})
	}
}

func TestAConditionHoldsWhenAllItsPartsDo(t *testing.T) {
	good, bad := func(context.Context) error { return nil }, func(context.Context) error { return errors.New("no node") }
	if err := all(good, good)(t.Context()); err != nil {
		t.Errorf("all parts hold, and the whole does not: %v", err)
	}
	if err := all(good, bad)(t.Context()); err == nil || err.Error() != "no node" {
		t.Errorf("error %v, want that of the part that does not hold", err)
	}
}

func TestWhatReadsTheNodeWaitsForTheKubelet(t *testing.T) {
	for _, c := range testSetup(t).components() {
		needsNode := slices.Contains([]string{"kube-proxy", "kube-router", "metrics-server"}, c.Name)
		if needsNode && !slices.Contains(c.After, "kubelet") {
			t.Errorf("%s is started before the node exists: it waits for %v", c.Name, c.After)
		}
	}
}

// TestEtcdIsClosedToOthers starts Debian's etcd on other ports and in a temporary folder, first as labs before this
// version did, without TLS. What it holds has to be there afterwards, for the API server's certificate only.
func TestEtcdIsClosedToOthers(t *testing.T) {
	if _, err := exec.LookPath("etcd"); err != nil {
		t.Skip("no etcd on this machine: the lab installs it")
	}
	tempLab(t)
	if _, err := ensureCerts(testSetup(t).Network); err != nil {
		t.Fatal(err)
	}
	clients, peers := freePort(t), freePort(t)
	port := strings.NewReplacer(":2379", ":"+clients, ":2380", ":"+peers)
	components := testSetup(t).components()
	c := components[slices.IndexFunc(components, func(c Component) bool { return c.Name == "etcd" })]
	for i, word := range c.Command {
		c.Command[i] = port.Replace(word)
	}
	c.Health = getAs(etcdClient, "etcd-ca", "https://127.0.0.1:"+clients+"/health")
	old := c
	old.Command = []string{"etcd", "--name=" + nodeName, "--data-dir=" + state("etcd")}
	for flag, at := range map[string]string{"listen-client-urls": clients, "advertise-client-urls": clients,
		"listen-peer-urls": peers, "initial-advertise-peer-urls": peers} {
		old.Command = append(old.Command, "--"+flag+"=http://127.0.0.1:"+at)
	}
	old.Command = append(old.Command, "--initial-cluster="+nodeName+"=http://127.0.0.1:"+peers)
	old.Health = get("http://127.0.0.1:" + clients + "/health")

	t.Cleanup(func() {
		if r, ok, _ := readRecord("etcd"); ok {
			r.stop(context.Background(), c.Grace)
		}
	})
	u := setup{patience: startPatience}
	up := func(version Component) {
		if printed, _, err := inStep(t, func(s *step.Step) error { return u.ensure(t.Context(), s, version) }); err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
	}
	up(old)
	etcd(t, http.DefaultTransport, "http://127.0.0.1:"+clients, "put", `{"key":"Zm9v","value":"YmFy"}`)
	up(c)
	transport, err := certTransport(etcdClient, "etcd-ca")
	if err != nil {
		t.Fatal(err)
	}
	got := etcd(t, transport, "https://127.0.0.1:"+clients, "range", `{"key":"Zm9v"}`)
	if !strings.Contains(got, `"value":"YmFy"`) {
		t.Errorf("what was written before etcd had TLS is lost: %s", got)
	}
	for who, ask := range map[string]check{
		"a client without a certificate": get("https://127.0.0.1:" + clients + "/health"),
		"a client without TLS":           get("http://127.0.0.1:" + clients + "/health"),
		"a peer without a certificate":   get("https://127.0.0.1:" + peers + "/version"),
		"an admin of the cluster":        getAs("admin", "etcd-ca", "https://127.0.0.1:"+clients+"/health"),
	} {
		if err := ask(t.Context()); err == nil {
			t.Errorf("etcd answers %s", who)
		}
	}
}

// etcd sends a request to etcd's JSON gateway and returns the answer.
func etcd(t *testing.T, transport http.RoundTripper, server, method, body string) string {
	t.Helper()
	client := &http.Client{Transport: transport}
	response, err := client.Post(server+"/v3/kv/"+method, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	if err := response.Write(&text); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s (%v)", method, response.Status, err)
	}
	return text.String()
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
