package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"todo/internal/services"
)

// checkout is a folder with the files that ops reads, as the current folder.
func checkout(t *testing.T, files map[string]string) *Ops {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	for _, name := range []string{"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE", "PULUMI_BACKEND_URL",
		"PULUMI_ACCESS_TOKEN", "PULUMI_CREDENTIALS_PATH", "FORGET"} {
		t.Setenv(name, "") // gives the test's end back what it is now
		os.Unsetenv(name)  // an empty passphrase is one
	}
	t.Setenv("PULUMI_HOME", filepath.Join(dir, "home"))
	ops, err := newOps()
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

func TestWrongCallsAreExplained(t *testing.T) {
	tests := map[string]struct {
		args  []string
		stack string
		files []string
		want  string
	}{
		"no verb":           {nil, "dev", []string{"Pulumi.yaml", "Pulumi.dev.yaml"}, "ops up"},
		"unknown verb":      {[]string{"upp"}, "dev", []string{"Pulumi.yaml", "Pulumi.dev.yaml"}, "ops preview"},
		"outside checkout":  {[]string{"up"}, "dev", nil, "run make in the folder of the checkout"},
		"stack with a path": {[]string{"up"}, "../dev", []string{"Pulumi.yaml"}, `STACK="../dev": a stack's name is`},
		"unknown stack":     {[]string{"up"}, "qa", []string{"Pulumi.yaml"}, "cp Pulumi.dev.yaml Pulumi.qa.yaml"},
		"manifests only":    {[]string{"up"}, "gitops", []string{"Pulumi.yaml", "Pulumi.gitops.yaml"}, "renders manifests into rendered and has no cluster"},
		"prod names none":   {[]string{"up"}, "prod", []string{"Pulumi.yaml", "Pulumi.prod.yaml"}, "pulumi config set kubeContext <context> -s prod"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("STACK", test.stack)
			for _, file := range test.files {
				text := ""
				if file == "Pulumi.prod.yaml" {
					text = "config:\n  todo:production: true\n  todo:exposure: ingress\n" // localhost would ask for free ports first
				}
				if file == "Pulumi.gitops.yaml" {
					text = "config:\n  todo:exposure: ingress\n  todo:renderYaml: rendered\n"
				}
				if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := run(t.Context(), test.args)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error = %v, want one with %q", err, test.want)
			}
			if _, err := os.Stat(".state"); err == nil && len(test.files) < 2 {
				t.Error("a refused call left .state behind")
			}
		})
	}
}

func TestForwardsAreTheLocalhostURLs(t *testing.T) {
	local := Outputs{WebURL: "http://localhost:3000", ChatbotURL: "http://localhost:3001", APIURL: "http://localhost:8000"}
	want := []forward{{"frontend-web", "3000"}, {"frontend-chatbot", "3001"}, {"backend", "8000"}}
	if got := local.forwards(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("forwards = %v, want %v", got, want)
	}
	public := Outputs{WebURL: "https://todo.example.com", ChatbotURL: "https://chat.todo.example.com", APIURL: "https://api.todo.example.com"}
	if got := public.forwards(); len(got) != 0 {
		t.Errorf("forwards = %v for a stack with a domain, want none", got)
	}
}

func TestATakenPortIsNamedBeforeAnythingIsDone(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": "", "Pulumi.prod.yaml": "config:\n  todo:exposure: ingress\n"})
	if listener, err := net.Listen("tcp", "127.0.0.1:3001"); err == nil { // otherwise somebody has taken it already
		defer listener.Close()
	}
	err := ops.Up(t.Context())
	for _, want := range []string{"port 3001 is taken", "pulumi config set -s dev --path services.frontend-chatbot.localPort 13001"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("up: %v, want %q", err, want)
		}
	}
	if _, err := os.Stat(".state"); err == nil {
		t.Error("up left .state behind though it was refused")
	}
	ops.Stack = "prod"
	if err := ops.portsFree(); err != nil {
		t.Errorf("a stack with a domain does not need the port: %v", err)
	}
}

// TestJourney runs the smoke test's journey against a web that forgets tasks: it must notice.
func TestJourney(t *testing.T) {
	for name, forget := range map[string]bool{"good web": false, "web that forgets": true} {
		t.Run(name, func(t *testing.T) {
			var title string
			accounts := 0
			mux := http.NewServeMux()
			mux.HandleFunc("GET /{$}", func(http.ResponseWriter, *http.Request) {})
			mux.HandleFunc("POST /api/auth/sign-up", func(w http.ResponseWriter, _ *http.Request) {
				accounts++
				http.SetCookie(w, &http.Cookie{Name: "todo_session", Value: "x", Path: "/"})
			})
			mux.HandleFunc("DELETE /api/auth/me", func(w http.ResponseWriter, r *http.Request) {
				if _, err := r.Cookie("todo_session"); err == nil {
					accounts--
				}
				w.WriteHeader(http.StatusNoContent)
			})
			mux.HandleFunc("POST /api/tasks", func(w http.ResponseWriter, r *http.Request) {
				var task struct{ Title string }
				if _, err := r.Cookie("todo_session"); err != nil || json.NewDecoder(r.Body).Decode(&task) != nil {
					w.WriteHeader(http.StatusUnauthorized)
					return
				}
				title = task.Title
				w.WriteHeader(http.StatusCreated)
				w.Write([]byte(`{"id":"7"}`))
			})
			mux.HandleFunc("GET /api/tasks", func(w http.ResponseWriter, _ *http.Request) {
				shown := title
				if forget {
					shown = "another"
				}
				json.NewEncoder(w).Encode(map[string]any{"items": []any{map[string]string{"title": shown}}})
			})
			mux.HandleFunc("DELETE /api/tasks/7", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
			server := httptest.NewServer(mux)
			defer server.Close()

			var table bytes.Buffer
			err := printChecks(&table, journey(t.Context(), server.URL))
			if forget != (err != nil) {
				t.Errorf("error = %v with forget=%v:\n%s", err, forget, &table)
			}
			if accounts != 0 {
				t.Errorf("%d accounts are left behind, want 0: every run of the smoke test would add one", accounts)
			}
			if forget && !strings.Contains(table.String(), "✗  list the tasks") {
				t.Errorf("the failed check is not marked:\n%s", &table)
			}
		})
	}
}

func TestDisabledServicesNeedNoPorts(t *testing.T) {
	var file struct{ Config stackKeys }
	text := "config:\n  todo:services:\n    frontend-chatbot: {enabled: false}\n    backend: {enabled: true}\n"
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	ports := maps.Collect(file.Config.localPorts())
	if want := map[string]int{services.Web: services.WebPort, services.Backend: services.BackendPort}; !maps.Equal(ports, want) {
		t.Errorf("the ports are %v, want %v", ports, want)
	}
}

func TestBooleansAsPulumiRewritesThem(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "'true'": true, "false": false, "'false'": false, `"false"`: false} {
		var file struct{ Config stackKeys }
		if err := yaml.Unmarshal([]byte("config:\n  todo:production: "+text+"\n"), &file); err != nil {
			t.Errorf("production: %s is not read: %v; make up would fail after any `pulumi config set`", text, err)
		}
		if got := bool(file.Config.Production); got != want {
			t.Errorf("production: %s is read as %v, want %v", text, got, want)
		}
	}
}
