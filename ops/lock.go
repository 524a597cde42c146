package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// changing are the commands that change a stack. Two of them at a time would overwrite each other's files; `make dev`
// counts for as long as it watches, because its next deployment may begin at any moment.
var changing = []string{"up", "down", "dev", "rollback", "db-restore"}

// holder is who holds a stack's lock.
type holder struct {
	Verb  string    `json:"verb"`
	Pid   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// lock keeps other commands from changing the stack until the returned function is called or this process ends, however
// it ends: the kernel holds the lock, the file only says whose it is.
func (o *Ops) lock(verb string) (unlock func() error, err error) {
	if !slices.Contains(changing, verb) {
		return func() error { return nil }, nil
	}
	path := o.stackState("lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("locking stack %s: %w", o.Stack, err)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking stack %s: %w", o.Stack, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("locking %s: %w; the checkout has to be on a file system with locks", path, err)
		}
		var by holder
		if err := json.NewDecoder(file).Decode(&by); err != nil { // it has taken the lock this moment and still writes
			return nil, fmt.Errorf("another make command is changing stack %s: wait for it to end", o.Stack)
		}
		return nil, fmt.Errorf("make %s (process %d) has been changing stack %s since %s: "+
			"wait for it to end, or stop it with: kill %d", by.Verb, by.Pid, o.Stack, clock(by.Since,
			time.Now()), by.Pid)
	}
	text, err := json.Marshal(holder{Verb: verb, Pid: os.Getpid(), Since: time.Now()})
	if err == nil {
		_, err = file.WriteAt(append(text, '\n'), 0)
	}
	if err == nil {
		err = file.Truncate(int64(len(text) + 1)) // after the new text, so that a reader never finds an empty file
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("locking stack %s: %w", o.Stack, err), file.Close())
	}
	o.changing = true
	return file.Close, nil
}

// clock is a time of day, with its date when that is not today's.
func clock(t, now time.Time) string {
	t = t.Local()
	if t.Format(time.DateOnly) == now.Local().Format(time.DateOnly) {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}

// breakDeadLock removes the lock that a killed Pulumi left in the file backend of this checkout. Any other lock stays,
// and Pulumi refuses with its own message: its process may live, also on another machine that shares the folder.
func (o *Ops) breakDeadLock() error {
	locks, err := filepath.Glob(o.state("pulumi", ".pulumi", "locks", "organization", "todo", o.Stack, "*.json"))
	if err != nil {
		return fmt.Errorf("looking for locks: %w", err)
	}
	here, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("looking for locks: %w", err)
	}
	for _, path := range locks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // the run that held it ended this moment
		}
		var lock struct {
			Pid      int
			Hostname string
		}
		if json.Unmarshal(text, &lock) != nil || lock.Pid <= 0 || lock.Hostname != here {
			continue
		}
		if !errors.Is(syscall.Kill(lock.Pid, 0), syscall.ESRCH) {
			continue
		}
		fmt.Fprintf(os.Stderr,
			"  An earlier run (process %d) was killed while it held the stack: releasing its lock.\n",
			lock.Pid)
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("releasing the lock of process %d: %w", lock.Pid, err)
		}
	}
	return nil
}
