package main

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets this binary be the forward in the background too: startForward runs its own executable.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "forward" {
		main()
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "forward-child" {
		forwardChild(os.Args[2])
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// freePort is a port of localhost that nobody serves.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// comesTrue waits for a process in the background.
func comesTrue(t *testing.T, what string, check func() error) {
	t.Helper()
	err := errors.New("not looked yet")
	for end := time.Now().Add(2 * time.Minute); err != nil && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		err = check()
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// A forward computes what it serves once. After a change of a port, a namespace or a cluster another one has to take its place, or
// nobody serves the new URLs; after a change of anything else it must stay, or every make up would cut connections.
func TestTheForwardIsStartedAgainWhenWhatItServesChanges(t *testing.T) {
	goMod := ""
	folder := t.TempDir()
	for _, p := range plugins {
		goMod += p.module + " v1.0.0\n"
		if err := os.Symlink(script(t, "plugin", ""), filepath.Join(folder, "pulumi-resource-"+p.name)); err != nil {
			t.Fatal(err)
		}
	}
	outputs, forwarded := filepath.Join(folder, "outputs"), filepath.Join(folder, "forwarded")
	for name, text := range map[string]string{
		"pulumi": "cat " + outputs,
		"kubectl": `case "$*" in
			*"get endpointslices"*) echo pod-1 ;;
			*port-forward*) echo "$*" >>` + forwarded + `; exec sleep 60 ;;
		esac`,
	} {
		if err := os.Symlink(script(t, name, text), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "", "go.mod": goMod})
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	ops.tools.Pulumi = filepath.Join(folder, "pulumi")
	var pids []int
	t.Cleanup(func() {
		if err := ops.stopForward(); err != nil {
			t.Error(err)
		}
		for _, pid := range pids {
			if _, err := syscall.Wait4(pid, nil, 0, nil); err != nil { // startForward lets go of them, for init to reap
				t.Errorf("waiting for forward %d: %v", pid, err)
			}
		}
	})
	write := func(path, text string) {
		t.Helper()
		if err := writeFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write(ops.state("logs", "x"), "")
	// up is what `make up` does about the forward after an update.
	up := func(context, namespace, port, url string) {
		t.Helper()
		ops.stateChanges()
		write("Pulumi.dev.yaml", "config:\n  todo:services: {frontend-web: {localPort: "+port+"}, backend: {enabled: false}, frontend-chatbot: {enabled: false}}\n")
		write(ops.stackState("cluster.json"), `{"kind":"kubeconfig","context":"`+context+`"}`)
		write(outputs, `{"namespace":"`+namespace+`","webUrl":"`+url+`"}`)
		if err := ops.portsFree(); err != nil {
			t.Fatal(err)
		}
		if err := ops.startForward(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := 0
	serves := func(context, namespace, port string) {
		t.Helper()
		comesTrue(t, "a forward of port "+port, func() error {
			pid, got := ops.forwardRunning()
			text, err := os.ReadFile(forwarded)
			want := "--context " + context + " -n " + namespace + " port-forward pod/pod-1 " + port + ":http\n"
			if pid == 0 || pid == before || got.Context != context || got.Namespace != namespace || !maps.Equal(got.Ports, map[string]string{"frontend-web": port}) || !strings.HasSuffix(string(text), want) {
				return fmt.Errorf("process %d (before: %d) serves %+v; kubectl was called with %q (%v), want %q", pid, before, got, text, err, want)
			}
			return nil
		})
		before, _ = ops.forwardRunning()
		pids = append(pids, before)
	}
	one, other := freePort(t), freePort(t)
	up("here", "todo-dev", one, "http://localhost:"+one)
	serves("here", "todo-dev", one)

	up("here", "todo-dev", one, "http://localhost:"+one)
	if pid, _ := ops.forwardRunning(); pid != before {
		t.Errorf("nothing changed, and process %d is the forward in the place of %d", pid, before)
	}
	up("here", "todo-dev", other, "http://localhost:"+other)
	serves("here", "todo-dev", other)
	up("here", "todo-two", other, "http://localhost:"+other)
	serves("here", "todo-two", other)
	up("there", "todo-two", other, "http://localhost:"+other)
	serves("there", "todo-two", other)

	up("there", "todo-two", other, "https://todo.example.com")
	if pid, _ := ops.forwardRunning(); pid != 0 {
		t.Errorf("process %d forwards for a stack that has a domain", pid)
	}
}

func TestTheForwardsOwnPortsAreFree(t *testing.T) {
	ports := map[string]string{}
	for _, service := range serviceNames { // each taken: one by the forward, and the others by somebody else
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		ports[service] = strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": fmt.Sprintf("config:\n  todo:services: {frontend-web: {localPort: %s}, backend: {localPort: %s}, frontend-chatbot: {enabled: false}}\n",
		ports["frontend-web"], ports["backend"])})
	for name, test := range map[string]struct {
		serves *assignment
		taken  []string
	}{
		"no forward":               {nil, []string{"frontend-web", "backend"}},
		"a forward of the old web": {&assignment{Ports: map[string]string{"backend": ports["backend"], "frontend-web": ports["frontend-chatbot"]}}, []string{"frontend-web"}},
		"a forward of all":         {&assignment{Ports: map[string]string{"backend": ports["backend"], "frontend-web": ports["frontend-web"]}}, nil},
		"a forward that swapped":   {&assignment{Ports: map[string]string{"backend": ports["frontend-web"], "frontend-web": ports["backend"]}}, nil},
		"a forward of unknown":     {&assignment{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if test.serves != nil {
				if err := os.MkdirAll(filepath.Dir(ops.stackState("forward")), 0o755); err != nil {
					t.Fatal(err)
				}
				hold, err := ops.holdForward(*test.serves)
				if err != nil {
					t.Fatal(err)
				}
				defer hold.Close()
			}
			err := ops.portsFree()
			for _, service := range test.taken {
				if err == nil || !strings.Contains(err.Error(), "port "+ports[service]+" is taken") {
					t.Errorf("error = %v, want that port %s of %s is taken", err, ports[service], service)
				}
			}
			if err != nil && strings.Count(err.Error(), "is taken") != len(test.taken) {
				t.Errorf("error = %v, want it for %v only", err, test.taken)
			}
		})
	}
}

// The first releases wrote down who the forward is, and not what it serves.
func TestAnOlderForwardIsFound(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	if err := os.MkdirAll(filepath.Dir(ops.stackState("forward")), 0o755); err != nil {
		t.Fatal(err)
	}
	hold, err := ops.holdForward(assignment{})
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	if err := os.WriteFile(ops.stackState("forward"), []byte("4711\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if pid, serves := ops.forwardRunning(); pid != 4711 || serves.Ports != nil {
		t.Errorf("process %d serves %+v, want 4711 and unknown", pid, serves)
	}
}

// A file system without locks is no other forward, and an old file's process is not to be killed.
func TestALockThatCannotBeHad(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	hold, err := ops.holdForward(assignment{Ports: map[string]string{"backend": "8000"}})
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	want := fmt.Sprintf("process %d forwards already; make stop ends it", os.Getpid())
	if _, err := ops.holdForward(assignment{}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a second forward: %v, want the first one's process and the command that ends it", err)
	}
	err = ops.lockRefused(syscall.ENOLCK)
	if !errors.Is(err, syscall.ENOLCK) || strings.Contains(err.Error(), "forwards already") {
		t.Errorf("without locks: %v, want what the system said", err)
	}
}

func TestTheForwardsLogIsLimited(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	if err := os.MkdirAll(ops.state(ops.Stack), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(ops.forwardLog(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	log := cappedLog{file, ops.forwardLog()}
	line := strings.Repeat("x", 1023) + "\n"
	for i := range 3*logCap/len(line) + 1 {
		if n, err := fmt.Fprint(log, line); err != nil || n != len(line) {
			t.Fatalf("line %d: %d bytes, %v", i, n, err)
		}
	}
	for path, want := range map[string]int{ops.forwardLog(): len(line), ops.forwardLog() + ".old": logCap} {
		if info, err := os.Stat(path); err != nil || info.Size() != int64(want) {
			t.Errorf("%s: %v (%v), want %d bytes after three times the limit and a line", path, info, err, want)
		}
	}
	if _, capped := ops.forwardOutput().(cappedLog); capped {
		t.Error("the output of a terminal or a test is taken for the log, and would be emptied")
	}
}
