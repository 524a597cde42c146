//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// healthTimeout bounds one health check. A machine that is busy needs seconds for an answer that takes milliseconds.
const healthTimeout = 10 * time.Second

// apiServer is where the API server listens.
const apiServer = "https://127.0.0.1:6443"

// check is a condition; nil means that it holds.
type check = func(context.Context) error

// all holds when each of the checks does. They are asked in this order.
func all(checks ...check) check {
	return func(ctx context.Context) error {
		for _, holds := range checks {
			if err := holds(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// get asks for a URL and wants status 200. It reads no secret and sends none, so whose certificate answers on the lab's
// own port does not matter.
func get(url string) check {
	return getWith(&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, url)
}

// getUnix is get over a Unix socket.
func getUnix(socket, path string) check {
	return getWith(unixTransport(socket), "http://docker"+path)
}

// getAs is get with a client certificate of the lab's; the server's has to be of the same authority.
func getAs(client, authority, url string) check {
	return func(ctx context.Context) error {
		transport, err := certTransport(client, authority)
		if err != nil {
			return err
		}
		return getWith(transport, url)(ctx)
	}
}

func unixTransport(socket string) *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
}

func certTransport(client, authority string) (*http.Transport, error) {
	pair, err := tls.LoadX509KeyPair(pki(client+".crt"), pki(client+".key"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(pki(authority + ".crt"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	return &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{
		RootCAs: roots, Certificates: []tls.Certificate{pair}}}, nil
}

// statusError is an answer other than 200.
type statusError struct {
	url, status, body string
	code              int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.url, e.status, oneLine(e.body))
}

func getWith(transport http.RoundTripper, url string) check {
	return func(ctx context.Context) error {
		_, err := fetch(ctx, transport, url)
		return err
	}
}

// fetch returns the body of a URL that answers with status 200 in time.
func fetch(ctx context.Context, transport http.RoundTripper, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusOK {
		return io.ReadAll(response.Body)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
	if err != nil {
		return nil, err
	}
	return nil, &statusError{url: url, status: response.Status, body: string(body), code: response.StatusCode}
}

// nodeConditions is the part of a Node object that the lab reads.
type nodeConditions struct {
	Status struct {
		Conditions []struct{ Type, Status, Message string }
	}
}

// node reads the lab's Node object from an API server.
func node(ctx context.Context, transport http.RoundTripper, server string) (n nodeConditions, err error) {
	body, err := fetch(ctx, transport, server+"/api/v1/nodes/"+nodeName)
	var answer *statusError
	if errors.As(err, &answer) && answer.code == http.StatusNotFound {
		return n, fmt.Errorf("the kubelet has not registered the node %s yet", nodeName)
	}
	if err == nil {
		err = json.Unmarshal(body, &n)
	}
	return n, err
}

// nodeExists wants the Node object. The kubelet's own health is good before it has registered it, and a kube-router
// that does not find it ends.
func nodeExists(ctx context.Context) error {
	_, err := adminNode(ctx)
	return err
}

// nodeReady wants the Node object to be Ready.
func nodeReady(ctx context.Context) error {
	n, err := adminNode(ctx)
	if err != nil {
		return err
	}
	return n.ready()
}

func (n nodeConditions) ready() error {
	for _, c := range n.Status.Conditions {
		if c.Type == "Ready" && c.Status == "True" {
			return nil
		}
		if c.Type == "Ready" {
			return fmt.Errorf("the node is not Ready: %s", c.Message)
		}
	}
	return errors.New("the node is not Ready: the kubelet has not reported its condition yet")
}

func adminNode(ctx context.Context) (nodeConditions, error) {
	transport, err := certTransport("admin", "ca")
	if err != nil {
		return nodeConditions{}, err
	}
	return node(ctx, transport, apiServer)
}

// chainExists wants a chain in the filter table.
func chainExists(chain string) check {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		out, err := exec.CommandContext(ctx, "iptables", "-w", "5", "-t", "filter", "-S", chain).CombinedOutput()
		if err != nil {
			return fmt.Errorf("firewall chain %s: %w: %s", chain, err, oneLine(string(out)))
		}
		return nil
	}
}

// dialUnix wants a process that accepts connections on a socket.
func dialUnix(socket string) check {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return conn.Close()
	}
}
