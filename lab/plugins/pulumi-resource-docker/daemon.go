package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/docker/docker/client"
)

// pingLimit is how long a Docker Engine may take to say that it is there.
const pingLimit = 10 * time.Second

// daemon is a Docker Engine that has answered.
type daemon struct {
	*client.Client
	settings settings
}

// connect returns the Engine of the settings, or else of DOCKER_HOST and its companions, or else of the default socket.
func connect(ctx context.Context, s settings) (*daemon, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if s.CA != "" || s.Cert != "" || s.Key != "" {
		transport, err := s.tls()
		if err != nil {
			return nil, err
		}
		options = append(options, client.WithHTTPClient(&http.Client{Transport: transport}))
	} else if s.CertPath != "" {
		options = append(options, client.WithTLSClientConfig(
			filepath.Join(s.CertPath, "ca.pem"), filepath.Join(s.CertPath, "cert.pem"), filepath.Join(s.CertPath, "key.pem")))
	}
	if s.Host != "" {
		options = append(options, client.WithHost(s.Host))
	}
	docker, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("docker:host %q: %w", s.Host, err)
	}
	limited, cancel := context.WithTimeout(ctx, pingLimit)
	defer cancel()
	if _, err := docker.Ping(limited); err != nil {
		return nil, errors.Join(fmt.Errorf("no Docker Engine answers at %s (%w): start it, or name another with `pulumi config set docker:host …` or DOCKER_HOST",
			docker.DaemonHost(), err), docker.Close())
	}
	return &daemon{Client: docker, settings: s}, nil
}

func (s settings) tls() (*http.Transport, error) {
	pair, err := tls.X509KeyPair([]byte(s.Cert), []byte(s.Key))
	if err != nil {
		return nil, fmt.Errorf("docker:certMaterial and docker:keyMaterial do not belong together: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(s.CA)) {
		return nil, errors.New("docker:caMaterial holds no certificate")
	}
	return &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots, MinVersion: tls.VersionTLS12}}, nil
}
