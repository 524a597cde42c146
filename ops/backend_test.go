package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakePulumi answers like a backend with the given stacks, and writes down each call with the backend that it was given.
func fakePulumi(t *testing.T, stacks, export string) (path string, calls func() string) {
	t.Helper()
	folder := t.TempDir()
	log := filepath.Join(folder, "calls")
	for name, text := range map[string]string{"stacks": stacks, "export": export} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path = script(t, "pulumi", `cd `+folder+`
printf '%s passphrase=%s file=%s: %s\n' "$PULUMI_BACKEND_URL" "${PULUMI_CONFIG_PASSPHRASE-unset}" "$PULUMI_CONFIG_PASSPHRASE_FILE" "$*" >>calls
case "$*" in
"stack ls --json") cat stacks ;;
"stack export"*) cat export ;;
"stack import"*) printf 'imported %s\n' "$(cat)" >>calls ;;
esac`)
	return path, func() string {
		text, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		return string(text)
	}
}

const (
	noStacks     = `[]`
	anEmptyStack = `[{"name":"dev","resourceCount":0}]`
	aFullStack   = `[{"name":"dev","resourceCount":63}]`
	emptyState   = `{"deployment":{}}`
	ownState     = `{"checkpoint":{"latest":{"resources":[{"type":"todo:components:TodoApp"}]}}}`
)

// loggedIn is a user's `pulumi login`.
func loggedIn(t *testing.T, backend string) {
	t.Helper()
	if err := writeFile(filepath.Join(pulumiHome(), "credentials.json"),
		[]byte(`{"current":"`+backend+`"}`)); err != nil {
		t.Fatal(err)
	}
}

func TestABackendIsChosenOnce(t *testing.T) {
	const cloud, s3 = "https://api.pulumi.com", "s3://my-state?region=eu-central-1"
	for name, test := range map[string]struct {
		config, project        string // of Pulumi.dev.yaml and Pulumi.yaml
		recorded, own          string // .state/dev/backend, and the stack in .state/pulumi
		before                 bool   // a release without the record has been here
		variable, token, login string
		want, refused          string
	}{
		"nothing said":                        {want: ownBackend},
		"a login is not for a local stack":    {login: cloud, want: ownBackend},
		"a login is for production":           {config: "todo:production: true", login: cloud, want: cloud},
		"a login is for a cluster elsewhere":  {config: "todo:allowNonLocalCluster: true", login: cloud, want: cloud},
		"a login is for a cluster of a stack": {config: "todo:kubeStack: me/cluster/prod", login: cloud, want: cloud},
		"a variable":                          {variable: s3, want: s3},
		"a variable with credentials": {variable: "postgres://me:secret@db/state",
			want: "postgres://db/state"},
		"a token without a login, as in CI": {token: "x", want: cloud},
		"the project's own": {project: "backend: {url: 's3://project'}", login: cloud,
			want: "s3://project"},
		"a variable before the project's": {project: "backend: {url: 's3://project'}", variable: s3, want: s3},
		"recorded, a login later":         {recorded: ownBackend, login: cloud, want: ownBackend},
		"recorded, logged out later":      {recorded: cloud, config: "todo:production: true", want: cloud},
		"recorded, another login": {recorded: cloud, config: "todo:production: true", login: "s3://other",
			want: cloud},
		"recorded, the same variable":       {recorded: s3, variable: s3, want: s3},
		"recorded, the token of that login": {recorded: cloud, token: "x", want: cloud},
		"recorded, a variable later": {recorded: ownBackend, variable: s3,
			refused: "PULUMI_BACKEND_URL now says " + s3},
		"recorded, a token later": {recorded: ownBackend, token: "x",
			refused: "To stay there:       unset PULUMI_ACCESS_TOKEN\n"},
		"recorded, a project's backend later": {recorded: ownBackend, project: "backend: {url: 's3://p'}",
			refused: "`backend:` in Pulumi.yaml now says s3://p"},
		"recorded, what make env exported": {recorded: cloud, variable: "own", want: cloud},
		"what make env exported, and a login": {config: "todo:production: true", variable: "own", login: cloud,
			want: cloud},
		"what another checkout's make env did": {variable: "file:///elsewhere/.state/pulumi",
			refused: "names the state of another checkout, /elsewhere"},
		"from before, in .state": {before: true, own: ownState, login: cloud, want: ownBackend},
		"from before, in .state, a variable": {before: true, own: ownState, variable: s3,
			refused: "keeps its state in file://"},
		"from before, in the login": {before: true, login: cloud, want: cloud},
		"from before, nowhere":      {before: true, want: ownBackend},
		"destroyed in .state":       {own: `{"checkpoint":{"latest":{}}}`, variable: s3, want: s3},
		"damaged record": {recorded: "x",
			refused: "is damaged: it must hold where stack dev keeps its state. Fix: echo .state/pulumi >"},
		"damaged passphrase": {recorded: ownBackend + "\npassphrase: mine", refused: "is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			ops := checkout(t, map[string]string{"Pulumi.yaml": "name: todo\n" + test.project,
				"Pulumi.dev.yaml": "config:\n  " + test.config + "\n"})
			for path, text := range map[string]string{ops.stackState("backend"): test.recorded,
				ops.state("pulumi", ".pulumi", "stacks", "todo", "dev.json"): test.own} {
				if text != "" {
					if err := writeFile(path, []byte(text)); err != nil {
						t.Fatal(err)
					}
				}
			}
			if test.before {
				if err := writeFile(ops.stackState("Pulumi.dev.yaml"), nil); err != nil {
					t.Fatal(err)
				}
			}
			if test.variable == "own" {
				test.variable = "file://" + ops.state("pulumi")
			}
			for variable, value := range map[string]string{"PULUMI_BACKEND_URL": test.variable,
				"PULUMI_ACCESS_TOKEN": test.token} {
				if value != "" {
					t.Setenv(variable, value)
				}
			}
			if test.login != "" {
				loggedIn(t, test.login)
			}
			h, err := ops.home()
			if (err != nil) != (test.refused != "") || err != nil && !strings.Contains(err.Error(), test.refused) {
				t.Fatalf("error = %v, want %q", err, test.refused)
			}
			if err == nil && h.backend != test.want {
				t.Errorf("the state is in %s, want %s", h.backend, test.want)
			}
		})
	}
}

// A developer tries the repository, and logs in for another project a week later.
func TestALoginLaterDoesNotMoveTheState(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	pulumi, calls := fakePulumi(t, noStacks, emptyState)
	ops.tools.Pulumi = pulumi
	if err := ops.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	loggedIn(t, "https://api.pulumi.com")
	later := &Ops{Root: ops.Root, Stack: "dev", tools: Tools{Pulumi: ops.tools.Pulumi}}
	if err := later.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	for call := range strings.Lines(calls()) {
		if !strings.HasPrefix(call, "file://"+ops.state("pulumi")+" ") {
			t.Errorf("Pulumi was asked elsewhere: %s", call)
		}
	}
}

// A local stack that a release without the record keeps in a login stays there; one that never used the login does not.
func TestALoginFromBeforeTheRecord(t *testing.T) {
	const cloud = "https://api.pulumi.com"
	for stacks, want := range map[string]string{aFullStack: cloud, anEmptyStack: ownBackend,
		`[{"name":"acme/dev","resourceCount":9}]`: ownBackend} {
		ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
		ops.tools.Pulumi, _ = fakePulumi(t, stacks, emptyState)
		loggedIn(t, cloud)
		if err := writeFile(ops.stackState("Pulumi.dev.yaml"), nil); err != nil {
			t.Fatal(err)
		}
		if err := ops.PrepareStack(t.Context()); err != nil {
			t.Fatal(err)
		}
		if h, err := ops.readHome(); err != nil || h.backend != want {
			t.Errorf("with %s in the login, the state is in %s (%v), want %s", stacks, h.backend, err, want)
		}
	}
}

func TestAnotherOrganizationsStackIsNotThisOne(t *testing.T) {
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	pulumi, calls := fakePulumi(t, `[{"name":"acme/dev","resourceCount":9}]`, emptyState)
	ops.tools.Pulumi = pulumi
	if err := ops.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(calls(), "stack init dev --no-select") {
		t.Errorf("stack dev was not made, because organization acme has one of that name:\n%s", calls())
	}
}

func TestCredentialsAreNotRecorded(t *testing.T) {
	for backend, want := range map[string]string{
		"s3://bucket?region=eu&profile=work": "s3://bucket?region=eu&profile=work",
		"postgres://me:secret@db/state":      "postgres://db/state",
		"azblob://box?sas_token=abc&x=1":     "azblob://box?x=1",
		"https://api.pulumi.com/":            "https://api.pulumi.com",
		ownBackend:                           ownBackend,
	} {
		if got := redactedURL(backend); got != want {
			t.Errorf("%s is recorded as %s, want %s", backend, got, want)
		}
	}
	ops := checkout(t, map[string]string{"Pulumi.yaml": "", "Pulumi.dev.yaml": ""})
	pulumi, calls := fakePulumi(t, aFullStack, emptyState)
	ops.tools.Pulumi = pulumi
	t.Setenv("PULUMI_BACKEND_URL", "postgres://me:secret@db/state")
	if err := ops.PrepareStack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(ops.stackState("backend")); err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("the record holds a password (%v):\n%s", err, text)
	}
	if !strings.HasPrefix(calls(), "postgres://me:secret@db/state ") {
		t.Errorf("Pulumi has lost the password that it needs:\n%s", calls())
	}
}
