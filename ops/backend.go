package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ownBackend is the checkout's own state backend as it is recorded: without its path, because a checkout may be moved.
const ownBackend = ".state/pulumi"

// pulumiCloud is where a PULUMI_ACCESS_TOKEN leads when nothing else is said.
const pulumiCloud = "https://api.pulumi.com"

// home is where a stack keeps its state and what encrypts the secrets in it. Both are chosen when the stack is first
// prepared and kept in .state/<stack>/backend: a login or a variable of another project must not lead to another state.
type home struct {
	backend    string // ownBackend, or a URL without credentials
	passphrase string // passphraseOwn, passphraseEnvironment or passphraseOther; "" while it is not known
	// login reports that a local stack from before the record has been using a login, if it exists there.
	login bool
}

// choices are the backends that the environment, the project and a login name.
type choices struct {
	variable string // PULUMI_BACKEND_URL
	project  string // backend.url in Pulumi.yaml
	login    string // `pulumi login`
	token    string // the service that PULUMI_ACCESS_TOKEN belongs to
}

// pulumis is the backend that Pulumi would choose by itself.
func (c choices) pulumis() string {
	for _, backend := range []string{c.variable, c.project, c.login, c.token} {
		if backend != "" {
			return backend
		}
	}
	return ""
}

// home is the stack's recorded home, or the one that it will have. Settings that contradict the record are refused.
func (o *Ops) home() (home, error) {
	if o.chosen != nil {
		return *o.chosen, nil
	}
	h, err := o.readHome()
	if err != nil {
		return h, err
	}
	keys, err := o.stackConfig()
	if err != nil {
		return h, err
	}
	c, err := o.choices()
	if err != nil {
		return h, err
	}
	if h.backend == "" {
		h = o.chooseHome(c, keys.local())
	}
	if err := o.refuseOtherBackend(h, c); err != nil {
		return h, err
	}
	o.chosen = &h
	return h, nil
}

// explicit is the backend that this run is told to use, and by what. A login is not an instruction: it may be for
// another project. Nor is the checkout's own backend, which `make env` exports for whatever stack it was run.
func (o *Ops) explicit(c choices) (backend, source string) {
	switch {
	case c.variable != "" && !o.isOwn(c.variable):
		return redactedURL(c.variable), "PULUMI_BACKEND_URL"
	case c.project != "":
		return redactedURL(c.project), "`backend:` in Pulumi.yaml"
	case c.token != "":
		return redactedURL(c.token), "PULUMI_ACCESS_TOKEN"
	}
	return "", ""
}

// chooseHome decides for a stack that has no record. local stacks ignore a login: two developers of one organization
// would share the state of two clusters.
func (o *Ops) chooseHome(c choices, local bool) home {
	backend, _ := o.explicit(c)
	before := exists(o.stackState("Pulumi." + o.Stack + ".yaml")) // a release without the record has prepared the stack
	switch {
	case o.ownResources():
		return home{backend: ownBackend}
	case backend != "":
		return home{backend: backend}
	case c.login != "" && (before || !local):
		return home{backend: redactedURL(c.login), login: local}
	}
	return home{backend: ownBackend}
}

// refuseOtherBackend refuses a setting that names another backend than the stack's.
func (o *Ops) refuseOtherBackend(h home, c choices) error {
	backend, source := o.explicit(c)
	other, isState := strings.CutSuffix(strings.TrimPrefix(backend, "file://"), "/"+ownBackend)
	if isState && !exists(o.stackState("backend")) {
		return fmt.Errorf("%s names the state of another checkout, %s (`eval \"$(make env)\"` ran there); "+
			"nothing was changed. Fix: unset %s", source, other, source)
	}
	if backend == "" || backend == h.backend {
		return nil
	}
	if source == "PULUMI_ACCESS_TOKEN" && strings.HasPrefix(h.backend, "http") {
		return nil // it authenticates, and chooses nothing
	}
	stay := "unset " + source
	if source == "PULUMI_ACCESS_TOKEN" {
		source += ", which stands for Pulumi Cloud,"
	} else if !strings.HasPrefix(source, "PULUMI") {
		stay = "remove " + source
	}
	return fmt.Errorf(`stack %s keeps its state in %s, and %s now says %s; nothing was changed.
  To stay there:       %s
  To begin a new one:  make down there, then echo '%s' >.state/%s/backend`,
		o.Stack, o.backendURL(h), source, backend, stay, backend, o.Stack)
}

// readHome reads the record; without one the home is empty.
func (o *Ops) readHome() (home, error) {
	path := o.stackState("backend")
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return home{}, nil
	}
	if err != nil {
		return home{}, fmt.Errorf("reading where stack %s keeps its state: %w", o.Stack, err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	h := home{backend: redactedURL(strings.TrimSpace(lines[0]))}
	known := h.backend == ownBackend || strings.Contains(h.backend, "://")
	if len(lines) == 2 {
		h.passphrase = strings.TrimPrefix(strings.TrimSpace(lines[1]), "passphrase: ")
		known = known && slices.Contains([]string{passphraseOwn, passphraseEnvironment, passphraseOther}, h.passphrase)
	}
	if !known || len(lines) > 2 {
		return home{}, fmt.Errorf("%s is damaged: it must hold where stack %s keeps its state. "+
			"Fix: echo %s >%s, or the URL of the backend that it was made in", path, o.Stack, ownBackend, path)
	}
	return h, nil
}

// recordHome keeps the home, and says it when a login may suggest another one.
func (o *Ops) recordHome(h home) error {
	before, err := o.readHome()
	if err != nil {
		return err
	}
	if before.backend != h.backend {
		if c, err := o.choices(); err == nil && c.pulumis() != "" && !o.isOwn(c.pulumis()) {
			fmt.Fprintf(os.Stderr, "  Stack %s keeps its state in %s; .state/%s/backend says so.\n",
				o.Stack, o.backendURL(h), o.Stack)
		}
	}
	if before != (home{backend: h.backend, passphrase: h.passphrase}) {
		if err := writeFile(o.stackState("backend"), []byte(h.backend+"\npassphrase: "+h.passphrase+"\n")); err != nil {
			return fmt.Errorf("recording where stack %s keeps its state: %w", o.Stack, err)
		}
	}
	return nil
}

// backendURL is a home's backend as Pulumi takes it.
func (o *Ops) backendURL(h home) string {
	if h.backend == ownBackend {
		return "file://" + o.state("pulumi")
	}
	return h.backend
}

// isOwn reports whether a URL is the checkout's own backend, also through another path to the checkout.
func (o *Ops) isOwn(backend string) bool {
	path, isFile := strings.CutPrefix(backend, "file://")
	if !isFile {
		return false
	}
	if path == o.state("pulumi") {
		return true
	}
	there, err := os.Stat(path)
	own, ownErr := os.Stat(o.state("pulumi"))
	return err == nil && ownErr == nil && os.SameFile(there, own)
}

// ownResources reports whether the stack has resources in the checkout's own backend.
func (o *Ops) ownResources() bool {
	path := o.state("pulumi", ".pulumi", "stacks", "todo", o.Stack+".json")
	if exists(path + ".gz") {
		return true
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	var file struct {
		Checkpoint struct {
			Latest struct{ Resources []json.RawMessage }
		}
	}
	// A damaged one counts, so that Pulumi reports it.
	return json.Unmarshal(text, &file) != nil || len(file.Checkpoint.Latest.Resources) > 0
}

func (o *Ops) choices() (choices, error) {
	c := choices{variable: os.Getenv("PULUMI_BACKEND_URL"), login: login()}
	text, err := os.ReadFile(filepath.Join(o.Root, "Pulumi.yaml"))
	if err != nil {
		return c, fmt.Errorf("reading the project: %w", err)
	}
	var project struct{ Backend struct{ URL string } }
	if err := yaml.Unmarshal(text, &project); err != nil {
		return c, fmt.Errorf("reading Pulumi.yaml: %w", err)
	}
	c.project = project.Backend.URL
	if os.Getenv("PULUMI_ACCESS_TOKEN") == "" {
		return c, nil
	}
	c.token = pulumiCloud
	for _, service := range []string{c.login, os.Getenv("PULUMI_API")} {
		if strings.HasPrefix(service, "http") {
			c.token = service
		}
	}
	return c, nil
}

// login is the backend that `pulumi login` has chosen for this user.
func login() string {
	folder := os.Getenv("PULUMI_CREDENTIALS_PATH")
	if folder == "" {
		folder = pulumiHome()
	}
	text, err := os.ReadFile(filepath.Join(folder, "credentials.json"))
	if err != nil {
		return ""
	}
	var credentials struct{ Current string }
	if json.Unmarshal(text, &credentials) != nil {
		return "" // Pulumi reports it
	}
	return credentials.Current
}

func pulumiHome() string {
	if home := os.Getenv("PULUMI_HOME"); home != "" {
		return home
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ".pulumi"
	}
	return filepath.Join(home, ".pulumi")
}

// redactedURL is a backend's URL without credentials, for comparison, the record and messages.
func redactedURL(backend string) string {
	backend = strings.TrimRight(backend, "/")
	u, err := url.Parse(backend)
	if err != nil || u.Scheme == "" {
		return backend
	}
	query := u.Query()
	for name := range query {
		for _, secret := range []string{"key", "secret", "token", "password", "sig"} {
			if strings.Contains(strings.ToLower(name), secret) {
				query.Del(name)
			}
		}
	}
	if u.User == nil && len(query) == len(u.Query()) {
		return backend
	}
	u.User, u.RawQuery = nil, query.Encode()
	return u.String()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
