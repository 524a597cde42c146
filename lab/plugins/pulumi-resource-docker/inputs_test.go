package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

func inputs(m map[string]any) resource.PropertyMap { return resource.NewPropertyMapFromMap(m) }

// project is a folder with a context and a Dockerfile outside of it, made the working folder.
func project(t *testing.T) build {
	t.Helper()
	t.Chdir(t.TempDir())
	write(t, "app/main.py", "print('hello')\n")
	write(t, "app/notes.txt", "mine\n")
	write(t, "dockerfiles/a.Dockerfile", "FROM scratch\nCOPY . .\n")
	return build{Context: "app", Dockerfile: "dockerfiles/a.Dockerfile"}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestNames(t *testing.T) {
	for name, c := range map[string]struct {
		skipPush bool
		want     string // part of the refusal; "" when accepted
		moving   bool
		host     string
	}{
		"localhost:5000/todo/backend:abc":               {host: "localhost:5000"},
		"registry.example.com/todo/backend":             {moving: true, host: "registry.example.com"},
		"registry.example.com/todo/backend:latest":      {moving: true, host: "registry.example.com"},
		"todo/backend:abc":                              {want: "skipPush: true", host: "docker.io"},
		"backend:1":                                     {skipPush: true, host: "docker.io"},
		"localhost/Backend:1":                           {want: "not repository[:tag]", moving: true},
		"localhost/b@sha256:" + strings.Repeat("0", 64): {want: "has a digest", moving: true, host: "localhost"},
		"":                            {want: "not repository[:tag]", moving: true},
		"docker.io/library/backend:2": {host: "docker.io"},
	} {
		t.Run(name, func(t *testing.T) {
			img := image{Name: name, SkipPush: c.skipPush}
			err := img.checkName()
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if img.movingTag() != c.moving {
				t.Errorf("movingTag is %v", img.movingTag())
			}
			if img.host() != c.host {
				t.Errorf("host is %q, want %q", img.host(), c.host)
			}
		})
	}
}

func TestInputsAsTheSDKSendsThem(t *testing.T) {
	img := imageOf(inputs(map[string]any{
		"imageName": "localhost:5000/a:1", "skipPush": false, "buildOnPreview": false,
		"registry": map[string]any{"server": "localhost:5000", "username": "me", "password": resource.MakeSecret(resource.NewProperty("word"))},
		"build": map[string]any{
			"context": "app/a", "dockerfile": "dockerfiles/a.Dockerfile", "args": map[string]any{"A": "1"}, "target": "run",
			"platform": "linux/arm64", "builderVersion": "BuilderBuildKit", "cacheFrom": map[string]any{"images": []any{"localhost:5000/a:0"}},
		},
	}))
	if img.Registry != (credentials{"localhost:5000", "me", "word"}) || *img.Build.buildArgs()["A"] != "1" || img.Build.CacheFrom[0] != "localhost:5000/a:0" {
		t.Errorf("read %+v", img)
	}
	want := inputs(map[string]any{"baseImageName": "localhost:5000/a:1", "imageName": "localhost:5000/a:1", "registryServer": "localhost:5000",
		"context": "app/a", "dockerfile": "../../dockerfiles/a.Dockerfile", "platform": "linux/arm64"})
	if got := img.outputs(); !got.DeepEquals(want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
	defaults := imageOf(inputs(map[string]any{"imageName": "a", "build": map[string]any{"context": "x"}})).Build
	if defaults.Dockerfile != "x/Dockerfile" || !strings.HasPrefix(defaults.Platform, "linux/") {
		t.Errorf("defaults %+v", defaults)
	}
}

func TestMissingFiles(t *testing.T) {
	good := project(t)
	write(t, "app/Dockerfile", "FROM scratch\n")
	for name, c := range map[string]struct {
		build build
		want  string
	}{
		"all there":                        {good, ""},
		"no folder":                        {build{Context: "gone", Dockerfile: good.Dockerfile}, `there is no folder "gone"`},
		"a file for a folder":              {build{Context: "app/main.py", Dockerfile: good.Dockerfile}, "is not a folder"},
		"no Dockerfile":                    {build{Context: "app", Dockerfile: "gone"}, `there is no file "gone"`},
		"Dockerfile seen from the context": {build{Context: "app", Dockerfile: "Dockerfile"}, `set it to "app/Dockerfile"`},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.build.checkFiles()
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
		})
	}
}

func TestDigestChangesWithContentOnly(t *testing.T) {
	b := project(t)
	write(t, "dockerfiles/a.Dockerfile.dockerignore", "*.txt\n")
	write(t, "app/.dockerignore", "*.py\n") // must not count: the Dockerfile has its own
	digest := func() string {
		t.Helper()
		d, err := b.digest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	was := digest()
	for _, c := range []struct {
		name    string
		do      func() error
		changes bool
	}{
		{"touch", func() error { return os.Chtimes("app/main.py", time.Now(), time.Now().Add(time.Hour)) }, false},
		{"ignored file", func() error { return os.WriteFile("app/notes.txt", []byte("other"), 0o644) }, false},
		{"content", func() error { return os.WriteFile("app/main.py", []byte("pass"), 0o644) }, true},
		{"permission", func() error { return os.Chmod("app/main.py", 0o755) }, true},
		{"rename", func() error { return os.Rename("app/main.py", "app/other.py") }, true},
		{"link", func() error { return os.Symlink("other.py", "app/link.py") }, true},
		{"Dockerfile", func() error { return os.WriteFile(b.Dockerfile, []byte("FROM a"), 0o644) }, true},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		if now := digest(); (now != was) != c.changes {
			t.Errorf("%s: digest changed is %v", c.name, now != was)
		} else {
			was = now
		}
	}
}

func TestSettings(t *testing.T) {
	s, err := settingsOf(inputs(map[string]any{"host": "tcp://h:1", "registryAuth": `[{"address":"https://r.example.com/v2/","username":"u","password":"p"}]`}))
	if err != nil || s.Host != "tcp://h:1" || len(s.Registries) != 1 || len(s.unsupported) != 0 {
		t.Fatalf("%v %+v", err, s)
	}
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	write(t, filepath.Join(os.Getenv("DOCKER_CONFIG"), "config.json"), `{"auths":{"https://index.docker.io/v1/":{"auth":"ZmlsZTp3b3Jk"},"r.example.com":{"auth":"ZmlsZTp3b3Jk"}}}`)
	known, err := loginsFor(s, image{Name: "docker.io/a:1"})
	if err != nil || known["docker.io"].Username != "file" || known["r.example.com"].Username != "u" {
		t.Errorf("%v %+v: registryAuth comes before Docker's file", err, known)
	}
	known, err = loginsFor(s, image{Name: "r.example.com/a:1", Registry: credentials{Username: "own", Password: "p"}})
	if err != nil || known["r.example.com"].Username != "own" {
		t.Errorf("%v %+v: the image's registry comes first", err, known)
	}
	if s, _ := settingsOf(inputs(map[string]any{"host": "ssh://h", "context": "x"})); len(s.unsupported) != 2 {
		t.Errorf("unsupported %v", s.unsupported)
	}
}
