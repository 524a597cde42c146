package config

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"todo/internal/pulumitest"
	"todo/target"
)

// repository makes a repository with two tagged commits of a backend, and returns its URL and a function that runs git in it.
func repository(t *testing.T) (url string, git func(args ...string) string) {
	t.Helper()
	folder := t.TempDir()
	git = func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", folder, "-c", "user.name=T", "-c", "user.email=t@your-company.com", "-c", "init.defaultBranch=main"}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "--quiet")
	for _, version := range []string{"v1", "v2"} {
		pulumitest.Write(t, folder, "services/backend/requirements.txt", "fastapi # "+version+"\n")
		git("add", ".")
		git("commit", "--quiet", "-m", version)
		git("tag", version)
	}
	return "file://" + folder, git
}

func withSource(source string) options {
	return options{Config: map[string]string{
		"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000", "todo:services": `{"backend":{"source":"` + source + `"}}`,
	}}
}

// online is a machine whose git works.
func online() (target.Machine, *int) {
	m, _ := bare("", nil)
	fetches := new(int)
	m.Run = func(ctx context.Context, name string, args ...string) ([]byte, error) {
		if name == "git" && len(args) > 2 && args[2] == "fetch" {
			*fetches++
		}
		return target.This().Run(ctx, name, args...)
	}
	return m, fetches
}

func TestSourceFromGit(t *testing.T) {
	url, git := repository(t)
	o := withSource("")
	o.Root = pulumitest.Project(t)
	at := func(ref string) (folder, content string) {
		t.Helper()
		o.Config["todo:services"] = `{"backend":{"source":"` + url + "#" + ref + `:services/backend"}}`
		m, _ := online()
		cfg, err := load(t, o, m)
		if err != nil {
			t.Fatal(err)
		}
		folder = cfg.SourceFolder(cfg.Service(BackendName))
		text, err := os.ReadFile(filepath.Join(o.Root, folder, "requirements.txt"))
		if err != nil {
			t.Fatal(err)
		}
		return folder, string(text)
	}
	first, text := at("v1")
	if !strings.Contains(text, "v1") {
		t.Errorf("at v1 the source is %q", text)
	}
	if again, _ := at(git("rev-parse", "v1")); again != first {
		t.Errorf("the tag's folder is %s, its commit's %s: one commit has one folder", first, again)
	}
	if second, text := at("main"); second == first || !strings.Contains(text, "v2") {
		t.Errorf("at main the source is %q in %s", text, second)
	}
	git("tag", "--force", "v1", "v2")
	if moved, text := at("v1"); moved == first || !strings.Contains(text, "v2") {
		t.Errorf("after the tag moved the source is %q in %s: a name is looked up at every run", text, moved)
	}
}

func TestAFetchedCommitNeedsNoNetwork(t *testing.T) {
	url, git := repository(t)
	o := withSource(url + "#" + git("rev-parse", "v1") + ":services/backend")
	o.Root = pulumitest.Project(t)
	for want := range 2 {
		m, fetches := online()
		if _, err := load(t, o, m); err != nil {
			t.Fatal(err)
		}
		if *fetches != 1-want {
			t.Errorf("load %d fetched %d times, want %d", want+1, *fetches, 1-want)
		}
	}
}

func TestSourceRefusals(t *testing.T) {
	url, _ := repository(t)
	for name, c := range map[string]struct {
		source, want string
		git          error
	}{
		"no such ref":       {source: url + "#v9", want: "cannot be fetched: exit status 128: fatal: couldn't find remote ref v9"},
		"no such folder":    {source: url + "#v1:elsewhere", want: "no folder .state/sources/"},
		"no git":            {source: url + "#v1", git: exec.ErrNotFound, want: "git is not installed"},
		"no ref":            {source: url, want: "it must name a commit, tag or branch after #"},
		"option for a ref":  {source: url + "#--upload-pack=x", want: "that is no name of a commit"},
		"outside":           {source: url + "#v1:../..", want: "must lie inside the repository"},
		"plain http":        {source: "http://git.your-company.com/a#v1", want: "must begin with https://"},
		"git's own ext":     {source: "ext::sh -c id#v1://", want: "must begin with https://"},
		"password":          {source: "https://me:hidden@git.your-company.com/a#v1", want: "must hold no credentials"},
		"no such directory": {source: "../nowhere", want: "services.backend.source: no folder ../nowhere"},
		"no Python project": {source: "app/frontend-web", want: "services.backend.source: app/frontend-web has none of requirements.txt"},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := online()
			if c.git != nil {
				m.Run = func(context.Context, string, ...string) ([]byte, error) { return nil, c.git }
			}
			_, err := load(t, withSource(c.source), m)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hidden") {
				t.Errorf("got %v, want a refusal that says %q and no password", err, c.want)
			}
		})
	}
}

func TestSourceFolders(t *testing.T) {
	elsewhere := t.TempDir()
	pulumitest.Write(t, elsewhere, "requirements.txt", "fastapi\n")
	m, _ := bare("", nil)
	cfg, err := load(t, withSource(elsewhere), m)
	if err != nil {
		t.Fatal(err)
	}
	if got := filepath.Join(cfg.Root, cfg.SourceFolder(cfg.Service(BackendName))); got != elsewhere {
		t.Errorf("the backend is built from %s, want %s", got, elsewhere)
	}
	if got := cfg.SourceFolder(cfg.Service(WebName)); got != "app/frontend-web" {
		t.Errorf("the web front is built from %s, want app/frontend-web: the others keep their folders", got)
	}
}

func TestSSHAddressesAreRepositories(t *testing.T) {
	g, remote, problem := parseSource("git@git.your-company.com:team/todo.git#main:backend")
	if want := (gitSource{url: "git@git.your-company.com:team/todo.git", ref: "main", folder: "backend"}); g != want || !remote || problem != "" {
		t.Errorf("parsed as %+v (%q), want %+v", g, problem, want)
	}
}
