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

const (
	// smokePatience is how long the smoke test waits for a first good answer: a forward needs a moment to connect, and so does
	// a pod that has just been replaced.
	smokePatience = 60 * time.Second
	// smokePause is between two attempts.
	smokePause = 500 * time.Millisecond
	// answerLimit is how long one answer may take.
	answerLimit = 10 * time.Second
)

// check is one line of the smoke table.
type check struct {
	what, where string
	status      string // HTTP status, or what went wrong
	took        time.Duration
	ok          bool
	off         bool // not asked, because a service is switched off
}

// Smoke asks a pod of every Service for its probes, and then does what a new user does, through the web's public URL. It
// prints a table and fails when one line of it is not good.
func (o *Ops) Smoke(ctx context.Context) error {
	if err := o.FindTools(ctx); err != nil {
		return err
	}
	cluster, err := o.Cluster()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("stack %s is not up: make up", o.Stack)
	} else if err != nil {
		return err
	}
	out, err := o.Outputs(ctx)
	if err != nil {
		return err
	}
	checks, err := o.checks(ctx, cluster, out)
	if err != nil {
		return err
	}
	return printChecks(os.Stdout, checks)
}

// checks are the lines of the smoke table.
func (o *Ops) checks(ctx context.Context, cluster Cluster, out Outputs) ([]check, error) {
	targets, err := o.targets(ctx, cluster, out.Namespace)
	if err != nil {
		return nil, err
	}
	checks := o.askAll(ctx, cluster, out.Namespace, targets)
	switch off := anyOff(targets, services.Web, services.Backend); {
	case out.WebURL == "" || out.APIURL == "": // one of them is not enabled, and the journey needs both
	case off != "":
		checks = append(checks, check{what: "a new user", where: out.WebURL, off: true, status: "not asked: " + off + " is off"})
	default:
		checks = append(checks, journey(ctx, out.WebURL)...)
	}
	return checks, nil
}

// get asks one URL until it answers 200 or smokePatience is over; the time is that of the last answer.
func get(ctx context.Context, what, where, url string) check {
	client := &http.Client{Timeout: answerLimit}
	for begin := time.Now(); ; time.Sleep(smokePause) {
		c := call(ctx, client, check{what: what, where: where}, http.MethodGet, url, nil, nil)
		if c.ok || time.Since(begin) > smokePatience || ctx.Err() != nil {
			return c
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

	page := get(ctx, "web page", web, web)
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
		c.status = err.Error()
		return c
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	c.took = time.Since(start)
	c.status, c.ok = response.Status[:3], response.StatusCode < 300
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
	asked, failed := 0, 0
	for _, c := range checks {
		if !c.off {
			asked++
		}
		switch { // a reason is long, and no cell of the table: it would widen all lines
		case c.off:
			fmt.Fprintf(table, "–\t%s\t%s\t%s\n", c.what, c.where, c.status)
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
	return nil
}
