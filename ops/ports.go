package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// portsFree refuses a stack whose localhost URLs another program serves. `up` asks before it changes anything.
func (o *Ops) portsFree() error {
	keys, err := o.stackConfig()
	if err != nil || (keys.Exposure != "" && keys.Exposure != "localhost") {
		return err
	}
	pid, serves := o.forwardRunning()
	if pid > 0 && serves.Ports == nil { // an older forward, whose ports are not known
		return nil
	}
	own := slices.Collect(maps.Values(serves.Ports))
	var taken []error
	for service, port := range keys.localPorts() {
		if slices.Contains(own, strconv.Itoa(port)) {
			continue
		}
		switch err := tryPort(port); {
		case errors.Is(err, syscall.EADDRINUSE):
			taken = append(taken, fmt.Errorf("port %[1]d is taken by another program, and http://localhost:%[1]d needs it; "+
				"find it with: lsof -nP -iTCP:%[1]d -sTCP:LISTEN; or set another one in Pulumi.%[2]s.yaml, below config:  "+
				"todo:services: {%[3]s: {localPort: %[4]d}}  "+
				"(or: pulumi config set -s %[2]s --path services.%[3]s.localPort %[4]d)",
				port, o.Stack, service, otherPort(port)))
		case err != nil:
			taken = append(taken, fmt.Errorf("port %d cannot be served on localhost: %w; "+
				"set another one in Pulumi.%s.yaml, below config:  todo:services: {%s: {localPort: %d}}",
				port, err, o.Stack, service, otherPort(port)))
		}
	}
	return errors.Join(taken...)
}

// otherPort is a port to suggest instead.
func otherPort(port int) int {
	if port > 65535-10000 {
		return port - 10000
	}
	return port + 10000
}

// tryPort reports whether a port of localhost can be served. A port that answers is taken even where it could be
// listened on: macOS allows 127.0.0.1 beside a program that listens on all addresses, and a browser may try ::1
// first.
func tryPort(port int) error {
	address := net.JoinHostPort("localhost", strconv.Itoa(port))
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if connection, err := new(net.Dialer).DialContext(ctx, "tcp", address); err == nil {
		connection.Close()
		return syscall.EADDRINUSE
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}
