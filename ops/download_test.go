package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// published is what the test server has instead of kubectl. It is large enough to arrive in many pieces.
var published = bytes.Repeat([]byte("kubectl\n"), 100_000)

// downloading is a checkout whose tools come from a server of the test, and which has no tools of its own.
func downloading(t *testing.T, handler http.Handler) *Ops {
	t.Helper()
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	ops := checkout(t, map[string]string{
		"Pulumi.yaml": "", "Pulumi.dev.yaml": "config:\n  todo:kubeContext: kind-a\n", "go.mod": string(module)})
	lab := []byte("module x\n\nrequire (\n\tk8s.io/kubernetes v1.34.4\n)\n")
	if err := writeFile("lab/tools/cluster/go.mod", lab); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for name, value := range map[string]string{"HOME": home, "XDG_CACHE_HOME": filepath.Join(home, "my cache"),
		"PATH": "/usr/bin-without-tools", "LAB": "", "HTTPS_PROXY": "", "HTTP_PROXY": ""} {
		t.Setenv(name, value)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	swap(t, &kubectlSite, server.URL)
	swap(t, &pulumiSite, server.URL)
	swap(t, &pluginSites, []func(string, string, string) string{
		func(_, file, _ string) string { return server.URL + "/first/" + file },
		func(_, file, _ string) string { return server.URL + "/plugins/" + file },
	})
	swap(t, &retryPause, time.Millisecond)
	return ops
}

// swap sets a variable for the time of a test.
func swap[T any](t *testing.T, variable *T, value T) {
	before := *variable
	*variable = value
	t.Cleanup(func() { *variable = before })
}

// serveKubectl answers for the checksum, and leaves the program to file.
func serveKubectl(file http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".sha256") {
			fmt.Fprintf(w, "%x", sha256.Sum256(published))
			return
		}
		file(w, r)
	})
}

func TestKubectlIsDownloaded(t *testing.T) {
	whole := func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "kubectl", time.Time{}, bytes.NewReader(published))
	}
	// breaks sends half of the file and ends the connection, or keeps it open without another byte.
	breaks := func(w http.ResponseWriter, r *http.Request, stall bool) {
		w.Header().Set("Content-Length", strconv.Itoa(len(published)))
		w.Write(published[:len(published)/2])
		w.(http.Flusher).Flush()
		if stall {
			<-r.Context().Done() // the client gives up
		}
		panic(http.ErrAbortHandler)
	}
	for name, test := range map[string]struct {
		file  func(w http.ResponseWriter, r *http.Request, request int)
		want  string // in the error; "" for success
		tries int
	}{
		"good": {file: func(w http.ResponseWriter, r *http.Request, _ int) { whole(w, r) }, tries: 1},
		"half a file, then the rest": {file: func(w http.ResponseWriter, r *http.Request, request int) {
			if request == 1 {
				breaks(w, r, false)
			}
			if r.Header.Get("Range") != fmt.Sprintf("bytes=%d-", len(published)/2) {
				http.Error(w, "the first half is asked for again", http.StatusBadRequest)
				return
			}
			whole(w, r)
		}, tries: 2},
		"half a file, from a server without ranges": {file: func(w http.ResponseWriter, r *http.Request, request int) {
			if request == 1 {
				breaks(w, r, false)
			}
			w.Write(published)
		}, tries: 2},
		"a stall, then the rest": {file: func(w http.ResponseWriter, r *http.Request, request int) {
			if request == 1 {
				breaks(w, r, true)
			}
			whole(w, r)
		}, tries: 2},
		"a busy server, then the file": {file: func(w http.ResponseWriter, r *http.Request, request int) {
			if request < 3 {
				http.Error(w, "busy", http.StatusServiceUnavailable)
				return
			}
			whole(w, r)
		}, tries: 3},
		"another file": {file: func(w http.ResponseWriter, _ *http.Request, _ int) {
			w.Write([]byte("a virus"))
		}, want: "checksum mismatch", tries: 1},
		"no such file": {file: func(w http.ResponseWriter, r *http.Request, _ int) {
			http.NotFound(w, r)
		}, want: "404 Not Found", tries: 1},
		"always half a file": {file: func(w http.ResponseWriter, _ *http.Request, request int) {
			w.Header().Set("Content-Length", "5")
			w.Write([]byte("ku"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, want: "unexpected EOF", tries: downloadTries},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int32
			ops := downloading(t, serveKubectl(func(w http.ResponseWriter, r *http.Request) {
				test.file(w, r, int(requests.Add(1)))
			}))
			if strings.Contains(name, "stall") {
				swap(t, &stallLimit, time.Second)
			}
			err := ops.findKubectl(t.Context())
			if int(requests.Load()) != test.tries {
				t.Errorf("the file was asked for %d times, want %d", requests.Load(), test.tries)
			}
			cache := filepath.Join(os.Getenv("XDG_CACHE_HOME"), "todo-tools")
			if runtime.GOOS == "darwin" {
				cache = filepath.Join(os.Getenv("HOME"), "Library", "Caches", "todo-tools")
			}
			if test.want != "" {
				for _, want := range []string{test.want, "https://kubernetes.io/docs/tasks/tools/"} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("error = %v, want %q", err, want)
					}
				}
				if left, _ := os.ReadDir(cache); len(left) > 0 || ops.look("kubectl") != "" {
					t.Errorf("%v is left in the cache: it might be used", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(cache, "kubectl-v1.34.4", "bin", "kubectl"); ops.tools.Kubectl != want {
				t.Errorf("kubectl is %s, want %s", ops.tools.Kubectl, want)
			}
			if got, err := os.ReadFile(ops.tools.Kubectl); err != nil || !bytes.Equal(got, published) {
				t.Errorf("kubectl has %d bytes (%v), published are %d", len(got), err, len(published))
			}
			again := &Ops{Root: ops.Root, Stack: "dev", steps: ops.steps}
			if err := again.findKubectl(t.Context()); err != nil || int(requests.Load()) != test.tries {
				t.Errorf("the next run downloaded kubectl again (%v)", err)
			}
		})
	}
}

// A refused connection costs nothing, so it is not remembered: the next run tries again.
func TestARefusedDownloadIsTriedAtTheNextRun(t *testing.T) {
	var open atomic.Bool
	ops := downloading(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !open.Load() {
			panic(http.ErrAbortHandler) // before a header, like a port that refuses
		}
		serveKubectl(func(w http.ResponseWriter, _ *http.Request) { w.Write(published) }).ServeHTTP(w, r)
	}))
	err := ops.findKubectl(t.Context())
	for _, want := range []string{
		"kubectl v1.34.4 is not on PATH and cannot be downloaded", "HTTPS_PROXY", "install it: https://",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	open.Store(true)
	if err := ops.findKubectl(t.Context()); err != nil {
		t.Errorf("the next run: %v", err)
	}
}

// A connection that times out costs seconds. The lab has a substitute and does without for some minutes.
func TestATimeoutIsRememberedOnTheLabOnly(t *testing.T) {
	ops := downloading(t, http.NotFoundHandler())
	for lab, want := range map[string]bool{"": false, "1": true} {
		t.Setenv("LAB", lab)
		ops.rememberTimeout(fmt.Errorf("dial: %w", os.ErrDeadlineExceeded))
		if err := ops.rememberedTimeout(); (err != nil) != want {
			t.Errorf("LAB=%s: remembered = %v, want %v", lab, err, want)
		}
		long := time.Now().Add(-2 * timeoutMemory)
		if err := os.Chtimes(ops.timeoutMark(), long, long); err != nil {
			t.Fatal(err)
		}
		if err := ops.rememberedTimeout(); err != nil {
			t.Errorf("LAB=%s: still remembered after %v: %v", lab, 2*timeoutMemory, err)
		}
		if err := os.Remove(ops.timeoutMark()); err != nil {
			t.Fatal(err)
		}
		ops.rememberTimeout(errors.New("connection refused"))
		if err := ops.rememberedTimeout(); err != nil {
			t.Errorf("LAB=%s: a refusal is remembered: %v", lab, err)
		}
	}
}

func TestPulumiComesOutOfItsArchive(t *testing.T) {
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	writer := tar.NewWriter(zipped)
	for _, name := range []string{"pulumi/pulumi-language-nodejs", "pulumi/pulumi", "pulumi/pulumi-language-go"} {
		header := tar.Header{Name: name, Mode: 0o755, Size: int64(len(name)), Typeflag: tar.TypeReg}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		writer.Write([]byte(name))
	}
	if err := errors.Join(writer.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	var asked []string
	ops := downloading(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if strings.HasSuffix(r.URL.Path, "checksums.txt") {
			arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
			if arch == "" {
				arch = runtime.GOARCH
			}
			fmt.Fprintf(w, "%064d  pulumi-v3.0.0-other.tar.gz\n%x  pulumi-v3.258.0-%s-%s.tar.gz\n",
				0, sha256.Sum256(archive.Bytes()), runtime.GOOS, arch)
			return
		}
		w.Write(archive.Bytes())
	}))
	path, err := ops.findTool(t.Context(), "pulumi")
	if err != nil {
		t.Fatalf("%v; asked for %q", err, asked)
	}
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(files) != 2 || files[0].Name() != "pulumi" || files[1].Name() != "pulumi-language-go" {
		t.Errorf("unpacked are %v (%v), want pulumi and pulumi-language-go", files, err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "pulumi/pulumi" {
		t.Errorf("pulumi holds %q (%v)", text, err)
	}
}

func TestAnAbandonedDownloadIsRemoved(t *testing.T) {
	tools := t.TempDir()
	for name, age := range map[string]time.Duration{
		".download-old": 25 * time.Hour, ".download-new": time.Minute, "pulumi-v3.1.0": 1000 * time.Hour,
	} {
		path, made := filepath.Join(tools, name), time.Now().Add(-age)
		if err := errors.Join(os.Mkdir(path, 0o755), os.Chtimes(path, made, made)); err != nil {
			t.Fatal(err)
		}
	}
	removeAbandoned(tools)
	left, err := os.ReadDir(tools)
	if err != nil || len(left) != 2 || left[0].Name() != ".download-new" {
		t.Errorf("left are %v (%v), want all but the download that was killed yesterday", left, err)
	}
}
