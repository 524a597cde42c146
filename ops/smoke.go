package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"todo/internal/services"
)

// smokePatience is how long the smoke test waits for a first good answer: a forward needs a moment to connect, and so
// does a pod that has just been replaced. It is a variable for the tests.
var smokePatience = 60 * time.Second

const (
	// smokePause is between two attempts.
	smokePause = 500 * time.Millisecond
	// answerLimit is how long one answer may take.
	answerLimit = 10 * time.Second
	// waitNotice is when a wait for an answer is said.
	waitNotice = 5 * time.Second
)

// check is one line of the smoke table.
type check struct {
	what, where string
	status      string // HTTP status, or what went wrong
	took        time.Duration
	ok          bool
	off         bool // left out, because a service is switched off

	service string // whose public URL this is; "" for every other check
	err     error  // of the request
	code    int    // HTTP status; 0 without an answer
	want    int    // HTTP status of a good answer; 0 is any below 300
	pending bool   // the pods answer, and the public URL does not lead to them yet
}

// Smoke asks a pod of every Service for its probes, and then does what a new user does, through the web's public URL;
// in production it only reads the public URLs. It prints a table and fails when one line of it is not good.
func (o *Ops) Smoke(ctx context.Context) error {
	cluster, out, err := o.running(ctx)
	if err != nil {
		return err
	}
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	checks, err := o.checks(ctx, cluster, out)
	if err != nil {
		return err
	}
	err = printChecks(os.Stdout, checks)
	if errors.As(err, new(pendingError)) {
		o.printPending(cluster, out.Namespace, keys)
	}
	return err
}

// checks are the lines of the smoke table.
func (o *Ops) checks(ctx context.Context, cluster Cluster, out Outputs) ([]check, error) {
	keys, err := o.stackConfig()
	if err != nil {
		return nil, err
	}
	account, err := journeyAsked(bool(keys.Production))
	if err != nil {
		return nil, err
	}
	targets, err := o.targets(ctx, cluster, out.Namespace)
	if err != nil {
		return nil, err
	}
	checks := o.askAll(ctx, cluster, out.Namespace, targets)
	if keys.Production {
		var public []string
		for _, a := range out.addresses() {
			public = append(public, a.service)
		}
		if account && public[0] == services.Web { // the journey begins with the web's page
			public = public[1:]
		}
		checks = append(checks, readOnly(ctx, out, targets, public...)...)
	}
	checks = append(checks, o.own(ctx, cluster, out)...)
	user := check{what: "a new user", where: out.WebURL, off: true}
	switch off := anyOff(targets, services.Web, services.Backend); {
	case out.Smoke != nil && !out.Smoke.Journey: // another application has other pages
	case out.WebURL == "" || out.APIURL == "": // one of them is not enabled, and the journey needs both
	case off != "":
		user.status = "not asked: " + off + " is off"
		checks = append(checks, user)
	case !account:
		user.status = "not tried: make smoke JOURNEY=1" + o.stackArgument() + " makes an account and removes it"
		checks = append(checks, user)
	default:
		checks = append(checks, journey(ctx, out.WebURL)...)
	}
	if !keys.named() {
		return checks, nil
	}
	return o.judge(ctx, cluster, out.Namespace, targets, checks)
}

// own asks the paths that the stack names itself: through the service's public URL, or else in one of its pods.
func (o *Ops) own(ctx context.Context, cluster Cluster, out Outputs) []check {
	if out.Smoke == nil {
		return nil
	}
	var checks []check
	for _, asked := range out.Smoke.Checks {
		c := check{what: asked.Service, service: asked.Service, want: asked.Status}
		if base := out.urls()[asked.Service]; base != "" {
			c.where = base + asked.Path
			checks = append(checks, get(ctx, c))
			continue
		}
		t := target{service: asked.Service, port: servicePort, probes: []probe{{"smoke", asked.Path}}, want: asked.Status}
		checks = append(checks, o.askAll(ctx, cluster, out.Namespace, []target{t})...)
	}
	return checks
}

// get asks a check's URL until it answers well or smokePatience is over; the time is that of the last answer.
func get(ctx context.Context, c check) check {
	client := &http.Client{Timeout: answerLimit}
	said := false
	for begin := time.Now(); ; time.Sleep(smokePause) {
		answer := call(ctx, client, c, http.MethodGet, c.where, nil, nil)
		waited := time.Since(begin)
		if answer.ok || waited > smokePatience || ctx.Err() != nil {
			return answer
		}
		if !said && waited > waitNotice {
			said = true
			fmt.Printf("  waiting up to %s for %s: %s\n", smokePatience, c.where, answer.status)
		}
	}
}

// journey is a new user's first minute: sign up, add a task, see it in the list, remove it. The account goes with it, so that
// a smoke test leaves nothing behind.
func journey(ctx context.Context, web string) []check {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return []check{{what: "journey", status: err.Error()}}
	}
	client := &http.Client{Timeout: answerLimit, Jar: jar}
	title := "smoke test " + rand.Text()
	user := map[string]string{"email": strings.ToLower("smoke-" + rand.Text() + "@example.com"), "password": rand.Text(), "name": "Smoke test"}

	page := get(ctx, check{what: "web page", where: web, service: services.Web})
	if !page.ok {
		return []check{page}
	}
	var task struct{ ID any }
	var list struct {
		Items []struct{ Title string }
	}
	signUp := call(ctx, client, check{what: "sign up", where: web + "/api/auth/sign-up"}, http.MethodPost, web+"/api/auth/sign-up", user, nil)
	add := call(ctx, client, check{what: "add a task", where: web + "/api/tasks"}, http.MethodPost, web+"/api/tasks", map[string]string{"title": title}, &task)
	see := call(ctx, client, check{what: "list the tasks", where: web + "/api/tasks"}, http.MethodGet, web+"/api/tasks", nil, &list)
	if see.ok && (len(list.Items) != 1 || list.Items[0].Title != title) {
		see.ok, see.status = false, fmt.Sprintf("the new task is not in the list of %d", len(list.Items))
	}
	one := fmt.Sprintf("%s/api/tasks/%v", web, task.ID)
	remove := call(ctx, client, check{what: "delete the task", where: web + "/api/tasks/…"}, http.MethodDelete, one, nil, nil)
	leave := call(ctx, client, check{what: "remove the account", where: web + "/api/auth/me"}, http.MethodDelete, web+"/api/auth/me", nil, nil)
	return []check{page, signUp, add, see, remove, leave}
}

// call makes one request and fills in the check. body is sent as JSON when it is not nil, an answer is read into answer.
func call(ctx context.Context, client *http.Client, c check, method, url string, body, answer any) check {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.status = err.Error()
			return c
		}
		sent = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		c.status = err.Error()
		return c
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "todo-smoke")
	start := time.Now()
	response, err := client.Do(request)
	c.took = time.Since(start)
	if err != nil {
		c.err, c.status = err, err.Error()
		return c
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	c.took = time.Since(start)
	c.status, c.ok, c.code = response.Status[:3], response.StatusCode < 300, response.StatusCode
	if c.want != 0 {
		c.ok = response.StatusCode == c.want
	}
	switch {
	case err != nil:
		c.ok, c.status = false, err.Error()
	case !c.ok:
		c.status += " " + strings.Join(strings.Fields(string(text[:min(len(text), 200)])), " ")
	case answer != nil:
		if err := json.Unmarshal(text, answer); err != nil {
			c.ok, c.status = false, "not the JSON that was expected: "+err.Error()
		}
	}
	return c
}

// printChecks prints the smoke table and returns an error when a line of it is not good.
func printChecks(w io.Writer, checks []check) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\n\tCHECK\tWHERE\tHTTP\tLATENCY")
	asked, failed, pending := 0, 0, 0
	for _, c := range checks {
		if !c.off {
			asked++
		}
		switch { // a reason is long, and no cell of the table: it would widen all lines
		case c.off:
			fmt.Fprintf(table, "–\t%s\t%s\t%s\n", c.what, c.where, c.status)
		case c.pending:
			pending++
			fmt.Fprintf(table, "…\t%s\t%s\t%s\n", c.what, c.where, c.status)
		case !c.ok:
			failed++
			fmt.Fprintf(table, "✗\t%s\t%s\t%s (%d ms)\n", c.what, c.where, c.status, c.took.Milliseconds())
		default:
			fmt.Fprintf(table, "✓\t%s\t%s\t%s\t%d ms\n", c.what, c.where, c.status, c.took.Milliseconds())
		}
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the smoke table: %w", err)
	}
	if failed > 0 {
		return fmt.Errorf("smoke test: %d of %d checks failed", failed, asked)
	}
	if pending > 0 {
		return pendingError{pending, asked}
	}
	return nil
}
