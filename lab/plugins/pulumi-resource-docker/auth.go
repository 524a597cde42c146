package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/registry"
	"github.com/moby/buildkit/session/auth"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// logins are the credentials by registry host. Docker Hub's many names are "docker.io".
type logins map[string]credentials

// loginsFor collects what is known, later ones first: Docker's own configuration file, the provider's registryAuth,
// the image's registry.
func loginsFor(s settings, img image) (logins, error) {
	all, err := fileLogins()
	if err != nil {
		return nil, err
	}
	for _, c := range s.Registries {
		all.add(c.Server, c)
	}
	if img.Registry.Username != "" {
		server := img.Registry.Server
		if server == "" {
			server = img.host()
		}
		all.add(server, img.Registry)
	}
	return all, nil
}

func (l logins) add(server string, c credentials) {
	if c.Username != "" {
		c.Server = server
		l[registryHost(server)] = c
	}
}

// header is what the Engine wants to be told to reach an image's registry; without credentials it is an empty object.
func (l logins) header(img image) (string, error) {
	c := l[img.host()]
	return registry.EncodeAuthConfig(registry.AuthConfig{Username: c.Username, Password: c.Password, ServerAddress: c.Server})
}

// host is the registry in an image's name.
func (i image) host() string {
	named, err := reference.ParseNormalizedNamed(i.Name)
	if err != nil {
		return ""
	}
	return registryHost(reference.Domain(named))
}

// registryHost reduces an address as people and Docker write it to host[:port].
func registryHost(address string) string {
	for _, scheme := range []string{"https://", "http://"} {
		address = strings.TrimPrefix(address, scheme)
	}
	host, _, _ := strings.Cut(address, "/")
	switch host {
	case "index.docker.io", "registry-1.docker.io", "auth.docker.io":
		return "docker.io"
	}
	return host
}

// fileLogins reads the passwords in Docker's configuration file. Those in a credential helper are left to the real
// plugin.
func fileLogins() (logins, error) {
	folder := os.Getenv("DOCKER_CONFIG")
	if folder == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return logins{}, nil // no home, no file
		}
		folder = filepath.Join(home, ".docker")
	}
	path := filepath.Join(folder, "config.json")
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return logins{}, nil
	}
	if err != nil {
		return nil, err
	}
	var file struct {
		Auths map[string]struct{ Auth string }
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	all := logins{}
	for server, entry := range file.Auths {
		decoded, err := base64.StdEncoding.DecodeString(entry.Auth)
		if err != nil {
			return nil, fmt.Errorf("reading %s: the entry for %s is not base64", path, server)
		}
		user, password, _ := strings.Cut(string(decoded), ":")
		all.add(server, credentials{Server: server, Username: user, Password: password})
	}
	return all, nil
}

// sessionAuth hands the credentials to BuildKit when it pulls a base image. The other calls of the service answer "not
// implemented", upon which BuildKit asks for the credentials.
type sessionAuth struct {
	auth.UnimplementedAuthServer
	logins logins
}

func (s sessionAuth) Register(server *grpc.Server) { auth.RegisterAuthServer(server, s) }

func (s sessionAuth) Credentials(_ context.Context, r *auth.CredentialsRequest) (*auth.CredentialsResponse, error) {
	c := s.logins[registryHost(r.Host)]
	return &auth.CredentialsResponse{Username: c.Username, Secret: c.Password}, nil
}

func (s sessionAuth) FetchToken(context.Context, *auth.FetchTokenRequest) (*auth.FetchTokenResponse, error) {
	return nil, status.Error(codes.Unimplemented, "use the credentials")
}
