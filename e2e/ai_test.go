//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// pretender is a kubectl-ai that tries what a model could be talked into, with what it is given.
const pretender = `#!/bin/sh
if [ "$1" = version ]; then echo "version: pretender"; exit; fi
echo "asked: $*"
kubectl get pods >/dev/null && echo "pods: may read"
kubectl logs -l app.kubernetes.io/name=backend --tail=1 >/dev/null && echo "logs: may read"
for what in "get secrets" "delete pods --all" "create configmap x" "get pods -n kube-system" "exec database-0 -- true"; do
	if kubectl $what >/dev/null 2>"$KUBECONFIG.said"; then echo "$what: ALLOWED"
	elif grep -qi forbidden "$KUBECONFIG.said"; then echo "$what: forbidden"
	else cat "$KUBECONFIG.said"; fi
done
`

// scripted is a model behind the OpenAI API: it asks for one command, and then repeats what the command said.
func scripted(t *testing.T, command string) (url string, requests func() string) {
	var mu sync.Mutex
	var seen strings.Builder
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		mu.Lock()
		fmt.Fprintf(&seen, "%s %s\n%s\n", r.Method, r.URL.Path, text)
		mu.Unlock()
		var request struct {
			Messages []struct {
				Role    string
				Content any
			}
		}
		if err := json.Unmarshal(text, &request); err != nil || len(request.Messages) == 0 {
			http.NotFound(w, r)
			return
		}
		last := request.Messages[len(request.Messages)-1]
		delta := object{"role": "assistant", "tool_calls": []object{{"index": 0, "id": "call_1", "type": "function",
			"function": object{"name": "kubectl", "arguments": fmt.Sprintf(`{"command":%q,"modifies_resource":"no"}`, command)}}}}
		finish := "tool_calls"
		if last.Role == "tool" {
			delta, finish = object{"role": "assistant", "content": fmt.Sprintf("The command said: %v", last.Content)}, "stop"
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, chunk := range []object{{"delta": delta}, {"delta": object{}, "finish_reason": finish}} {
			chunk["index"] = 0
			line, err := json.Marshal(object{"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "scripted", "choices": []object{chunk}})
			if err != nil {
				return
			}
			fmt.Fprintf(w, "data: %s\n\n", line)
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	}))
	t.Cleanup(server.Close)
	return server.URL, func() string { mu.Lock(); defer mu.Unlock(); return seen.String() }
}

func testAI(t *testing.T) {
	ai := func(t *testing.T, verb string, env ...string) (string, error) {
		t.Helper()
		cmd := exec.Command("make", verb)
		cmd.Env = append(cmd.Environ(), append([]string{"OPENAI_API_KEY=", "GEMINI_API_KEY=", "OPENAI_BASE_URL=", "OPENAI_MODEL="}, env...)...)
		out := &said{}
		cmd.Stdout, cmd.Stderr = out, out
		err := start(t, cmd)
		return out.String(), err
	}
	if out, err := ai(t, "ai", "PROMPT=why?"); err != nil || !strings.Contains(out, "▸ make doctor, because") || !strings.Contains(out, "✓ backend") {
		t.Errorf("without a key the doctor does not answer: %v\n%s", err, out)
	}
	out, err := ai(t, "ai-check")
	if err != nil {
		t.Errorf("make ai-check failed: %v", err)
	}
	for _, name := range []string{"kubectl-ai", "kagent", "Docker AI"} {
		if !strings.Contains(out, name) {
			t.Errorf("make ai-check has no line for %s:\n%s", name, out)
		}
	}

	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "kubectl-ai"), []byte(pretender), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err = ai(t, "ai", "PROMPT=why is my backend crashing?", "OPENAI_API_KEY=no-key", "PATH="+folder+":"+os.Getenv("PATH"))
	if err != nil {
		t.Fatalf("make ai: %v\n%s", err, out)
	}
	for _, want := range []string{"--llm-provider=openai --quiet why is my backend crashing?", "A deterministic check", "pods: may read", "logs: may read",
		"get secrets: forbidden", "delete pods --all: forbidden", "create configmap x: forbidden", "get pods -n kube-system: forbidden", "exec database-0 -- true: forbidden"} {
		if !strings.Contains(out, want) {
			t.Errorf("make ai does not lead to %q:\n%s", want, out)
		}
	}

	// Where it is not on PATH, make ai builds it from its Go module.
	t.Run("the real kubectl-ai with a scripted model", func(t *testing.T) {
		before := pods(t)
		for command, want := range map[string]string{
			"kubectl get pods -o name":                            "pod/database-0",
			"kubectl get secrets":                                 "cannot list resource", // said by the API server
			"kubectl get secrets --kubeconfig $HOME/.kube/config": "no such file",         // nor is the user's own kubeconfig where it would be
			"kubectl delete pods --all":                           "require approval",
			"env":                                                 "require approval", // whatever is not kubectl
		} {
			url, requests := scripted(t, command)
			out, err := ai(t, "ai", "PROMPT=what is there?", "OPENAI_API_KEY=no-key", "OPENAI_BASE_URL="+url, "OPENAI_MODEL=scripted")
			if words := strings.Join(strings.Fields(out), " "); !strings.Contains(words, want) { // the tool breaks its lines
				t.Errorf("a model that asks for %q: %v; want %q in\n%s\n%s", command, err, want, out, requests())
			}
		}
		samePods(t, before, pods(t), "")
		if out, err := ai(t, "ai-check", "OPENAI_API_KEY=no-key"); err != nil || !strings.Contains(out, "✓ kubectl-ai") {
			t.Errorf("make ai-check does not see it: %v\n%s", err, out)
		}
	})
}
