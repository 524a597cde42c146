package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"todo/internal/doctor"
	"todo/internal/services"
)

// serviceNames are the three known services, in the order in which they are listed everywhere.
var serviceNames = []string{services.Backend, services.Web, services.Chatbot}

const (
	// lookAgain is how often new pods are looked for.
	lookAgain = 2 * time.Second
	// recentLines of each pod that runs already are printed first.
	recentLines = 10
)

// colours tell the services apart on a terminal.
var colours = map[string]string{services.Backend: "36", services.Web: "35", services.Chatbot: "33", services.Database: "32"}

// Logs prints what the pods of $SERVICE say, or of all services, until it is interrupted. A pod that comes later, as in a
// rollout, is followed from its first line; `kubectl logs -f` knows only the pods that are there when it starts.
func (o *Ops) Logs(ctx context.Context) error {
	cluster, err := o.deployed(ctx)
	if err != nil {
		return err
	}
	keys, err := o.stackConfig()
	if err != nil {
		return err
	}
	service, err := oneService(os.Getenv("SERVICE"), append(keys.services(), services.Database))
	if err != nil {
		return err
	}
	f := &follower{ops: o, cluster: cluster, namespace: keys.namespace(o.Stack), service: service, out: os.Stdout, colour: isTerminal(os.Stdout) && os.Getenv("NO_COLOR") == ""}
	return f.follow(ctx)
}

// oneService checks a service's name; "" is all of them.
func oneService(name string, known []string) (string, error) {
	if name != "" && !slices.Contains(known, name) {
		return "", fmt.Errorf("SERVICE=%q; allowed: %s", name, strings.Join(known, ", "))
	}
	return name, nil
}

// follower prints the logs of pods that come and go.
type follower struct {
	ops                *Ops
	cluster            Cluster
	namespace, service string
	out                io.Writer
	colour             bool

	mu       sync.Mutex
	followed map[string]time.Time // pod and container → when its stream ended; zero while it runs
}

// logPod is a pod's container that has something to say.
type logPod struct{ pod, service, container string }

func (f *follower) follow(ctx context.Context) error {
	f.followed = map[string]time.Time{}
	var wait sync.WaitGroup
	defer wait.Wait()
	for first := true; ; first = false {
		pods, err := f.pods(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && first:
			return err
		case err != nil:
			fmt.Fprintf(os.Stderr, "%v; looking again\n", err)
		}
		for _, p := range pods {
			f.mu.Lock()
			ended, known := f.followed[p.pod+p.container]
			if running := known && ended.IsZero(); !running {
				f.followed[p.pod+p.container] = time.Time{}
				from := "--since-time=" + ended.UTC().Format(time.RFC3339)
				if !known {
					from = "--tail=-1"
				}
				if !known && first {
					from = fmt.Sprintf("--tail=%d", recentLines)
				}
				wait.Go(func() { f.stream(ctx, p, from) })
			}
			f.mu.Unlock()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(lookAgain):
		}
	}
}

// pods are the containers of the stack's pods that run.
func (f *follower) pods(ctx context.Context) ([]logPod, error) {
	selector := "app.kubernetes.io/part-of=todo"
	if f.service != "" {
		selector += ",app.kubernetes.io/name=" + f.service
	}
	text, err := f.ops.kubectlWithin(ctx, lookLimit, f.cluster, "-n", f.namespace, "get", "pods", "-l", selector,
		"-o", "json", "--request-timeout=15s")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata struct {
				Name   string
				Labels map[string]string
			}
			Status struct {
				ContainerStatuses []struct {
					Name  string
					State struct{ Running *struct{} }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("reading the pods: %w", err)
	}
	var all []logPod
	for _, item := range list.Items {
		for _, c := range item.Status.ContainerStatuses {
			if c.State.Running != nil {
				all = append(all, logPod{item.Metadata.Name, item.Metadata.Labels["app.kubernetes.io/name"], c.Name})
			}
		}
	}
	return all, nil
}

// stream prints one container's log until it ends, and notes when that was.
func (f *follower) stream(ctx context.Context, p logPod, from string) {
	cmd := f.ops.kubectlCommand(ctx, f.cluster, "-n", f.namespace, "logs", "-f", p.pod, "-c", p.container, from)
	lines, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err == nil {
		reader := bufio.NewReader(lines)
		for err == nil {
			var line string
			if line, err = reader.ReadString('\n'); line != "" {
				f.print(p, strings.TrimRight(line, "\r\n"))
			}
		}
		cmd.Wait() // how it ended does not matter: while the container runs, it is begun again from there
	}
	f.mu.Lock()
	f.followed[p.pod+p.container] = time.Now()
	f.mu.Unlock()
}

// print writes one line behind its service and the end of its pod's name.
func (f *follower) print(p logPod, line string) {
	line = doctor.Readable(line)
	if strings.Contains(line, "method=HEAD ") && strings.Contains(line, "path=/ ") {
		return // the forward's own, every other second
	}
	prefix := fmt.Sprintf("%-16s %s │", p.service, p.pod[strings.LastIndex(p.pod, "-")+1:])
	if f.colour {
		prefix = "\x1b[" + colours[p.service] + "m" + prefix + "\x1b[0m"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fmt.Fprintln(f.out, prefix, line)
}
