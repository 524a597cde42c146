package main

import (
	"context"
	"encoding/base64"
	"os"
	"strings"
	"testing"
	"time"

	control "github.com/moby/buildkit/api/services/control"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

const (
	name   = "localhost:5000/todo/backend:abc"
	pinned = "localhost:5000/todo/backend@" + digest
)

func imageInputs(changes map[string]any) resource.PropertyMap {
	all := map[string]any{"imageName": name, "build": map[string]any{
		"context": "app", "dockerfile": "dockerfiles/a.Dockerfile", "args": map[string]any{"WHO": "me"}, "platform": "linux/amd64"}}
	for key, value := range changes {
		all[key] = value
	}
	return inputs(all)
}

func newTestProvider(t *testing.T, host string) *provider {
	t.Helper()
	p := newProvider(nil)
	if _, err := p.Configure(t.Context(), plugin.ConfigureRequest{Inputs: inputs(map[string]any{"host": host})}); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestCreateBuildsPushesAndReportsTheRegistrysDigest(t *testing.T) {
	project(t)
	f := newFakeEngine(t)
	made, err := newTestProvider(t, f.host()).Create(t.Context(), plugin.CreateRequest{Properties: imageInputs(map[string]any{
		"registry": map[string]any{"username": "me", "password": resource.MakeSecret(resource.NewProperty("hidden-word"))}})})
	if err != nil {
		t.Fatal(err)
	}
	if got := made.Properties["repoDigest"].StringValue(); got != pinned || string(made.ID) != name {
		t.Errorf("repoDigest %s, ID %s", got, made.ID)
	}
	for key, want := range map[string]string{"version": "2", "remote": "client-session", "dockerfile": "a.Dockerfile", "t": name,
		"buildargs": `{"WHO":"me"}`, "platform": "linux/amd64"} {
		if got := f.build.Get(key); got != want {
			t.Errorf("build asked with %s=%q, want %q", key, got, want)
		}
	}
	if f.build.Get("session") == "" || f.build.Get("buildid") == "" {
		t.Errorf("build without session or id: %v", f.build)
	}
	auth, _ := base64.URLEncoding.DecodeString(f.auth)
	if !strings.Contains(string(auth), `"password":"hidden-word"`) {
		t.Errorf("the push was authorised with %s", auth)
	}
	for key, value := range made.Properties {
		if value.IsString() && strings.Contains(value.StringValue(), "hidden-word") {
			t.Errorf("output %s holds the password", key)
		}
	}
}

func TestWhatIsThereIsNotBuiltAgain(t *testing.T) {
	other := imageInputs(map[string]any{"imageName": "localhost:5000/todo/backend:old"})
	for title, c := range map[string]struct {
		do     func(p *provider) (resource.PropertyMap, error)
		builds bool
		want   string
	}{
		"create": {func(p *provider) (resource.PropertyMap, error) {
			r, err := p.Create(context.Background(), plugin.CreateRequest{Properties: imageInputs(nil)})
			return r.Properties, err
		}, false, pinned},
		"create, kept in the Engine": {func(p *provider) (resource.PropertyMap, error) {
			r, err := p.Create(context.Background(), plugin.CreateRequest{Properties: imageInputs(map[string]any{"skipPush": true})})
			return r.Properties, err
		}, false, imageID},
		"update to another tag": {func(p *provider) (resource.PropertyMap, error) {
			r, err := p.Update(context.Background(), plugin.UpdateRequest{OldInputs: other, NewInputs: imageInputs(nil)})
			return r.Properties, err
		}, false, pinned},
		"update under the same tag": {func(p *provider) (resource.PropertyMap, error) {
			r, err := p.Update(context.Background(), plugin.UpdateRequest{OldInputs: imageInputs(nil), NewInputs: imageInputs(nil)})
			return r.Properties, err
		}, true, pinned},
		"latest": {func(p *provider) (resource.PropertyMap, error) {
			r, err := p.Create(context.Background(), plugin.CreateRequest{Properties: imageInputs(map[string]any{"imageName": "localhost:5000/todo/backend:latest"})})
			return r.Properties, err
		}, true, pinned},
	} {
		t.Run(title, func(t *testing.T) {
			project(t)
			f := newFakeEngine(t)
			f.pushed[name], f.pushed["localhost:5000/todo/backend:latest"], f.inEngine[name] = true, true, true
			outputs, err := c.do(newTestProvider(t, f.host()))
			if err != nil || outputs["repoDigest"].StringValue() != c.want {
				t.Errorf("%v, repoDigest %v, want %s", err, outputs["repoDigest"], c.want)
			}
			if f.called("POST /build") != c.builds {
				t.Errorf("built is %v", !c.builds)
			}
		})
	}
}

func TestPreviewNeedsNoEngine(t *testing.T) {
	project(t)
	p := newTestProvider(t, "unix:///nowhere.sock")
	in := imageInputs(nil)
	checked, err := p.Check(t.Context(), plugin.CheckRequest{Type: imageType, News: in})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatal(err, checked.Failures)
	}
	made, err := p.Create(t.Context(), plugin.CreateRequest{Properties: checked.Properties, Preview: true})
	if err != nil || made.Properties["imageName"].StringValue() != name || !made.Properties["repoDigest"].IsComputed() {
		t.Errorf("%v, outputs %v", err, made.Properties)
	}
	if _, err := p.Create(t.Context(), plugin.CreateRequest{Properties: checked.Properties}); err == nil ||
		!strings.Contains(err.Error(), "no Docker Engine answers at unix:///nowhere.sock") {
		t.Errorf("without an Engine: %v", err)
	}
	// Refresh and destroy have to end, too.
	read, err := p.Read(t.Context(), plugin.ReadRequest{ID: name, Inputs: in, State: made.Properties})
	if err != nil || read.ID != name {
		t.Errorf("read: %v, ID %q; nobody knows that the image is gone", err, read.ID)
	}
	if _, err := p.Delete(t.Context(), plugin.DeleteRequest{ID: name, Inputs: in}); err != nil {
		t.Errorf("delete: %v", err)
	}
}

func TestDiffSeesWhatMakesAnotherImage(t *testing.T) {
	project(t)
	p := newProvider(nil)
	check := func(changes map[string]any) resource.PropertyMap {
		t.Helper()
		r, err := p.Check(t.Context(), plugin.CheckRequest{Type: imageType, News: imageInputs(changes)})
		if err != nil || len(r.Failures) > 0 {
			t.Fatal(err, r.Failures)
		}
		return r.Properties
	}
	old := check(map[string]any{"registry": map[string]any{"server": "localhost:5000", "password": "a"}})
	if password := old["registry"].ObjectValue()["password"]; !password.IsSecret() {
		t.Errorf("the registry's password goes into the state as %v", password)
	}
	same := map[string]any{"registry": map[string]any{"server": "localhost:5000", "password": "b"}, "buildOnPreview": true}
	for title, c := range map[string]struct {
		before  func()
		new     map[string]any
		changed bool
	}{
		"nothing":            {nil, same, false},
		"another password":   {nil, same, false},
		"another time":       {func() { os.Chtimes("app/main.py", time.Now(), time.Now()) }, same, false},
		"another name":       {nil, map[string]any{"registry": same["registry"], "imageName": "localhost:5000/x:2"}, true},
		"kept in the Engine": {nil, map[string]any{"registry": same["registry"], "skipPush": true}, true},
		"another file":       {func() { write(t, "app/main.py", "pass") }, same, true},
	} {
		t.Run(title, func(t *testing.T) {
			if c.before != nil {
				c.before()
				defer write(t, "app/main.py", "print('hello')\n")
			}
			d, err := p.Diff(t.Context(), plugin.DiffRequest{OldInputs: old, NewInputs: check(c.new)})
			if err != nil || (d.Changes == plugin.DiffSome) != c.changed || len(d.ReplaceKeys) > 0 {
				t.Errorf("%v, changes %v: %v, replaces %v", err, d.Changes, d.ChangedKeys, d.ReplaceKeys)
			}
		})
	}
}

func TestReadAndDelete(t *testing.T) {
	f := newFakeEngine(t)
	p := newTestProvider(t, f.host())
	for _, skipPush := range []bool{false, true} {
		in := imageInputs(map[string]any{"skipPush": skipPush})
		f.pushed[name], f.inEngine[name] = true, true
		read := func() plugin.ReadResponse {
			t.Helper()
			r, err := p.Read(t.Context(), plugin.ReadRequest{ID: "the-first-name:1", Inputs: in, State: imageOf(in).outputs()})
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		if r := read(); r.ID == "" || r.Outputs["repoDigest"].StringValue() == "" {
			t.Errorf("skipPush %v: read %+v", skipPush, r)
		}
		delete(f.pushed, name)
		for range 2 { // the second time it is gone already
			if _, err := p.Delete(t.Context(), plugin.DeleteRequest{ID: "the-first-name:1", Inputs: in}); err != nil {
				t.Fatal(err)
			}
		}
		if f.inEngine[name] {
			t.Error("delete left the image in the Engine")
		}
		if r := read(); r.ID != "" {
			t.Errorf("skipPush %v: the image is gone, but read %+v", skipPush, r)
		}
	}
}

func TestFailures(t *testing.T) {
	project(t)
	f := newFakeEngine(t)
	p := newTestProvider(t, f.host())
	create := func() error {
		_, err := p.Create(t.Context(), plugin.CreateRequest{Properties: imageInputs(nil)})
		return err
	}
	f.fails = "executor failed running [npm ci]: exit code: 1"
	f.trace = []*control.StatusResponse{
		{Vertexes: []*control.Vertex{step("a", "[1/2] FROM node", 0, true, "")}},
		{Logs: []*control.VertexLog{{Vertex: "b", Msg: []byte("line one\nline ")}, {Vertex: "b", Msg: []byte("two")}}},
		{Vertexes: []*control.Vertex{step("b", "[2/2] RUN npm ci", 3, false, f.fails)}},
	}
	if err := create(); err == nil || !strings.Contains(err.Error(), "step [2/2] RUN npm ci: "+f.fails+"\n  line one\n  line two") {
		t.Errorf("a failed build says: %v", err)
	}
	f.fails, f.refuses = "", "denied: no such project"
	if err := create(); err == nil || !strings.Contains(err.Error(), "pushing "+name+": denied") {
		t.Errorf("a refused push says: %v", err)
	}
}

func TestCancellingStopsTheBuild(t *testing.T) {
	project(t)
	f := newFakeEngine(t)
	f.started, f.ended = make(chan struct{}), make(chan struct{})
	p := newTestProvider(t, f.host())
	failed := make(chan error, 1)
	go func() {
		_, err := p.Create(context.Background(), plugin.CreateRequest{Properties: imageInputs(nil)})
		failed <- err
	}()
	select {
	case <-f.started:
	case err := <-failed:
		t.Fatalf("the build ended before it was cancelled: %v", err)
	}
	if err := p.SignalCancellation(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || !strings.Contains(err.Error(), "cancelled while building") {
		t.Errorf("a cancelled build says: %v", err)
	}
	<-f.ended // the Engine has seen the connection end
	if !f.called("POST /build/cancel") {
		t.Error("the Engine was not told")
	}
}

func TestProgressPrintsALineForEachStep(t *testing.T) {
	var lines []string
	p := newProgress(func(line string) { lines = append(lines, line) }, func(string) {})
	for _, v := range []*control.Vertex{
		{Digest: "x", Name: "[1/3] FROM python"},
		step("i", "[internal] load build context", 1, false, ""),
		step("a", "[1/3] FROM python", 0, true, ""),
		step("b", "[2/3] RUN pip install", 12, false, ""),
		step("b", "[2/3] RUN pip install", 12, false, ""), // BuildKit repeats itself
	} {
		p.vertex(v)
	}
	if got := strings.Join(lines, "\n"); got != "[1/3] FROM python  cached\n[2/3] RUN pip install  12.0s" {
		t.Errorf("printed:\n%s", got)
	}
}
