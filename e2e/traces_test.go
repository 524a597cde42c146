//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// spans are what a collector of OpenTelemetry was sent.
type spans struct {
	url string
	mu  sync.Mutex
	ids map[string]map[string]bool // by service and version: the traces
}

// collectTraces takes OTLP over HTTP, on the address of this machine that the node sees, as a collector does.
func collectTraces(t *testing.T) *spans {
	t.Helper()
	s := &spans{ids: map[string]map[string]bool{}}
	s.url = serveNode(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
			http.NotFound(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		var sent collector.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &sent) != nil {
			http.Error(w, "not OTLP", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, resource := range sent.ResourceSpans {
			attributes := map[string]string{}
			for _, a := range resource.Resource.Attributes {
				attributes[a.Key] = a.Value.GetStringValue()
			}
			from := attributes["service.namespace"] + "/" + attributes["service.name"] + ":" + attributes["service.version"]
			if s.ids[from] == nil {
				s.ids[from] = map[string]bool{}
			}
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					s.ids[from][fmt.Sprintf("%x", span.TraceId)] = true
				}
			}
		}
	})
	return s
}

// serveNode serves on the address of this machine that the node sees, until the test ends.
func serveNode(t *testing.T, handler http.HandlerFunc) (url string) {
	t.Helper()
	nodeIP := kubectl(t, "get", "nodes", "-o", `jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}`)
	listener, err := net.Listen("tcp", net.JoinHostPort(addressTowards(t, nodeIP), "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler}
	go server.Serve(listener) // returns when the server is closed
	t.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String()
}

// testTraces waits for the spans of the smoke test: a trace that began in the web front has its id in the backend's log.
func testTraces(t *testing.T, s *spans) {
	var images map[string]string
	if err := json.Unmarshal([]byte(shell(t, "pulumi stack output -s dev images --json")), &images); err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"frontend-web", "frontend-chatbot"} {
		from := "todo-dev/" + service + images[service][strings.LastIndex(images[service], ":"):]
		eventually(t, time.Minute, "the collector has spans of "+from, func() error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.ids[from]) == 0 {
				return fmt.Errorf("it has those of %v", s.ids)
			}
			return nil
		})
	}
	logs := kubectl(t, "-n", "todo-dev", "logs", "-l", "app.kubernetes.io/name=backend", "--tail=-1")
	s.mu.Lock()
	defer s.mu.Unlock()
	logged, traces := 0, 0
	for from, ids := range s.ids {
		for id := range ids {
			traces++
			if strings.HasPrefix(from, "todo-dev/frontend-web:") && strings.Contains(logs, `"trace_id": "`+id+`"`) {
				logged++
			}
		}
	}
	t.Logf("%d traces were collected; the backend has logged the ids of %d", traces, logged)
	if logged == 0 {
		t.Error("no trace of the web front is in the backend's log")
	}
}
