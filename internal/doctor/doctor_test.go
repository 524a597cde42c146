package doctor

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// recording is what kubectl said of a namespace of seeded failures; e2e/doctor_test.go seeds them, and records them when
// UPDATE_RECORDED is set.
type recording struct {
	Objects, Secrets, Classes json.RawMessage
	Logs                      map[string]string
}

func load(t *testing.T, name string, edit func(string) string) recording {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal([]byte(edit(string(text))), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

func asIs(text string) string { return text }

func (r recording) kubectl(_ context.Context, args ...string) ([]byte, error) {
	line := strings.Join(args, " ")
	switch {
	case strings.HasPrefix(line, "get "+kinds):
		return r.Objects, nil
	case strings.HasPrefix(line, "get secrets"):
		if r.Secrets == nil {
			return nil, errors.New("forbidden")
		}
		return r.Secrets, nil
	case strings.HasPrefix(line, "get storageclasses"):
		return r.Classes, nil
	case strings.HasPrefix(line, "logs "):
		kind := "logs "
		if strings.HasSuffix(line, "--previous") {
			kind = "previous "
		}
		text, found := r.Logs[kind+args[1]]
		if !found {
			return nil, errors.New("no such log")
		}
		return []byte(text), nil
	}
	return nil, errors.New("not recorded: kubectl " + line)
}

func examined(t *testing.T, r recording, target Target) map[string]Finding {
	t.Helper()
	list, err := Examine(t.Context(), target, r.kubectl)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Finding{}
	for _, f := range list {
		all[f.Service] = f
	}
	return all
}

func TestEverySeededFailureIsNamed(t *testing.T) {
	scratch := Target{Namespace: "todo-doctor"}
	found := examined(t, load(t, "todo-doctor", asIs), scratch)
	found["quota"] = examined(t, load(t, "todo-doctor-quota", asIs), Target{Namespace: "todo-doctor-quota"})["quota"]
	tests := map[string]struct {
		cause       Cause
		likely, fix string
	}{
		"image":     {ImagePull, "There is no image registry.example/todo/backend:1-no-such-tag", "kubectl -n todo-doctor set image deployment/image image=<repository>:<tag>"},
		"crash":     {Crash, "ends by itself", "kubectl -n todo-doctor rollout undo deployment/crash"},
		"command":   {Command, "cannot be started", "rollout undo deployment/command"},
		"oom":       {OOM, "limit of 32Mi", "kubectl -n todo-doctor set resources deployment/oom -c oom --limits=memory=64Mi"},
		"readiness": {Readiness, "/ready does not answer", "edit deployment/readiness"},
		"liveness":  {Liveness, "/health does not answer the liveness probe", "deployment/liveness"},
		"startup":   {Startup, "startup probe", "rollout undo deployment/startup"},
		"quota":     {Quota, "ResourceQuota small has no room", `kubectl -n todo-doctor-quota patch resourcequota small --type merge -p '{"spec":{"hard":{"requests.cpu":"10m"}}}'`},
		"security":  {PodSecurity, "allowPrivilegeEscalation != false", `"capabilities":{"drop":["ALL"]}`},
		"cpu":       {Scheduling, "No node has 64 of cpu left", "--requests=cpu=100m"},
		"selector":  {Scheduling, "label disk=fast", "kubectl label nodes --all disk=fast"},
		"volume":    {Volume, "StorageClass premium", "sed 's/storageClassName: premium/storageClassName: standard/'"},
		"key":       {MissingConfig, "Secret seeded has no key DATABASE_URL", `patch secret seeded --type merge -p '{"stringData":{"DATABASE_URL":"<value>"}}'`},
		"configmap": {MissingConfig, "configmap nowhere does not exist", "create configmap nowhere"},
		"setting":   {BadSetting, "BETTER_AUTH_SECRET is not set", "rollout undo deployment/setting"},
		"password":  {DatabasePassword, "refuses the user or password", `patch secret seeded --type merge -p '{"stringData":{"WRONG_URL":"<value>"}}'`},
		"job":       {JobFailed, "ends by itself", "delete job/job"},
	}
	for name, want := range tests {
		t.Run(name, func(t *testing.T) {
			got := found[name]
			if got.Ready || got.Cause != want.cause || !strings.Contains(got.Likely, want.likely) || !strings.Contains(got.Fix, want.fix) {
				t.Errorf("the doctor says %s: %q, and advises %q;\nwant %s, a sentence with %q, and %q", got.Cause, got.Likely, got.Fix, want.cause, want.likely, want.fix)
			}
		})
	}
	if !found["postgres"].Ready || found["postgres"].Cause != None {
		t.Errorf("the workload that is well is called %+v", found["postgres"])
	}
	if len(found) != len(tests)+1 {
		t.Errorf("%d workloads were examined, want %d", len(found), len(tests)+1)
	}
}

// The program puts its own ResourceQuota back at the next update: a patch would heal for a day.
func TestTheStacksOwnQuotaIsNotPatched(t *testing.T) {
	r := load(t, "todo-doctor-quota", func(text string) string {
		return strings.ReplaceAll(text, "exceeded quota: small", "exceeded quota: todo-quota-resourcequota-1f2e3d4c")
	})
	want := "pulumi config set -s dev resourceQuota false && make up"
	if got := examined(t, r, Target{Namespace: "todo-doctor-quota", Stack: "dev"})["quota"].Fix; got != want {
		t.Errorf("fix = %q, want %q", got, want)
	}
}

func TestAStacksFixesAreItsConfigurations(t *testing.T) {
	tests := map[string]struct {
		workload string // of the recording, which is made the stack's backend
		target   Target
		fix      string
	}{
		"image from the configuration": {"image", Target{Stack: "dev", Images: []string{"backend"}}, "pulumi config rm -s dev --path images.backend && make up"},
		"built image":                  {"image", Target{Stack: "dev"}, "make rollback"},
		"crash":                        {"crash", Target{Stack: "dev"}, "make rollback"},
		"crash of the first release":   {"crash", Target{Stack: "dev", First: true}, "make up # once its source or setting is corrected"},
		"crash of another stack":       {"crash", Target{Stack: "qa"}, "make rollback STACK=qa"},
		"memory":                       {"oom", Target{Stack: "dev"}, "pulumi config set -s dev --path services.backend.resources.limits.memory 64Mi && make up"},
		"CPU":                          {"cpu", Target{Stack: "qa"}, "pulumi config set -s qa --path services.backend.resources.requests.cpu 100m && make up STACK=qa"},
		"probe of a foreign app":       {"readiness", Target{Stack: "dev"}, "pulumi config set -s dev --path services.backend.probes.readiness <path that answers 200> && make up"},
		"key of an external database":  {"key", Target{Stack: "dev"}, "pulumi config set -s dev --secret DATABASE_URL && make up"},
		"key of the stack's database":  {"key", Target{Stack: "dev", Managed: true}, "pulumi up -s dev --refresh --yes"},
		"password":                     {"password", Target{Stack: "dev"}, "pulumi config set -s dev --secret DATABASE_URL && make up"},
		"setting":                      {"setting", Target{Stack: "dev"}, "pulumi config set -s dev --secret BETTER_AUTH_SECRET && make up"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.target.Namespace = "todo-doctor"
			r := load(t, "todo-doctor", func(text string) string {
				return strings.ReplaceAll(text, `"app.kubernetes.io/name":"`+test.workload+`"`, `"app.kubernetes.io/name":"backend"`)
			})
			if got := examined(t, r, test.target)["backend"].Fix; got != test.fix {
				t.Errorf("fix = %q, want %q", got, test.fix)
			}
		})
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	const password = "p@ss/w\"rd+1"
	secrets := `{"items":[{"data":{"DATABASE_URL":"` + b64("postgresql://todo:p%40ss%2Fw%22rd%2B1@db/todo") + `","PASSWORD":"` + b64(password) + `","FLAG":"` + b64("on") + `"}}]}`
	r, err := newRedactor([]byte(secrets))
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"plain":           "login with " + password,
		"in JSON":         `{"message":"login with p@ss/w\"rd+1"}`,
		"whole URL":       "connecting to postgresql://todo:p%40ss%2Fw%22rd%2B1@db/todo",
		"encoded":         "p%40ss%2Fw%22rd%2B1",
		"base64":          b64(password),
		"password of URL": "password p@ss/w\"rd+1 refused",
	} {
		got := r.clean(text)
		for _, leak := range []string{password, "p%40ss", `p@ss/w\"rd`, b64(password)} {
			if strings.Contains(got, leak) {
				t.Errorf("%s: %q still holds the secret", what, got)
			}
		}
	}
	if got := r.clean("the switch is on"); got != "the switch is on" {
		t.Errorf("a value of two letters was looked for: %q", got)
	}

	unreadable := load(t, "todo-doctor", asIs)
	unreadable.Secrets = nil
	log := examined(t, unreadable, Target{Namespace: "todo-doctor"})["crash"].Log
	if len(log.Lines) != 1 || !strings.Contains(log.Lines[0], "not shown") {
		t.Errorf("log = %v, want none: without the Secrets nothing can be kept out of it", log.Lines)
	}
}

func TestReportFitsATerminal(t *testing.T) {
	findings, err := Examine(t.Context(), Target{Namespace: "todo-doctor"}, load(t, "todo-doctor", asIs).kubectl)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Print(&out, findings, nil); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("there are colours without a terminal")
	}
	if !strings.Contains(out.String(), "│ connecting with [PASSWORD]\n") || strings.Contains(out.String(), "pr1nted-by-m1stake") {
		t.Error("the crashed container's last line is not there with its secret replaced")
	}
	copied := regexp.MustCompile(`^  (fix |│ )`) // commands and log lines stay whole
	for line := range strings.Lines(out.String()) {
		line = strings.TrimRight(line, "\n")
		if utf8.RuneCountInString(line) > width && !copied.MatchString(line) && len(strings.Fields(line)) > 2 {
			t.Errorf("a line is %d wide, want at most %d: %q", utf8.RuneCountInString(line), width, line)
		}
	}
}

// A supervisor such as uvicorn's outlives its workers: the container runs, and a probe fails because the program crashes.
func TestWorkersThatDieAreACrash(t *testing.T) {
	r := load(t, "todo-doctor", asIs)
	for name := range r.Logs {
		if strings.Contains(name, "startup-") {
			r.Logs[name] = "Traceback\nModuleNotFoundError: No module named 'src.nothing'\n{\"message\": \"Child process [37] died\"}\n"
		}
	}
	if got := examined(t, r, Target{Namespace: "todo-doctor"})["startup"]; got.Cause != Crash {
		t.Errorf("cause = %s (%s), want %s", got.Cause, got.Detail, Crash)
	}
}

func TestHealthyIsOneLineEach(t *testing.T) {
	r := recording{Secrets: []byte(`{"items":[]}`), Objects: []byte(`{"items":[
		{"kind":"Deployment","metadata":{"name":"a","labels":{"app.kubernetes.io/name":"backend"},"generation":3},"spec":{"replicas":2},"status":{"observedGeneration":3,"replicas":2,"updatedReplicas":2,"availableReplicas":2,"readyReplicas":2}},
		{"kind":"StatefulSet","metadata":{"name":"database"},"spec":{"replicas":1},"status":{"readyReplicas":1,"currentRevision":"x","updateRevision":"x"}},
		{"kind":"Job","metadata":{"name":"m"},"spec":{"completions":1},"status":{"succeeded":1}}]}`)}
	findings, err := Examine(t.Context(), Target{Namespace: "todo-dev", Stack: "dev"}, r.kubectl)
	if err != nil || !Healthy(findings) {
		t.Fatalf("healthy workloads: %+v, %v", findings, err)
	}
	var out bytes.Buffer
	if err := Print(&out, findings, nil); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "\n"); lines != 3 {
		t.Errorf("%d lines for 3 healthy workloads:\n%s", lines, out.String())
	}
	r.Objects = bytes.Replace(r.Objects, []byte(`"generation":3`), []byte(`"generation":4`), 1)
	if findings, err = Examine(t.Context(), Target{Namespace: "todo-dev"}, r.kubectl); err != nil || Healthy(findings) {
		t.Errorf("a Deployment whose change has not been looked at yet is called Ready (%v)", err)
	}
}

func TestQuantities(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{
		{"250m", "900m", "1150m"}, {"1", "500m", "1500m"}, {"256Mi", "1Gi", "1280Mi"}, {"10m", "", "10m"}, {"2", "3", "5"}, {"1e3", "1", ""},
	} {
		if got, _ := added(test.a, test.b); got != test.want {
			t.Errorf("%s + %s = %q, want %q", test.a, test.b, got, test.want)
		}
	}
}

func TestJSONLogLinesAreReadable(t *testing.T) {
	for line, want := range map[string]string{
		`{"timestamp": "2026-11-23T07:11:59.008+00:00", "level": "WARNING", "message": "not ready", "module": "src.readiness", "request_id": null, "reason": "the database is not reachable"}`: "07:11:59 WARNING not ready reason=the database is not reachable",
		`plain text`:       `plain text`,
		`{"a": 1}`:         `{"a": 1}`,
		`{not JSON at all`: `{not JSON at all`,
	} {
		if got := Readable(line); got != want {
			t.Errorf("Readable(%s) = %q, want %q", line, got, want)
		}
	}
}
