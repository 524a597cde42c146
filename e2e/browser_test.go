//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// browser runs the Playwright tests of e2e/browser.
type browser struct {
	chromium string
	served   string // folder with every byte that the front ends sent to a browser
	planted  string // a text that a test puts on a page, for the search to find
}

// testBrowser uses the application as people do: first as it is deployed, without a key for the chat; then with a model
// that this test scripts, also while the backend is lost. At last, with all secrets still in use, it searches what the
// browsers were sent for them. The chatbot's own browser tests see the states that a real backend cannot be brought into.
func testBrowser(t *testing.T) {
	b := newBrowser(t)
	for _, step := range []struct {
		name string
		test func(*testing.T)
	}{
		{"web, and the chatbot without a key", func(t *testing.T) { b.run(t, "web", "no-key") }},
		{"with a model", func(t *testing.T) {
			withModel(t)
			t.Run("chat", func(t *testing.T) { b.run(t, "chat") })
			t.Run("the backend is lost for a while", func(t *testing.T) { b.run(t, "outage"); waitReady(t) })
			b.searchServed(t)
		}},
		{"the chatbot in front of a scripted backend", b.chatbotAlone},
	} {
		t.Run(step.name, step.test)
	}
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	run(t, "make", "e2e/browser/node_modules/.installed")
	b := browser{chromium: chromium(t), served: filepath.Join(root, ".state", "browser", "served"), planted: "planted-" + rand.Text()}
	if err := os.RemoveAll(filepath.Dir(b.served)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.served, 0o755); err != nil {
		t.Fatal(err)
	}
	return b
}

// chromium finds a browser: the one that CHROMIUM names, one on PATH, the one of `npx playwright install chromium`, or
// Debian's, which it installs.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	own := run(t, "bash", "-c", `cd e2e/browser && node -e 'process.stdout.write(require("@playwright/test").chromium.executablePath())'`)
	if _, err := os.Stat(own); err == nil {
		return own
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		t.Fatal("there is no Chromium: `cd e2e/browser && npx playwright install chromium`, or name one in CHROMIUM")
	}
	run(t, "bash", "-c", `install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }
install || { apt-get update -qq && install; }`)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// run runs projects of playwright.config.ts, in the environment of `make env`: a test deletes pods.
func (b browser) run(t *testing.T, projects ...string) {
	t.Helper()
	args := []string{"-c", `eval "$(make env)" && cd e2e/browser && exec node_modules/.bin/playwright test "$@"`, "playwright"}
	for _, project := range projects {
		args = append(args, "--project="+project)
	}
	cmd := exec.Command("bash", args...)
	cmd.Env = append(os.Environ(), "CHROMIUM="+b.chromium, "SERVED="+b.served, "PLANTED="+b.planted, "NO_COLOR=1",
		"BROWSER_OUTPUT="+filepath.Join(root, ".state", "browser", "results-"+projects[0]))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := start(t, cmd); err != nil {
		t.Fatalf("%v; traces and screenshots are in .state/browser\n%s", err, &out)
	}
	t.Logf("\n%s", &out)
}

// chatbotAlone runs the chatbot's own browser tests, on a production build of its own.
func (b browser) chatbotAlone(t *testing.T) {
	run(t, "make", "app/frontend-chatbot/node_modules/.installed")
	t.Setenv("CHROMIUM", b.chromium)
	run(t, "bash", "-c", "cd app/frontend-chatbot && npm run --silent build && npm run --silent test:browser")
}

// withModel gives the stack a model for the chat, and takes it away at the end of the test. Only the backend rolls.
func withModel(t *testing.T) {
	t.Helper()
	path := filepath.Join(root, "Pulumi.dev.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	key := "throw-away-" + rand.Text()
	nodeIP := kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	m, url := startModel(t, key, nodeIP)
	t.Cleanup(func() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Errorf("restoring %s: %v", path, err)
		}
		run(t, "make", "up")
	})
	t.Setenv("MODEL_URL", url)
	t.Setenv("MODEL_KEY", key)
	before := pods(t)
	run(t, "bash", "-c", `eval "$(make env)" && pulumi config set -s dev OPENAI_BASE_URL "$MODEL_URL" && printf %s "$MODEL_KEY" | pulumi config set -s dev --secret OPENAI_API_KEY`)
	run(t, "make", "up")
	samePods(t, before, pods(t), "backend")
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.served == 0 && !t.Failed() {
			t.Error("the model was never asked: the chat's tests tested something else")
		}
	})
	if out := kubectl(t, "-n", "todo-dev", "get", "configmaps", "-o", "yaml"); strings.Contains(out, key) {
		t.Error("the key is in a ConfigMap")
	}
}
