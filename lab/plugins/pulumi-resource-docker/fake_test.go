package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

const (
	imageID = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	digest  = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
)

// fakeEngine answers the calls of the Docker Engine's API that the plugin makes, as 20.10 does. The real one is used in
// the end-to-end tests.
type fakeEngine struct {
	*httptest.Server
	mu             sync.Mutex
	calls          []string        // method and path
	build          url.Values      // of the last build
	auth           string          // of the last push
	inEngine       map[string]bool // image names
	pushed         map[string]bool // image names
	trace          []*control.StatusResponse
	fails          string        // the build's error
	refuses        string        // the push's error
	started, ended chan struct{} // when set, a build hangs between the two until the plugin goes away
}

func newFakeEngine(t *testing.T) *fakeEngine {
	f := &fakeEngine{inEngine: map[string]bool{}, pushed: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", "1.41") })
	mux.HandleFunc("POST /v1.41/session", f.session)
	mux.HandleFunc("POST /v1.41/build", f.doBuild)
	mux.HandleFunc("POST /v1.41/build/cancel", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/v1.41/images/", f.images)
	mux.HandleFunc("GET /v1.41/distribution/", func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1.41/distribution/"), "/json")
		if !f.pushed[name] {
			notFound(w, "manifest unknown")
			return
		}
		fmt.Fprintf(w, `{"Descriptor":{"digest":%q}}`, digest)
	})
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.calls = append(f.calls, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1.41"))
		f.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	t.Setenv("DOCKER_HOST", "")
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return f
}

func (f *fakeEngine) host() string { return strings.Replace(f.URL, "http://", "tcp://", 1) }

func (f *fakeEngine) called(prefix string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, call := range f.calls {
		if strings.HasPrefix(call, prefix) {
			return true
		}
	}
	return false
}

func notFound(w http.ResponseWriter, message string) {
	w.WriteHeader(http.StatusNotFound)
	fmt.Fprintf(w, `{"message":%q}`, message)
}

// session takes the connection over, as the Engine does to ask the plugin for files and credentials, and asks nothing.
func (f *fakeEngine) session(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "h2c" || r.Header.Get("X-Docker-Expose-Session-Uuid") == "" {
		http.Error(w, "not a session", http.StatusBadRequest)
		return
	}
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	buffered.WriteString("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	buffered.Flush()
	// Until the plugin closes it.
	for buffer := make([]byte, 512); err == nil; _, err = conn.Read(buffer) {
	}
	conn.Close()
}

func (f *fakeEngine) doBuild(w http.ResponseWriter, r *http.Request) {
	f.build = r.URL.Query()
	if f.started != nil {
		w.(http.Flusher).Flush()
		close(f.started)
		<-r.Context().Done()
		close(f.ended)
		return
	}
	send := json.NewEncoder(w)
	for _, response := range f.trace {
		encoded, _ := proto.Marshal(response)
		send.Encode(map[string]any{"id": "moby.buildkit.trace", "aux": base64.StdEncoding.EncodeToString(encoded)})
	}
	if f.fails != "" {
		send.Encode(map[string]any{"errorDetail": map[string]string{"message": f.fails}, "error": f.fails})
		return
	}
	f.inEngine[f.build.Get("t")] = true
	send.Encode(map[string]any{"id": "moby.image.id", "aux": map[string]string{"ID": imageID}})
}

func (f *fakeEngine) images(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/v1.41/images/")
	repository, push := strings.CutSuffix(path, "/push")
	name := strings.TrimSuffix(path, "/json")
	switch {
	case push:
		f.auth = r.Header.Get("X-Registry-Auth")
		if f.refuses != "" {
			fmt.Fprintf(w, `{"errorDetail":{"message":%q}}`, f.refuses)
			return
		}
		f.pushed[repository+":"+r.URL.Query().Get("tag")] = true
		fmt.Fprintf(w, `{"status":"Pushing","id":"a","progressDetail":{"current":1,"total":2}}{"aux":{"Tag":"1","Digest":%q,"Size":1}}`, digest)
	case !f.inEngine[name]:
		notFound(w, "No such image: "+name)
	case r.Method == http.MethodDelete:
		delete(f.inEngine, name)
		fmt.Fprint(w, "[]")
	default:
		fmt.Fprintf(w, `{"Id":%q}`, imageID)
	}
}

// step is a finished build step, for trace.
func step(id, name string, seconds int64, cached bool, failure string) *control.Vertex {
	return &control.Vertex{Digest: id, Name: name, Cached: cached, Error: failure,
		Started: &timestamppb.Timestamp{Seconds: 100}, Completed: &timestamppb.Timestamp{Seconds: 100 + seconds}}
}
