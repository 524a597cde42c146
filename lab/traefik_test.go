//go:build linux

package main

import (
	"strings"
	"testing"
)

func TestTraefikTakesNobodysPort(t *testing.T) {
	all := []int{traefikPorts.web, traefikPorts.webTLS, traefikPorts.gateway, traefikPorts.gatewayTLS, traefikPorts.ping}
	seen := map[int]bool{}
	for _, port := range all {
		if name, taken := ports[port]; taken || seen[port] {
			t.Errorf("port %d is that of %q, or twice Traefik's", port, name)
		}
		if port >= 30000 && port <= 32767 {
			t.Errorf("port %d is a NodePort of somebody", port)
		}
		seen[port] = true
	}
}

func TestTraefikRunsOnlyWhenAskedFor(t *testing.T) {
	for _, c := range testSetup(t).components() {
		if c.Name == traefikName {
			t.Error("every `lab up` would build Traefik, which takes minutes")
		}
	}
	command := strings.Join(testSetup(t).traefik().Command, " ")
	for _, want := range []string{"KUBECONFIG=" + kubeconfig(traefikName), "192.0.2.2:9480", "192.0.2.2:9444", "127.0.0.1:9482"} {
		if !strings.Contains(command, want) {
			t.Errorf("Traefik's command line lacks %s:\n%s", want, command)
		}
	}
	if strings.Contains(command, "token") {
		t.Error("a credential is on the command line, which every process can read")
	}
}
