//go:build linux

package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// A health check gets this long; a component that does not answer in time is not healthy.
const healthTimeout = 3 * time.Second

// get asks for a URL and wants status 200. It reads no secret and sends none, so whose certificate answers on the lab's
// own port does not matter.
func get(url string) func(context.Context) error {
	return getWith(&http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}, url)
}

// getUnix is get over a Unix socket.
func getUnix(socket, path string) func(context.Context) error {
	return getWith(unixTransport(socket), "http://docker"+path)
}

func unixTransport(socket string) *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}
}

func getWith(transport *http.Transport, url string) func(context.Context) error {
	client := &http.Client{Transport: transport}
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, healthTimeout)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
		body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
		if err != nil {
			return err
		}
		return fmt.Errorf("%s: %s: %s", url, response.Status, strings.Join(strings.Fields(string(body)), " "))
	}
}

// dialUnix wants somebody to accept connections on a socket.
func dialUnix(socket string) func(context.Context) error {
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
