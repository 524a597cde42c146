package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// asked is the check of a URL by a client whose resolver and dialer the test invents.
func asked(t *testing.T, url string, dial func() error) check {
	t.Helper()
	transport := &http.Transport{}
	if dial != nil {
		transport.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, dial() }
	}
	defer transport.CloseIdleConnections()
	client := &http.Client{Timeout: answerLimit, Transport: transport}
	page := check{what: "web page", where: url, service: "frontend-web"}
	return call(t.Context(), client, page, http.MethodGet, url, nil, nil)
}

// quiet is a server whose log of refused handshakes is not the test's.
func quiet(t *testing.T, handler http.Handler, start func(*httptest.Server)) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	start(server)
	t.Cleanup(server.Close)
	return server.URL
}

func TestPendingCause(t *testing.T) {
	status := func(code int) string {
		answer := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
		return quiet(t, http.HandlerFunc(answer), (*httptest.Server).Start)
	}
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	noCertificate := func(s *httptest.Server) {
		s.TLS = &tls.Config{GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return nil, errors.New("not issued")
		}}
		s.StartTLS()
	}
	fine := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	hangUp := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	const name, address = "the name does not resolve", "its address gives no answer"
	const certificate, route = "no valid certificate is served", "no route leads to the pods"
	fails := func(err error) check { return asked(t, "https://192.0.2.1", func() error { return err }) }
	for what, test := range map[string]struct {
		check check
		want  string
	}{
		"a good answer": {asked(t, status(200), nil), ""},
		"no DNS record": {
			fails(&net.DNSError{Err: "no such host", IsNotFound: true}),
			name,
		},
		"a DNS server away": {
			fails(&net.DNSError{Err: "server misbehaving", IsTemporary: true}),
			name,
		},
		"refused": {asked(t, closed.URL, nil), address},
		"no address yet": {
			fails(os.NewSyscallError("connect", syscall.EHOSTUNREACH)), address,
		},
		"a timeout": {
			fails(os.ErrDeadlineExceeded), address,
		},
		"closed at once":                 {asked(t, quiet(t, hangUp, (*httptest.Server).Start), nil), address},
		"a controller's own certificate": {asked(t, quiet(t, fine, (*httptest.Server).StartTLS), nil), certificate},
		"no certificate at all":          {asked(t, quiet(t, fine, noCertificate), nil), certificate},
		"no TLS":                         {asked(t, strings.Replace(status(200), "http:", "https:", 1), nil), certificate},
		"the controller's 404":           {asked(t, status(404), nil), route},
		"the controller's 503":           {asked(t, status(503), nil), route},
		"the application's 500":          {asked(t, status(500), nil), ""},
		"the application's 401":          {asked(t, status(401), nil), ""},
	} {
		if what == "no certificate at all" && errors.As(test.check.err, new(*tls.CertificateVerificationError)) {
			t.Errorf("%s: %v; this server sends none, so the case shows nothing", what, test.check.err)
		}
		if got := pendingCause(test.check.err, test.check.code); got != test.want {
			t.Errorf("%s (%s): %q, want %q", what, test.check.status, got, test.want)
		}
	}
}

// A first update is well when its pods are; the same errors are failures when the URL has worked, or when the pods
// fail too.
func TestAFirstUpdateIsPending(t *testing.T) {
	noHost := &net.DNSError{Err: "no such host", IsNotFound: true}
	const url = "https://todo.example.com"
	for name, test := range map[string]struct {
		exposure string
		served   string // URLs that have worked
		answers  int    // of the pod itself
		check    check
		want     string // the line of the table
		ends     string // what the smoke test returns
	}{
		"no DNS record": {
			"ingress", "", 200, check{err: noHost}, "… web page " + url + " pending: the name does not resolve:",
			"smoke test: 1 of 1 checks are pending",
		},
		"of a load balancer": {"loadBalancer", "", 200, check{err: noHost}, "… web page", "are pending"},
		"of a gateway": {
			"gateway", "", 307, check{code: 404}, "… web page " + url + " pending: no route leads to the pods:", "are pending",
		},
		"another URL has worked": {
			"ingress", "https://old.example.com\n", 200, check{err: noHost}, "… web page", "are pending",
		},
		"it has worked": {
			"ingress", url + "\n", 200, check{err: noHost},
			"✗ web page " + url + " failed (this URL worked after an earlier update)", "1 of 1 checks failed",
		},
		"the pods fail too": {
			"ingress", "", 503, check{code: 503}, "✗ web page " + url + " pod web-1 itself answers 503",
			"1 of 1 checks failed",
		},
		"the application fails": {
			"ingress", "", 200, check{code: 500}, "✗ web page " + url + " failed", "1 of 1 checks failed",
		},
		"it answers": {"ingress", "", 200, check{code: 200, ok: true}, "✓ web page", ""},
		"localhost is not pending": {
			"localhost", "", 200, check{err: noHost}, "✗ web page " + url + " failed", "1 of 1 checks failed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := probed(t, map[string]int{"/": test.answers})
			ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
			ops.tools.Kubectl = cluster{
				pods: map[string]string{"frontend-web": "echo web-1"}, forwards: map[string]string{"web-1:http": forwardTo(pod)},
			}.kubectl(t)
			if err := writeFile(ops.servedFile(), []byte(test.served)); err != nil {
				t.Fatal(err)
			}
			test.check.what, test.check.where, test.check.service = "web page", url, "frontend-web"
			if !test.check.ok {
				test.check.status = "failed"
			}
			checks, keys := []check{test.check}, stackKeys{Exposure: test.exposure}
			if keys.named() {
				var err error
				targets := []target{{service: "frontend-web", port: "http"}}
				if checks, err = ops.judge(t.Context(), Cluster{}, "todo-dev", targets, checks); err != nil {
					t.Fatal(err)
				}
			}
			var table strings.Builder
			err := printChecks(&table, checks)
			if (err == nil) != (test.ends == "") || err != nil && !strings.Contains(err.Error(), test.ends) {
				t.Errorf("the smoke test ends with %v, want %q", err, test.ends)
			}
			if !strings.Contains(strings.Join(strings.Fields(table.String()), " "), test.want) {
				t.Errorf("the table has no %q:\n%s", test.want, &table)
			}
			served, err := ops.served()
			if err != nil || slices.Contains(served, url) != (test.check.ok || strings.Contains(test.served, url)) {
				t.Errorf("the URLs that have worked are %q (%v), after a check that is good: %v", served, err, test.check.ok)
			}
		})
	}
}

// No account is made in production, unless it is asked for.
func TestProductionIsOnlyRead(t *testing.T) {
	old := smokePatience
	smokePatience = 0
	t.Cleanup(func() { smokePatience = old })
	for name, test := range map[string]struct {
		production, journey string
		want                []string // lines
		accounts            bool
		refused             string
	}{
		"production": {"true", "", []string{"✓ public frontend-web", "✓ public frontend-chatbot", "✓ public backend",
			"– a new user %s not tried: make smoke JOURNEY=1 makes an account and removes it"}, false, ""},
		"production, asked": {
			"true", "1", []string{"✓ public frontend-chatbot", "✓ public backend", "✓ web page", "✗ sign up"}, true, "",
		},
		"development":            {"false", "", []string{"✓ web page", "✗ sign up"}, true, ""},
		"development, not asked": {"false", "0", []string{"– a new user %s not tried"}, false, ""},
		"neither":                {"true", "yes", nil, false, `JOURNEY="yes"; allowed: 1`},
	} {
		t.Run(name, func(t *testing.T) {
			accounts := 0
			site := quiet(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method != http.MethodGet:
					accounts++
					w.WriteHeader(http.StatusTeapot)
				case !slices.Contains([]string{"/", "/ready", "/api/healthz"}, r.URL.Path):
					w.WriteHeader(http.StatusNotFound)
				}
			}), (*httptest.Server).Start)
			ops := checkout(t, map[string]string{"Pulumi.yaml": "",
				"Pulumi.dev.yaml": "config: {todo:exposure: nodePort, todo:production: " + test.production + "}\n"})
			t.Setenv("JOURNEY", test.journey)
			if _, err := newOps(); test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) {
					t.Errorf("error = %v before anything is done, want %q", err, test.refused)
				}
				return
			}
			ops.tools.Kubectl = cluster{deployments: []string{deployment("backend", `"http"`, 2, "/health /ready"),
				deployment("frontend-chatbot", `"http"`, 2, "/api/healthz /api/healthz"),
				deployment("frontend-web", `"http"`, 2, "/api/healthz /api/healthz")}}.kubectl(t)
			out := Outputs{Namespace: "todo-dev", WebURL: site, ChatbotURL: site, APIURL: site}
			checks, err := ops.checks(t.Context(), Cluster{}, out)
			if err != nil {
				t.Fatal(err)
			}
			var table strings.Builder
			_ = printChecks(&table, checks) // this cluster has no pod to probe, so it fails
			for _, line := range test.want {
				line = strings.ReplaceAll(line, "%s", site)
				if !strings.Contains(strings.Join(strings.Fields(table.String()), " "), line) {
					t.Errorf("the table has no %q:\n%s", line, &table)
				}
			}
			if (accounts > 0) != test.accounts {
				t.Errorf("%d requests changed something, want some: %v", accounts, test.accounts)
			}
		})
	}
}

// An update whose public URL is pending makes a release. The smoke test alone fails, so that a script can wait for it.
func TestAPendingUpdateIsARelease(t *testing.T) {
	old := smokePatience
	smokePatience = 0
	t.Cleanup(func() { smokePatience = old })
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	pod := probed(t, map[string]int{"/": 200})
	ops := checkout(t, map[string]string{"Pulumi.yaml": "",
		"Pulumi.dev.yaml": "config: {todo:exposure: ingress, todo:production: true, todo:kubeContext: eks}\n"})
	kubectl := cluster{deployments: []string{deployment("frontend-web", `"http"`, 2, "/ /")},
		pods:     map[string]string{"frontend-web": "echo web-1"},
		forwards: map[string]string{"web-1:http": forwardTo(pod)}}.kubectl(t)
	t.Setenv("PATH", filepath.Dir(kubectl)+":"+os.Getenv("PATH"))
	ops.tools.Pulumi = script(t, "pulumi", `echo '{"namespace":"todo-dev","webUrl":"`+closed.URL+`"}'`)
	if err := ops.Smoke(t.Context()); !errors.As(err, new(pendingError)) {
		t.Errorf("make smoke ends with %v, want that a check is pending", err)
	}
	if err := ops.smokeRelease(t.Context()); err != nil {
		t.Errorf("the update ends with %v, want it to be a release", err)
	}
	if err := writeFile(ops.servedFile(), []byte(closed.URL+"\n")); err != nil {
		t.Fatal(err)
	}
	if err := ops.smokeRelease(t.Context()); err == nil || errors.As(err, new(pendingError)) {
		t.Errorf("the update ends with %v although the URL had worked, want a failure", err)
	}
}
