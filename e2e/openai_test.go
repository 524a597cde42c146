//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// model is a server with OpenAI's streaming chat API that follows a script: what it does depends on what the user said
// last, and on what the tools have answered since. It is as strict as OpenAI about the key and about tool calls that
// nobody answered.
type model struct {
	t      *testing.T
	key    string
	mu     sync.Mutex
	failed map[string]bool // texts that have failed once
	served int
}

type chatMessage struct {
	Role       string
	Content    string
	ToolCalls  []struct{ ID string } `json:"tool_calls"`
	ToolCallID string                `json:"tool_call_id"`
}

type chatRequest struct {
	Model    string
	Stream   bool
	Messages []chatMessage
	Tools    []struct {
		Function struct {
			Name       string
			Parameters struct{ Properties map[string]any }
		}
	}
}

// startModel serves the model on the address of this machine that the node sees, and returns its base URL.
func startModel(t *testing.T, key, nodeIP string) (*model, string) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(addressTowards(t, nodeIP), "0"))
	if err != nil {
		t.Fatalf("serving the model: %v", err)
	}
	m := &model{t: t, key: key, failed: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", m.complete)
	server := &http.Server{Handler: mux}
	go server.Serve(listener) // returns when the server is closed
	t.Cleanup(func() { server.Close() })
	return m, "http://" + listener.Addr().String() + "/v1"
}

// addressTowards is the address of this machine that the node sees.
func addressTowards(t *testing.T, nodeIP string) string {
	t.Helper()
	probe, err := net.Dial("udp", net.JoinHostPort(nodeIP, "9")) // sends nothing; it chooses the address that leads there
	if err != nil {
		t.Fatalf("finding this machine's address towards the node: %v", err)
	}
	defer probe.Close()
	host, _, err := net.SplitHostPort(probe.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	return host
}

var (
	addLine      = regexp.MustCompile(`(?i)^add [“"]?(.+?)[”"]?(?: to my tasks)?$`)
	completeLine = regexp.MustCompile(`(?i)^complete [“"]?(.+?)[”"]?$`)
)

func (m *model) complete(w http.ResponseWriter, r *http.Request) {
	var request chatRequest
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		m.refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+m.key {
		m.refuse(w, http.StatusUnauthorized, "Incorrect API key provided")
		return
	}
	if complaint := unanswered(request.Messages); complaint != "" || !request.Stream {
		m.refuse(w, http.StatusBadRequest, complaint+" (this model only streams)")
		return
	}
	m.mu.Lock()
	m.served++
	m.mu.Unlock()

	said, results := "", []string(nil)
	for _, message := range request.Messages {
		switch message.Role {
		case "user":
			said, results = message.Content, nil
		case "tool":
			results = append(results, message.Content)
		}
	}
	s := newStream(w, request.Model)
	defer s.end()
	if match := addLine.FindStringSubmatch(said); match != nil {
		if len(results) == 0 {
			s.call("add_task", map[string]any{"title": match[1]})
			return
		}
		s.say(fmt.Sprintf("Done: “%s” is on your list.", match[1]))
		return
	}
	if match := completeLine.FindStringSubmatch(said); match != nil {
		switch len(results) {
		case 0:
			s.call("list_tasks", map[string]any{})
		case 1:
			s.call("complete_task", map[string]any{"id": idOf(results[0], match[1])})
		default:
			s.say(fmt.Sprintf("“%s” is done. Well done!", match[1]))
		}
		return
	}
	switch {
	case strings.Contains(said, "on my list"):
		if len(results) == 0 {
			s.call("list_tasks", map[string]any{})
			return
		}
		s.say("This is on your list: " + strings.Join(titles(results[0]), ", ") + ".")
	case strings.HasPrefix(said, "talk slowly"):
		for i := 1; i <= 600 && r.Context().Err() == nil; i++ {
			s.delta(map[string]any{"content": fmt.Sprintf("word %d ", i)}, nil)
			time.Sleep(100 * time.Millisecond)
		}
	case strings.HasPrefix(said, "fail once"):
		m.mu.Lock()
		before := m.failed[said]
		m.failed[said] = true
		m.mu.Unlock()
		if !before {
			s.delta(map[string]any{"content": "Let me see"}, nil)
			panic(http.ErrAbortHandler) // the connection breaks in the middle of the answer
		}
		s.say("It works now.")
	default:
		s.say("You said: " + said)
	}
}

func (m *model) refuse(w http.ResponseWriter, status int, why string) {
	m.t.Logf("the model refused a request: %d %s", status, why)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"message":%q,"type":"invalid_request_error"}}`, why)
}

// unanswered finds what OpenAI refuses: a tool call without its answer right after it, or an answer to none.
func unanswered(messages []chatMessage) string {
	waiting := map[string]bool{}
	for _, message := range messages {
		if message.Role == "tool" {
			if !waiting[message.ToolCallID] {
				return "a tool's answer to a call that nobody made: " + message.ToolCallID
			}
			delete(waiting, message.ToolCallID)
			continue
		}
		if len(waiting) > 0 {
			return fmt.Sprintf("%d tool calls have no answer before the next message", len(waiting))
		}
		for _, call := range message.ToolCalls {
			waiting[call.ID] = true
		}
	}
	if len(waiting) > 0 {
		return fmt.Sprintf("%d tool calls have no answer", len(waiting))
	}
	return ""
}

type listedTask struct{ ID, Title string }

func listed(result string) []listedTask {
	var list struct{ Items []listedTask }
	if json.Unmarshal([]byte(result), &list) != nil {
		return nil
	}
	return list.Items
}

func idOf(result, title string) string {
	for _, task := range listed(result) {
		if task.Title == title {
			return task.ID
		}
	}
	return ""
}

func titles(result string) []string {
	var all []string
	for _, task := range listed(result) {
		all = append(all, task.Title)
	}
	return all
}

// stream writes one completion as OpenAI streams it.
type stream struct {
	w     http.ResponseWriter
	model string
	why   string // finish_reason
}

func newStream(w http.ResponseWriter, model string) *stream {
	w.Header().Set("Content-Type", "text/event-stream")
	s := &stream{w: w, model: model, why: "stop"}
	s.delta(map[string]any{"role": "assistant", "content": ""}, nil)
	return s
}

func (s *stream) delta(delta map[string]any, why any) {
	chunk := map[string]any{
		"id": "chatcmpl-e2e", "object": "chat.completion.chunk", "created": 1, "model": s.model,
		"choices": []any{map[string]any{"index": 0, "delta": delta, "finish_reason": why}},
	}
	text, err := json.Marshal(chunk)
	if err != nil {
		panic(err)
	}
	fmt.Fprintf(s.w, "data: %s\n\n", text) // an error is the client's leaving, which the request's context tells
	s.w.(http.Flusher).Flush()
}

// say sends a text word by word.
func (s *stream) say(text string) {
	for _, word := range strings.SplitAfter(text, " ") {
		s.delta(map[string]any{"content": word}, nil)
		time.Sleep(20 * time.Millisecond)
	}
}

// call asks for a tool, with the arguments in pieces as OpenAI sends them.
func (s *stream) call(tool string, arguments map[string]any) {
	text, err := json.Marshal(arguments)
	if err != nil {
		panic(err)
	}
	half := len(text) / 2
	for i, piece := range []map[string]any{
		{"index": 0, "id": fmt.Sprintf("call_%d", time.Now().UnixNano()), "type": "function", "function": map[string]any{"name": tool, "arguments": ""}},
		{"index": 0, "function": map[string]any{"arguments": string(text[:half])}},
		{"index": 0, "function": map[string]any{"arguments": string(text[half:])}},
	} {
		if i > 0 {
			time.Sleep(50 * time.Millisecond)
		}
		s.delta(map[string]any{"tool_calls": []any{piece}}, nil)
	}
	s.why = "tool_calls"
}

func (s *stream) end() {
	if s.why == "" {
		return
	}
	s.delta(map[string]any{}, s.why)
	fmt.Fprint(s.w, "data: [DONE]\n\n")
}
