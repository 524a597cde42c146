package main

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"
)

const (
	// lookLimit bounds a kubectl call that reads: a VPN that drops packets answers nothing and refuses nothing.
	lookLimit = 30 * time.Second
	// outputsLimit bounds a read of the stack's outputs, which may come from a backend on the network.
	outputsLimit = time.Minute
)

// kubectlWithin is o.kubectl with a time limit, and of what kubectl writes about a failure only the useful line.
func (o *Ops) kubectlWithin(ctx context.Context, limit time.Duration, c Cluster, args ...string) (string, error) {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := o.kubectlCommand(limited, c, args...)
	cmd.WaitDelay = time.Second
	text, err := cmd.Output()
	if err == nil {
		return string(text), nil
	}
	if args[0] == "-n" {
		args = args[2:]
	}
	if limited.Err() != nil && ctx.Err() == nil {
		return "", fmt.Errorf("kubectl %s: cluster %s did not answer within %s", args[0], c.Context, limit)
	}
	if said := usefulLine(stderrOf(err)); said != "" {
		return "", fmt.Errorf("kubectl %s: %s", args[0], said)
	}
	return "", fmt.Errorf("kubectl %s: %w", args[0], err)
}

// klogPrefix is what klog writes before a message: level and date, time, process id, file and line.
var klogPrefix = regexp.MustCompile(`^[IWEF][0-9]{4} [0-9:.]+ +[0-9]+ [^ \]]+\] `)

// usefulLine is the last line of a command's standard error that is not a log line, or else the last log line without
// its prefix. kubectl repeats a refused connection in five log lines and then says it in a sentence.
func usefulLine(said string) string {
	useful, logged := "", ""
	for line := range strings.Lines(strings.TrimPrefix(said, ": ")) {
		line = strings.TrimSpace(line)
		if prefix := klogPrefix.FindString(line); prefix != "" {
			logged = line[len(prefix):]
		} else if line != "" {
			useful = line
		}
	}
	if useful == "" {
		return logged
	}
	return useful
}

// oneLine is what a command said, for the end of an error line.
func oneLine(said string) string { return strings.ReplaceAll(strings.TrimSpace(said), "\n", "; ") }

// tiedScript runs a command until standard input ends. The kernel closes its other end when this process ends, even by
// SIGKILL. Standard error is the command's alone: the shell would write "Terminated" there.
const tiedScript = `exec 3<&0 4>&2 2>/dev/null
"$@" </dev/null 2>&4 3<&- 4>&- & child=$!
{ read -r _; kill "$child"; } <&3 4>&- & watch=$!
exec 3<&- 4>&-
wait "$child"; code=$?
kill "$watch"
exit "$code"`

// startTied starts a command that does not outlive this process. It has a process group of its own: a terminal's Ctrl-C
// reaches it once, from here.
func startTied(cmd *exec.Cmd) error {
	name := cmd.Path
	cmd.Args = append([]string{"sh", "-c", tiedScript, "sh", name}, cmd.Args[1:]...)
	cmd.Path = "/bin/sh"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	// Not a signal: one that reaches the shell while it starts the command would leave the command behind.
	cmd.Cancel = stdin.Close
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}
