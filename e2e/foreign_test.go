//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// foreign is an application that the program does not know, in e2e/testdata/apps, and what it has to show.
type foreign struct {
	name    string
	secrets map[string]string   // values that a person would set
	probes  map[string][]string // the probe that each service's image can run
	ports   map[string]int      // of the services that serve
	allowed [][2]string         // connections that the application needs
	closed  [][2]string         // connections that it does not have
	works   func(*testing.T, foreignStack)
}

// foreignStack is such an application, deployed.
type foreignStack struct {
	stack, namespace string
	urls             map[string]string // of the public services
	client           *http.Client
}

func foreignApplications() []foreign {
	password := rand.Text()
	return []foreign{{
		name: "shop",
		secrets: map[string]string{"REDIS_PASSWORD": password,
			"REDIS_URL": "redis://:" + password + "@store:6379/0"},
		probes:  map[string][]string{"web": pythonProbe, "worker": pythonProbe, "store": pythonProbe},
		ports:   map[string]int{"web": 8080, "store": 6379},
		allowed: [][2]string{{"web", "store"}, {"worker", "store"}},
		closed:  [][2]string{{"worker", "web"}, {"store", "web"}},
		works:   shopWorks,
	}, {
		name:    "portal",
		secrets: map[string]string{"BETTER_AUTH_SECRET": rand.Text() + rand.Text()},
		probes:  map[string][]string{"portal": nodeProbe, "database": shellProbe},
		ports:   map[string]int{"portal": 3000, "database": 5432},
		allowed: [][2]string{{"portal", "database"}},
		closed:  [][2]string{{"database", "portal"}},
		works:   portalWorks,
	}, {
		name:    "mono",
		probes:  map[string][]string{"web": nodeProbe, "api": pythonProbe},
		ports:   map[string]int{"web": 3100, "api": 8000},
		allowed: [][2]string{{"web", "api"}},
		closed:  [][2]string{{"api", "web"}},
		works: func(t *testing.T, s foreignStack) {
			_, page := s.ask(t, http.MethodGet, "web", "/", "", http.StatusOK)
			if !strings.Contains(page, "Hello from the api") {
				t.Errorf("the page does not show what the api answers:\n%.500s", page)
			}
		},
	}}
}

// testForeign adopts and deploys each application into a stack of its own, one after the other.
func testForeign(t *testing.T) {
	if devImages == "" { // only this step was asked for
		run(t, "make", "up")
	}
	run(t, "make", "down") // two stacks at once are too many for a small node
	for _, app := range foreignApplications() {
		t.Run(app.name, func(t *testing.T) {
			s := app.deploy(t)
			foreignPods(t, s)
			app.works(t, s)
			app.flows(t, s)
			app.searchSecrets(t, s)
		})
	}
}

// deploy types what docs/adopt.md tells a person to type.
func (app foreign) deploy(t *testing.T) foreignStack {
	t.Helper()
	stack := "e2e-" + app.name
	file := filepath.Join(root, "Pulumi."+stack+".yaml")
	if err := os.WriteFile(file, []byte("config:\n  todo:exposure: localhost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, err := kubectlTry(t, "-n", "todo-"+stack, "get", "all,events", "-o", "wide")
			t.Logf("%v\n%s", err, out)
		}
		if out, err := try(t, "make", "down", "STACK="+stack); err != nil {
			t.Errorf("make down: %v\n%s", err, out)
		}
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
	})
	out := run(t, "make", "adopt", "SOURCE=e2e/testdata/apps/"+app.name, "STACK="+stack, "WRITE=1")
	for name, value := range app.secrets {
		key := "--path 'secrets." + name + "'"
		if name == "BETTER_AUTH_SECRET" {
			key = name
		}
		command := "pulumi config set --secret " + key + " -s " + stack
		if !strings.Contains(out, command) {
			t.Errorf("make adopt does not print %q:\n%s", command, out)
		}
		withInput(t, value, `eval "$(make env STACK=`+stack+`)" && `+command)
	}
	run(t, "make", "up", "STACK="+stack)
	s := foreignStack{stack: stack, namespace: "todo-" + stack}
	if err := json.Unmarshal([]byte(shell(t, "pulumi stack output -s "+stack+" urls --json")), &s.urls); err != nil {
		t.Fatalf("the output urls: %v", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s.client = &http.Client{Jar: jar, Timeout: 20 * time.Second}
	return s
}

// withInput runs a line of shell that reads its input, a secret for example, which must be no process's argument.
func withInput(t *testing.T, input, line string) string {
	t.Helper()
	cmd := exec.Command("bash", "-c", line)
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &out
	if err := start(t, cmd); err != nil {
		t.Fatalf("%s: %v\n%s", line, err, &out)
	}
	return out.String()
}

// ask makes one request of a public service, which has to be answered with the status.
func (s foreignStack) ask(t *testing.T, method, service, path, body string, status int) (*http.Response, string) {
	t.Helper()
	url := strings.TrimSuffix(s.urls[service], "/")
	if url == "" {
		t.Fatalf("%s has no public URL: %v", service, s.urls)
	}
	return site{client: s.client}.must(t, status, method, url+path, body, "Origin", url)
}

func shopWorks(t *testing.T, s foreignStack) {
	if _, items := s.ask(t, http.MethodGet, "web", "/items", "", http.StatusOK); !strings.Contains(items, `"tea"`) {
		t.Errorf("/items answers %s", items)
	}
	s.ask(t, http.MethodPost, "web", "/orders/tea", "", http.StatusAccepted)
	eventually(t, time.Minute, "the worker packs the order", func() error {
		if _, done := s.ask(t, http.MethodGet, "web", "/orders/done", "", http.StatusOK); done != `["tea"]` {
			return errors.New("packed: " + done)
		}
		return nil
	})
	report := kubectl(t, "-n", s.namespace, "get", "cronjobs", "-l", "app.kubernetes.io/name=report",
		"-o", "jsonpath={.items[0].metadata.name}")
	kubectl(t, "-n", s.namespace, "create", "job", "e2e-report", "--from=cronjob/"+report)
	kubectl(t, "-n", s.namespace, "wait", "job/e2e-report", "--for=condition=Complete", "--timeout=120s")
	if said := kubectl(t, "-n", s.namespace, "logs", "job/e2e-report"); !strings.Contains(said, "packed orders: 1") {
		t.Errorf("the report says %q", said)
	}
}

func portalWorks(t *testing.T, s foreignStack) {
	password := rand.Text()
	user := fmt.Sprintf(`{"name":"Ann","email":"ann@example.com","password":%q}`, password)
	s.ask(t, http.MethodPost, "portal", "/api/auth/sign-up/email", user, http.StatusOK)
	_, session := s.ask(t, http.MethodGet, "portal", "/api/auth/get-session", "", http.StatusOK)
	if !strings.Contains(session, "ann@example.com") {
		t.Errorf("the user who signed up has no session: %s", session)
	}
	tables := withInput(t,
		"select 'tables: ' || count(*) from pg_tables where tablename in ('user', 'session', 'account');\n",
		"make -s db-shell STACK="+s.stack)
	if !strings.Contains(tables, "tables: 3") {
		t.Errorf("the database lacks tables of better-auth:\n%s", tables)
	}
}

// foreignPods requires that every pod is Ready, but for those of Jobs.
func foreignPods(t *testing.T, s foreignStack) {
	t.Helper()
	var list struct {
		Items []struct {
			Metadata struct {
				Name            string
				OwnerReferences []struct{ Kind string }
			}
			Status struct {
				ContainerStatuses []struct{ Ready bool }
			}
		}
	}
	if err := json.Unmarshal([]byte(kubectl(t, "-n", s.namespace, "get", "pods", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	ready := 0
	for _, p := range list.Items {
		if len(p.Metadata.OwnerReferences) > 0 && p.Metadata.OwnerReferences[0].Kind == "Job" {
			continue
		}
		if len(p.Status.ContainerStatuses) == 0 || !p.Status.ContainerStatuses[0].Ready {
			t.Errorf("pod %s is not Ready", p.Metadata.Name)
			continue
		}
		ready++
	}
	if ready == 0 {
		t.Error("no pod is Ready")
	}
}

// flows connects along what the application needs, and along what nobody asked for. That a port answers at all is shown
// from its own pod first.
func (app foreign) flows(t *testing.T, s foreignStack) {
	at := map[string]place{}
	for service, probe := range app.probes {
		fields := strings.Fields(kubectl(t, "-n", s.namespace, "get", "pods", "-l", "app.kubernetes.io/name="+service,
			"--field-selector=status.phase=Running", "-o", `jsonpath={.items[0].metadata.name} {.items[0].status.podIP}`))
		if len(fields) != 2 {
			t.Fatalf("%s has no pod with an address: %v", service, fields)
		}
		at[service] = place{s.namespace, fields[0], fields[1], app.ports[service], probe}
	}
	for service, p := range at {
		if p.port == 0 {
			continue
		}
		if open, said := p.connect(t, p.ip, p.port); !open {
			t.Fatalf("%s does not answer its own pod (%s): the closed ports below would prove nothing", service, said)
		}
	}
	for _, edge := range app.allowed {
		if open, said := at[edge[0]].connect(t, edge[1], at[edge[1]].port); !open {
			t.Errorf("%s cannot reach %s: %s", edge[0], edge[1], said)
		}
	}
	for _, edge := range app.closed {
		if open, _ := at[edge[0]].connect(t, at[edge[1]].ip, at[edge[1]].port); open {
			t.Errorf("%s reaches %s, and nothing in the configuration says that it may", edge[0], edge[1])
		}
	}
}

// searchSecrets looks for the values that were set everywhere but in the Secrets. The search has to find them there.
func (app foreign) searchSecrets(t *testing.T, s foreignStack) {
	if len(app.secrets) == 0 {
		return
	}
	all := newNeedles(app.secrets)
	if len(all.in([]byte(kubectl(t, "-n", s.namespace, "get", "secrets", "-o", "yaml")))) == 0 {
		t.Error("the search does not find the secrets in the Secrets, where they are")
	}
	const kinds = `kinds=$(kubectl api-resources --verbs=list --namespaced -o name |
		grep -v metrics | grep -vx secrets | paste -sd,) && `
	for where, command := range map[string]string{
		"Pulumi's state":   "pulumi stack export -s " + s.stack,
		"Pulumi's outputs": "pulumi stack output -s " + s.stack + " --json",
		"the settings":     "cat Pulumi." + s.stack + ".yaml .state/" + s.stack + "/Pulumi." + s.stack + ".yaml",
		"the resources":    kinds + "kubectl -n " + s.namespace + ` get -o yaml --show-managed-fields "$kinds"`,
		"the logs": "for pod in $(kubectl -n " + s.namespace + " get pods -o name); do kubectl -n " + s.namespace +
			` logs "$pod" --all-containers; done`,
	} {
		out := shell(t, command)
		if strings.TrimSpace(out) == "" {
			t.Errorf("%s: there was nothing to search", where)
		}
		mustLack(t, all, []byte(out), where)
	}
	mustLack(t, all, arguments(), "a process's arguments")
	var images map[string]string
	if err := json.Unmarshal([]byte(shell(t, "pulumi stack output -s "+s.stack+" images --json")), &images); err != nil {
		t.Fatal(err)
	}
	searched := []string{}
	for service, image := range images {
		if service == "database" || slices.Contains(searched, image) {
			continue
		}
		searched = append(searched, image)
		mustLack(t, all, []byte(inspect(t, image, "{{json .}}")), image)
	}
}
