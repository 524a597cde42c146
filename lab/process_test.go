//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestParseStatCountsFieldsAfterTheName(t *testing.T) {
	tail := " 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 4711 1 1"
	for text, zombie := range map[string]bool{"7 (etcd) S" + tail: false, "7 (a) R 1 (b)) Z" + tail: true} {
		ticks, gotZombie, err := parseStat(text)
		if err != nil || ticks != 4711 || gotZombie != zombie {
			t.Errorf("%q: ticks %d, zombie %t, error %v; want 4711, %t", text, ticks, gotZombie, err, zombie)
		}
	}
	for _, text := range []string{"", "7 (etcd", "7 (etcd) S 1 2"} {
		if _, _, err := parseStat(text); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func TestAliveMeansTheVerySameProcess(t *testing.T) {
	ticks, _, err := processStart(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	this := Record{PID: os.Getpid(), Ticks: ticks, Boot: bootID()}
	if !this.alive() {
		t.Error("a running process is said to be gone")
	}
	for what, r := range map[string]Record{
		"its pid was given to another process": {PID: this.PID, Ticks: ticks - 1, Boot: this.Boot},
		"the machine was started again":        {PID: this.PID, Ticks: ticks, Boot: "another"},
	} {
		if r.alive() {
			t.Errorf("%s, and it is said to be alive; a stop would signal a stranger", what)
		}
	}
}

func TestStopLeavesAStrangerAlone(t *testing.T) {
	sleep := exec.Command("sleep", "60")
	if err := sleep.Start(); err != nil {
		t.Skip(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sleep.Wait() }()
	defer func() { sleep.Process.Kill() }()
	stranger := Record{Name: "no-such-component", PID: sleep.Process.Pid, Ticks: 1, Boot: bootID()}
	stranger.stop(context.Background(), 100*time.Millisecond) // its error is about the record's file, which does not exist
	select {
	case <-ended:
		t.Error("a process with the recorded pid but another start time was ended")
	case <-time.After(200 * time.Millisecond):
	}
}

func TestSpecChangesWithCommandAndFiles(t *testing.T) {
	base := Component{Command: []string{"a", "b"}, Files: map[string]string{"f": "1"}}
	for what, other := range map[string]Component{
		"an argument":       {Command: []string{"a", "c"}, Files: base.Files},
		"a file's content":  {Command: base.Command, Files: map[string]string{"f": "2"}},
		"how words are cut": {Command: []string{"ab"}, Files: base.Files},
	} {
		if other.spec() == base.spec() {
			t.Errorf("%s differs, and the component would not be restarted", what)
		}
	}
}
