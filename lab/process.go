//go:build linux

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Record is what the lab remembers of a process it started. A pid alone is not enough: it is given to another process
// sooner or later. The start time in clock ticks since boot, with the boot's id, belongs to one process only.
type Record struct {
	Name  string    `json:"name"`
	PID   int       `json:"pid"`
	Ticks uint64    `json:"startTicks"` // field 22 of /proc/<pid>/stat
	Boot  string    `json:"boot"`       // /proc/sys/kernel/random/boot_id
	Since time.Time `json:"since"`
	Spec  string    `json:"spec"` // hash of command line and config files: when it changes, up restarts the process
}

func recordPath(name string) string { return state("run", name+".json") }

func logPath(name string) string { return state("logs", name+".log") }

// readRecord returns the record of a component; ok is false when it was never started.
func readRecord(name string) (r Record, ok bool, err error) {
	text, err := os.ReadFile(recordPath(name))
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, err == nil, err
}

// alive reports whether the process of the record, and no other of that pid, runs. A zombie does not.
func (r Record) alive() bool {
	ticks, zombie, err := processStart(r.PID)
	return err == nil && !zombie && ticks == r.Ticks && r.Boot == bootID()
}

func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "" // then no record matches, and nothing is signalled
	}
	return strings.TrimSpace(string(text))
}

// processStart reads when a process started, in ticks since boot.
func processStart(pid int) (ticks uint64, zombie bool, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false, err
	}
	return parseStat(string(text))
}

// parseStat reads state and start time from /proc/<pid>/stat. The second field is the program's name in parentheses,
// which may itself hold spaces and parentheses, so the fields are counted from the last one.
func parseStat(text string) (ticks uint64, zombie bool, err error) {
	end := strings.LastIndexByte(text, ')')
	if end < 0 {
		return 0, false, fmt.Errorf("unexpected process status %q", text)
	}
	fields := strings.Fields(text[end+1:]) // fields[0] is field 3
	if len(fields) < 20 {
		return 0, false, fmt.Errorf("unexpected process status %q", text)
	}
	ticks, err = strconv.ParseUint(fields[19], 10, 64)
	return ticks, fields[0] == "Z" || fields[0] == "X", err
}

// inGroup is the shell line that every component starts through: it enters the lab's cgroups before it becomes the
// component, so that whatever the component ever starts is found in them.
const inGroup = `for group in $LAB_CGROUPS; do echo $$ > "$group/cgroup.procs" || exit 1; done; unset LAB_CGROUPS
ulimit -n "$(ulimit -H -n)"; exec "$@"`

// start starts a component in a session of its own, with its output in its log, and records it. How it ended is sent
// when it ends while this command runs.
func start(name string, command, env []string, spec string) (r Record, ended <-chan string, err error) {
	groups, err := makeCgroups()
	if err != nil {
		return r, nil, err
	}
	log, err := openLog(name)
	if err != nil {
		return r, nil, err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", inGroup, "sh"}, command...)...)
	cmd.Env = append(append(os.Environ(), env...), "LAB_CGROUPS="+strings.Join(groups, " "))
	cmd.Dir = stateDir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return r, nil, err
	}
	r = Record{Name: name, PID: cmd.Process.Pid, Boot: bootID(), Since: time.Now(), Spec: spec}
	if r.Ticks, _, err = processStart(r.PID); err != nil {
		return r, nil, fmt.Errorf("%s: reading its start time: %w", name, err)
	}
	end := make(chan string, 1)
	go func() { // without a Wait it would be a zombie
		cmd.Wait()
		end <- cmd.ProcessState.String()
	}()
	text, err := json.Marshal(r)
	if err != nil {
		return r, nil, err
	}
	return r, end, writeFile(recordPath(name), append(text, '\n'), 0o644)
}

// logLimit is the size from which a log is set aside when its component starts; one older log is kept.
const logLimit = 20 << 20

func openLog(name string) (*os.File, error) {
	path := logPath(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.Size() > logLimit {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

// stop asks the recorded process to end, and kills it when it has not after the grace period. Its identity is checked
// before each signal. The record goes when the process is gone.
func (r Record) stop(ctx context.Context, grace time.Duration) error {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		if !r.alive() {
			break
		}
		if err := syscall.Kill(r.PID, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("%s (pid %d): %w", r.Name, r.PID, err)
		}
		wait := grace
		if signal == syscall.SIGKILL {
			wait = killPatience
		}
		for deadline := time.Now().Add(wait); r.alive() && time.Now().Before(deadline); {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	if r.alive() {
		return fmt.Errorf("%s (pid %d) does not end, not even killed", r.Name, r.PID)
	}
	return os.Remove(recordPath(r.Name))
}

// specHash is a hash over what a process is started with.
func specHash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:16]
}
