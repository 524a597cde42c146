//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	exposed          = "e2e-exposure" // stack
	exposedNamespace = "todo-" + exposed
	exposedDomain    = "todo.test"
	tlsSecret        = "e2e-tls"
	controllers      = "todo-e2e-controller" // namespace that ingressFrom lets in
)

// traefik's ports on the node, by the ports that the world uses (lab/traefik.go).
var (
	ingressPorts = map[string]string{"80": "9480", "443": "9443"}
	gatewayPorts = map[string]string{"80": "9481", "443": "9444"}
)

// devImages are the references that the dev stack runs, by service, as JSON.
var devImages string

// testExposures takes one stack through the exposures, with real requests at each. The localhost exposure is that of the
// stack before it, whose images it runs.
func testExposures(t *testing.T) {
	if _, err := exec.LookPath("minikube"); err == nil {
		t.Skip("the stack is on Minikube: there is no lab to add a controller to")
	}
	if devImages == "" { // only this step was asked for
		run(t, "make", "up")
		devImages = shell(t, "pulumi stack output -s dev images --json")
	}
	nodeIP := kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	run(t, "make", "down") // two stacks at once are too many for a small node
	t.Cleanup(func() {
		for _, command := range [][]string{{"make", "down", "STACK=" + exposed}, {"bin/lab", "traefik", "down"}, {"rm", "-f", "Pulumi." + exposed + ".yaml"}} {
			if out, err := try(t, command[0], command[1:]...); err != nil {
				t.Errorf("%v: %v\n%s", command, err, out)
			}
		}
	})
	run(t, "bin/lab", "traefik", "up")
	configure := func(keys string) {
		t.Helper()
		text := "config:\n  todo:images: " + strings.Join(strings.Fields(devImages), " ") +
			"\n  todo:services: {backend: {replicas: 1}, frontend-web: {replicas: 1}, frontend-chatbot: {replicas: 1}}\n" + keys
		if err := os.WriteFile(filepath.Join(root, "Pulumi."+exposed+".yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	t.Run("nodePort", func(t *testing.T) {
		configure("  todo:exposure: nodePort\n")
		out := run(t, "make", "up", "STACK="+exposed)
		site := site{client: nodeClient(t, nil, nodeIP, nil), web: "http://" + nodeIP + ":30000", chatbot: "http://" + nodeIP + ":30001", api: "http://" + nodeIP + ":30800"}
		for _, url := range []string{site.web, site.chatbot, site.api} {
			if !strings.Contains(out, url) {
				t.Errorf("make up does not print %s", url)
			}
		}
		site.visit(t, "")
	})

	roots, cert, key := certificate(t, exposedDomain, "chat."+exposedDomain, "api."+exposedDomain)
	kubectl(t, "-n", exposedNamespace, "create", "secret", "tls", tlsSecret, "--cert="+cert, "--key="+key)
	secure := func(t *testing.T, keys string, ports map[string]string) {
		configure(keys + "  todo:domain: " + exposedDomain + "\n  todo:tlsSecret: " + tlsSecret + "\n")
		shell(t, "pulumi up -s "+exposed+" --yes --skip-preview") // the smoke test of make up would look the domain up in DNS
		site := site{client: nodeClient(t, roots, nodeIP, ports), web: "https://" + exposedDomain,
			chatbot: "https://chat." + exposedDomain, api: "https://api." + exposedDomain}
		site.settles(t)
		site.visit(t, exposedDomain)
		site.redirects(t)
		stranger := nodeClient(t, x509.NewCertPool(), nodeIP, ports)
		if _, err := stranger.Get(site.web); !errors.As(err, new(x509.UnknownAuthorityError)) {
			t.Errorf("without the test's authority: %v; want the certificate refused, or the trust above proves nothing", err)
		}
	}
	t.Run("gateway", func(t *testing.T) {
		secure(t, "  todo:exposure: gateway\n  todo:gateway: {class: traefik, httpPort: 9481, httpsPort: 9444}\n", gatewayPorts)
		routes := kubectl(t, "-n", exposedNamespace, "get", "httproutes", "-o", `jsonpath={range .items[*]}{.status.parents[0].conditions[?(@.type=="Accepted")].status} {end}`)
		if got := strings.Fields(routes); len(got) != 4 || strings.Contains(routes, "False") {
			t.Errorf("the routes' Accepted conditions are %v, want four times True", got)
		}
		if _, err := net.DialTimeout("tcp", net.JoinHostPort(nodeIP, "30800"), 2*time.Second); err == nil {
			t.Error("the API's node port is still open, and the exposure is a Gateway")
		}
	})
	t.Run("ingress", func(t *testing.T) {
		secure(t, "  todo:exposure: ingress\n  todo:ingressClass: traefik\n  todo:ingressFrom: {namespaces: ["+controllers+"]}\n", ingressPorts)
		onlyControllersGetIn(t, imageOf(t, devImages))
	})
}

// shell runs a line in the environment of make env and returns its standard output.
func shell(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.Command("bash", "-c", `eval "$(make env)" && `+line)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := start(t, cmd); err != nil {
		t.Fatalf("%s: %v\n%s%s", line, err, &out, &complaint)
	}
	return out.String()
}

func imageOf(t *testing.T, images string) string {
	t.Helper()
	var all map[string]string
	if err := json.Unmarshal([]byte(images), &all); err != nil || all["frontend-web"] == "" {
		t.Fatalf("the outputs name no image of the web front (%v): %s", err, images)
	}
	return all["frontend-web"]
}

// nodeClient is an HTTP client with cookies that finds every host on the node, at the ports that stand for those of the world.
func nodeClient(t *testing.T, roots *x509.CertPool, nodeIP string, ports map[string]string) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.DisableKeepAlives = nil, true
	transport.TLSClientConfig = tlsConfig(roots)
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if ports != nil {
			host, port = nodeIP, ports[port]
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort(host, port))
	}
	return &http.Client{Transport: transport, Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// site is the application as a browser finds it.
type site struct {
	client            *http.Client
	web, chatbot, api string
}

// ask makes one request and returns the answer with its body.
func (s site) ask(method, url, body string, headers ...string) (*http.Response, string, error) {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response, string(text), err
}

func (s site) must(t *testing.T, status int, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	response, text, err := s.ask(method, url, body, headers...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	if response.StatusCode != status {
		t.Fatalf("%s %s: %s, want %d\n%.300s", method, url, response.Status, status, text)
	}
	return response, text
}

// settles waits until the controller serves the new pods of all three services: those that know of https.
func (s site) settles(t *testing.T) {
	t.Helper()
	for _, url := range []string{s.web + "/", s.chatbot + "/", s.api + "/ready"} {
		eventually(t, 60*time.Second, url+" answers with HSTS", func() error {
			response, text, err := s.ask(http.MethodGet, url, "")
			if err != nil {
				return err
			}
			if hsts := response.Header.Get("Strict-Transport-Security"); response.StatusCode >= http.StatusBadRequest || !strings.HasPrefix(hsts, "max-age=") {
				return fmt.Errorf("%s, Strict-Transport-Security %q: %.200s", response.Status, hsts, text)
			}
			return nil
		})
		if t.Failed() {
			t.FailNow() // the rest would wait in vain too
		}
	}
}

// visit is a new user's way through the three: the web front signs up, the chatbot knows who it is, the API lets both call.
// domain is the cookie's; "" is none.
func (s site) visit(t *testing.T, domain string) {
	t.Helper()
	email := fmt.Sprintf("exposure-%d@example.com", time.Now().UnixNano())
	if _, page := s.must(t, http.StatusOK, http.MethodGet, s.chatbot+"/", ""); strings.Contains(page, email) {
		t.Error("the chatbot knows a user who does not exist yet")
	}
	signUp, _ := s.must(t, http.StatusCreated, http.MethodPost, s.web+"/api/auth/sign-up",
		`{"name":"Exposure","email":"`+email+`","password":"correct horse battery"}`, "Origin", s.web)
	cookies := signUp.Cookies()
	if len(cookies) == 0 {
		t.Fatal("signing up sets no cookie")
	}
	for _, c := range cookies {
		if c.Domain != domain || c.Secure != (domain != "") || !c.HttpOnly {
			t.Errorf("cookie %s: domain %q, Secure %t, HttpOnly %t; want domain %q, Secure with https only, HttpOnly", c.Name, c.Domain, c.Secure, c.HttpOnly, domain)
		}
	}
	s.must(t, http.StatusCreated, http.MethodPost, s.web+"/api/tasks", `{"title":"seen from outside"}`, "Origin", s.web)
	if _, list := s.must(t, http.StatusOK, http.MethodGet, s.web+"/api/tasks", ""); !strings.Contains(list, "seen from outside") {
		t.Errorf("the task is not in the list: %.300s", list)
	}
	if _, page := s.must(t, http.StatusOK, http.MethodGet, s.chatbot+"/", ""); !strings.Contains(page, email) {
		t.Errorf("the chatbot at %s does not know the user who signed up at %s", s.chatbot, s.web)
	}
	s.must(t, http.StatusOK, http.MethodGet, s.api+"/ready", "")
	for origin, want := range map[string]string{s.web: s.web, s.chatbot: s.chatbot, "https://evil.example": ""} {
		answer, _, err := s.ask(http.MethodOptions, s.api+"/api/tasks", "", "Origin", origin, "Access-Control-Request-Method", "GET")
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("the API allows origin %q to %s, want %q", got, origin, want)
		}
	}
}

// redirects asks every host for a page over plain http.
func (s site) redirects(t *testing.T) {
	t.Helper()
	for _, base := range []string{s.web, s.chatbot, s.api} {
		secure, err := url.Parse(base + "/some/page?x=1&y=a%20b")
		if err != nil {
			t.Fatal(err)
		}
		plain := *secure
		plain.Scheme = "http"
		response, text := s.must(t, http.StatusMovedPermanently, http.MethodGet, plain.String(), "")
		if got := response.Header.Get("Location"); got != secure.String() {
			t.Errorf("%s redirects to %s, want %s", &plain, got, secure)
		}
		if strings.Contains(text, "<html") {
			t.Errorf("%s was answered by the application: %.200s", &plain, text)
		}
	}
}

// onlyControllersGetIn connects to the services' pods from the namespace that ingressFrom names, and from another one.
func onlyControllersGetIn(t *testing.T, image string) {
	const strangers = "todo-e2e-stranger"
	from := map[string]place{}
	for _, namespace := range []string{controllers, strangers} {
		kubectl(t, "create", "namespace", namespace)
		t.Cleanup(func() {
			if out, err := kubectlTry(t, "delete", "namespace", namespace, "--timeout=120s"); err != nil {
				t.Errorf("removing namespace %s: %v\n%s", namespace, err, out)
			}
		})
		kubectl(t, "-n", namespace, "run", "caller", "--image="+image, "--restart=Never", "--command", "--",
			"node", "-e", `process.on("SIGTERM", () => process.exit()); setInterval(() => {}, 1e6)`)
		from[namespace] = place{namespace: namespace, pod: "caller", probe: nodeProbe}
	}
	for namespace, caller := range from {
		kubectl(t, "-n", namespace, "wait", "pod/caller", "--for=condition=Ready", "--timeout=120s")
		for service, port := range map[string]int{"frontend-web": 3000, "frontend-chatbot": 3001, "backend": 8000} {
			want := namespace == controllers
			// The network's rules follow a new pod after a moment, in both directions; and an old one may still be on its way out.
			eventually(t, 45*time.Second, fmt.Sprintf("%s reaches %s: %t", namespace, service, want), func() error {
				ip := kubectl(t, "-n", exposedNamespace, "get", "pods", "-l", "app.kubernetes.io/name="+service, "--field-selector=status.phase=Running",
					"-o", "jsonpath={.items[0].status.podIP}")
				if open, said := caller.connect(t, ip, port); open != want {
					return fmt.Errorf("%s:%d is %s", ip, port, said)
				}
				return nil
			})
		}
	}
}
