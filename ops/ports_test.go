package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// On a checkout that has run before, a taken port was answered after a whole preview.
func TestTakenPortsAreAnsweredBeforeToolsAreUsed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": fmt.Sprintf("config: {todo:services: "+
		"{frontend-web: {localPort: %d}, backend: {enabled: false}, frontend-chatbot: {enabled: false}}}\n", port)})
	if err := os.MkdirAll(ops.state("pulumi"), 0o700); err != nil {
		t.Fatal(err)
	}
	used := filepath.Join(t.TempDir(), "used")
	ops.tools.Pulumi = script(t, "pulumi", "echo $* >>"+used)
	t.Setenv("PATH", filepath.Dir(script(t, "kubectl", "echo $* >>"+used))+":"+os.Getenv("PATH"))
	for name, verb := range map[string]func() error{
		"up": func() error { return ops.Up(t.Context()) }, "forward": func() error { return ops.Forward(t.Context()) },
	} {
		err := verb()
		for _, want := range []string{
			fmt.Sprintf("lsof -nP -iTCP:%d -sTCP:LISTEN", port),                            // macOS has no ss
			fmt.Sprintf("todo:services: {frontend-web: {localPort: %d}}", otherPort(port)), // works before the first up
		} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", name, err, want)
			}
		}
		if text, err := os.ReadFile(used); err == nil {
			t.Errorf("%s used tools before it named the port: %s", name, text)
		}
	}
}

func TestAPortOfTheOtherFamilyIsTaken(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 here: %v", err)
	}
	defer listener.Close()
	port := listener.Addr().(*net.TCPAddr).Port
	if ips, err := net.LookupHost("localhost"); err != nil || !strings.Contains(fmt.Sprint(ips), "::1") {
		t.Skipf("localhost is %v here (%v)", ips, err)
	}
	if err := tryPort(port); err == nil {
		t.Errorf("port %d is served on ::1, where a browser goes first, and counts as free", port)
	}
}
