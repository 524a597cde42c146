//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// said is what a process that goes on running has printed so far.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func (s *said) contains(want string) func() error {
	return func() error {
		if out := s.String(); !strings.Contains(out, want) {
			return fmt.Errorf("no %q in:\n%s", want, out)
		}
		return nil
	}
}

// testDev saves a file while `make dev` runs, and asks for what it adds until it serves.
func testDev(t *testing.T) {
	cmd := exec.Command("bin/ops", "dev")
	cmd.Dir, cmd.Env = root, append(cmd.Environ(), "SERVICE=backend")
	out := &said{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() { cmd.Process.Kill() }) // does nothing when the test has ended it
	eventually(t, 3*time.Minute, "make dev watches", out.contains("▸ watching"))

	restore := change(t, "app/backend/src/api/main.py", "\n\n@app.get(\"/e2e-dev\")\nasync def e2e_dev() -> str:\n    return \"new code\"\n")
	begin := time.Now()
	eventually(t, 2*time.Minute, "the saved code serves", func() error {
		response, err := http.Get("http://localhost:8000/e2e-dev")
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil || !strings.Contains(string(text), "new code") {
			return fmt.Errorf("%s: %s %v", response.Status, text, err)
		}
		return nil
	})
	t.Logf("first answer of the new code: %.1f s after the file was saved", time.Since(begin).Seconds())
	eventually(t, 2*time.Minute, "make dev says that it is done", out.contains("the new code serves"))
	eventually(t, time.Minute, "the new pods' log is printed", out.contains("backend          "))

	restore()
	eventually(t, time.Minute, "the restored file is being deployed too", func() error {
		if n := strings.Count(out.String(), "▸ Deploy after app/backend/src/api/main.py"); n < 2 {
			return fmt.Errorf("%d deployments have begun", n)
		}
		return nil
	})
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("interrupted, make dev ends with %v:\n%s", err, out)
		}
	case <-time.After(2 * time.Minute):
		t.Errorf("interrupted, make dev does not end:\n%s", out)
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "✓ ") || strings.HasPrefix(line, "– ") || strings.HasPrefix(line, "▸ ") {
			t.Log(strings.TrimSpace(line))
		}
	}
	run(t, "make", "up") // goes on where the interrupted update was
	testPods(t)
}
