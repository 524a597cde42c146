//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// row is one line of the status table.
type row struct {
	name    string
	problem error // nil: healthy
	since   time.Time
	pid     int
	log     string
}

// status prints each component, healthy or why not, and fails when one is not. It changes nothing.
func status(ctx context.Context) error {
	u, err := currentSetup(ctx)
	if err != nil {
		return err
	}
	components := append(u.components(), u.optional()...)
	rows := make([]row, len(components)+1)
	var wait sync.WaitGroup
	for i, c := range components {
		wait.Go(func() {
			r, problem := c.running(ctx)
			rows[i] = row{name: c.Name, problem: problem, log: logPath(c.Name)}
			if r.PID > 0 && r.alive() {
				rows[i].since, rows[i].pid = r.Since, r.PID
			}
		})
	}
	wait.Go(func() { rows[len(components)] = row{name: "node", problem: nodeReady(ctx), log: logPath("kubelet")} })
	wait.Wait()
	if unhealthy := printRows(os.Stdout, rows, time.Now()); unhealthy > 0 {
		return fmt.Errorf("%d of %d are not healthy; `make lab-up` starts those again, and no others", unhealthy, len(rows))
	}
	return nil
}

// currentSetup is the setup of the lab that is up.
func currentSetup(ctx context.Context) (setup, error) {
	if _, err := os.Stat(state("network.json")); err != nil {
		return setup{}, errors.New("there is no lab on this machine; `make lab-up` starts one")
	}
	bins, err := toolDirs(ctx, append(clusterTools, traefikName))
	if err != nil {
		return setup{}, err
	}
	return newSetup(bins)
}

// printRows prints the table and returns how many rows are not healthy.
func printRows(out io.Writer, rows []row, now time.Time) (unhealthy int) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var problems strings.Builder
	fmt.Fprintln(table, "COMPONENT\tSTATE\tSINCE\tPID\tLOG")
	for _, r := range rows {
		state, since, pid := "healthy", "-", "-"
		if !r.since.IsZero() {
			since = now.Sub(r.since).Round(time.Second).String()
		}
		if r.pid > 0 {
			pid = fmt.Sprint(r.pid)
		}
		if r.problem != nil {
			unhealthy++
			state = "NOT HEALTHY"
			fmt.Fprintf(&problems, "%s: %s\n", r.name, oneLine(r.problem.Error()))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", r.name, state, since, pid, r.log)
	}
	table.Flush()
	fmt.Fprint(out, problems.String())
	return unhealthy
}

// printEnv prints what a program needs to use the lab.
func printEnv(ctx context.Context) error {
	u, err := currentSetup(ctx)
	if err != nil {
		return err
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]string{
		"context": clusterName, "kubeconfig": adminConf, "registry": registryAddr,
		"dockerHost": "unix://" + dockerSocket, "bin": u.bins["kubectl"],
	})
}
