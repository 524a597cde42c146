package main

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestRollbackChoosesTheLastGoodRelease(t *testing.T) {
	three := []Release{{Number: 4}, {Number: 5}, {Number: 6}}
	tests := map[string]struct {
		all        []Release
		wanted     string
		unfinished bool
		number     int
		refused    string
	}{
		"after a failed update":        {three, "", true, 6, ""},
		"after a good update":          {three, "", false, 5, ""},
		"by number":                    {three, "4", true, 4, ""},
		"by a number that is not kept": {three, "3", false, 0, "make releases"},
		"by no number":                 {three, "last", false, 0, "make releases"},
		"first update failed":          {nil, "", true, 0, "no release to return to"},
		"only one good":                {three[:1], "", false, 0, "no release to return to"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := chooseRelease(test.all, test.wanted, test.unfinished)
			if got.Number != test.number || (err == nil) != (test.refused == "") || (err != nil && !strings.Contains(err.Error(), test.refused)) {
				t.Errorf("release %d, %v; want %d, %q", got.Number, err, test.number, test.refused)
			}
		})
	}
}

func TestARollbackKeepsTheConfigurationAndBuildsNothing(t *testing.T) {
	settings := "encryptionsalt: v1:abc\nconfig:\n  todo:LOG_LEVEL: DEBUG\n  todo:DATABASE_URL:\n    secure: v1:old\n  todo:tlsKey:\n    secure: v1:tls\n" +
		"  todo:images:\n    backend: old:1\n  todo:migration:\n    command: [alembic, upgrade, head]\n"
	newest := "config:\n  todo:LOG_LEVEL: INFO\n  todo:replicas: 3\n  todo:DATABASE_URL:\n    secure: v1:rotated\n  todo:BETTER_AUTH_SECRET:\n    secure: v1:new\n"
	text, err := pinned([]byte(settings), []byte(newest), map[string]string{"backend": "r/backend:2", "frontend-web": "r/web:2"})
	if err != nil {
		t.Fatal(err)
	}
	secret := func(value string) map[string]any { return map[string]any{"secure": value} }
	want := map[string]any{"encryptionsalt": "v1:abc", "config": map[string]any{
		"todo:LOG_LEVEL":          "DEBUG",              // the release's own, not what is newer
		"todo:DATABASE_URL":       secret("v1:rotated"), // the old one may open nothing any more
		"todo:BETTER_AUTH_SECRET": secret("v1:new"),
		"todo:tlsKey":             secret("v1:tls"), // the release's own where there is none newer
		"todo:images":             map[string]any{"backend": "r/backend:2", "frontend-web": "r/web:2"},
		"todo:migration":          map[string]any{"command": []any{"alembic", "upgrade", "head"}, "skip": true},
	}}
	var got map[string]any
	if err := yaml.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %v\nwant %v", err, got, want)
	}
}

func TestARollbackOfAStackWithSourcesOfItsOwn(t *testing.T) {
	const source = "https://git.your-company.com/api.git#v1.4.2"
	for name, settings := range map[string]string{
		"as --path writes it": "config:\n  todo:services:\n    backend: {replicas: 3, source: '" + source + "'}\n",
		"as text":             `config: {"todo:services": '{"backend":{"replicas":3,"source":"` + source + `"}}'}`,
	} {
		text, err := pinned([]byte(settings), nil, map[string]string{"backend": "r/backend:2"})
		var got struct {
			Config struct {
				Services  map[string]map[string]any `yaml:"todo:services"`
				Migration map[string]any            `yaml:"todo:migration"`
			}
		}
		if err := errors.Join(err, yaml.Unmarshal(text, &got)); err != nil {
			t.Fatal(err)
		}
		backend := got.Config.Services["backend"]
		if _, there := backend["source"]; there || backend["replicas"] != 3 || got.Config.Migration["enabled"] != true {
			t.Errorf("%s: the program refuses a source beside an image, and needs the rest:\n%s", name, text)
		}
	}
}

func TestARollbackOfAnEmptyConfigurationStillGivesTheImages(t *testing.T) {
	text, err := pinned(nil, nil, map[string]string{"backend": "r/backend:2"})
	if err != nil || !strings.Contains(string(text), "backend: r/backend:2") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestReleasesOfAnotherClusterAreNotListed(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	for folder, text := range map[string]string{"0001": `{"number":1,"cluster":"gone"}`, "0002": `{"number":2,"cluster":"here"}`, "0010": `{"number":10,"cluster":"here"}`} {
		if err := writeFile(ops.stackState("releases/"+folder+"/release.json"), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	all, err := ops.releases("here")
	if err != nil || len(all) != 2 || all[0].Number != 2 || all[1].Number != 10 {
		t.Errorf("releases = %+v, %v; want 2 and 10: the images of 1 went with their cluster", all, err)
	}
}

func TestReleasesFitATerminal(t *testing.T) {
	var out bytes.Buffer
	err := printReleases(&out, []Release{
		{Number: 1, Time: time.Date(2026, 11, 23, 7, 5, 0, 0, time.UTC), Commit: "a3eca1b", Images: map[string]string{"backend": "localhost:5000/todo/backend:729bd652bb1d04c8", "frontend-web": "r@sha256:0123456789abcdef0123"}},
		{Number: 12, Time: time.Now(), Of: 1},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"729bd652bb1d ", "0123456789ab ", "11-23 07:05", "back to 1"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the list has no %q:\n%s", want, out.String())
		}
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 81 {
			t.Errorf("a line is %d wide: %q", len(line), line)
		}
	}
}

func TestSameConfig(t *testing.T) {
	a := []byte("encryptionsalt: v1:abc\nconfig:\n  todo:LOG_LEVEL: INFO # a comment\n")
	if !sameConfig(a, []byte("config:\n  todo:LOG_LEVEL: INFO\n")) || sameConfig(a, []byte("config:\n  todo:LOG_LEVEL: DEBUG\n")) {
		t.Error("comments and the salt are no configuration, values are")
	}
}
