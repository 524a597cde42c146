package step

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRunPrintsHowTheStepEnded(t *testing.T) {
	tests := map[string]struct {
		do      func(*Step) error
		want    []string
		wantErr string
	}{
		"success has seconds": {
			do:   func(*Step) error { time.Sleep(2 * startAfter); return nil },
			want: []string{"▸ Making tea\n", "✓ Making tea  (0.4 s)"},
		},
		"done before costs nothing": {
			do:   func(*Step) error { return ErrDone },
			want: []string{"✓ Making tea  (already done)"},
		},
		"failure shows the end of the log and its path": {
			do: func(s *Step) error {
				for i := range 40 {
					fmt.Fprintf(s, "line %d\n", i)
				}
				return errors.New("no water")
			},
			want:    []string{"✗ Making tea", "no water", "│ line 39\n", "whole log: ", "making-tea.log"},
			wantErr: "Making tea: no water",
		},
		"an interrupted command is no failure to look into": {
			do: func(s *Step) error {
				ctx, stop := context.WithCancel(context.Background())
				time.AfterFunc(50*time.Millisecond, stop)
				return s.Command(ctx, "", nil, "sleep", "30")
			},
			want:    []string{"– Making tea  (stopped"},
			wantErr: "Making tea: sleep: context canceled",
		},
		"a full disk is the reason, whatever the program made of it": {
			do: func(s *Step) error {
				return s.Command(context.Background(), "", nil, "sh", "-c",
					"echo 'write /x: no space left on device'; exit 1")
			},
			want:    []string{"✗ Making tea", "exit status 1: no space left on device"},
			wantErr: "Making tea: sh: exit status 1: no space left on device",
		},
		"a failed command says which": {
			do: func(s *Step) error {
				return s.Command(context.Background(), "", []string{"WHY=lime"}, "sh", "-c", "echo $WHY; exit 3")
			},
			want:    []string{"│ lime\n", "sh: exit status 3"},
			wantErr: "Making tea: sh: exit status 3",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			p := &Printer{Out: &out, LogDir: t.TempDir()}
			err := p.Run("Making tea", test.do)
			if got := fmt.Sprint(err); test.wantErr != "" && got != test.wantErr {
				t.Errorf("error = %q, want %q", got, test.wantErr)
			}
			if test.wantErr == "" && err != nil {
				t.Errorf("unexpected error: %v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("output lacks %q:\n%s", want, &out)
				}
			}
			if strings.Contains(out.String(), "line 0\n") {
				t.Errorf("more than %d log lines were printed:\n%s", TailLines, &out)
			}
		})
	}
}

func TestTheWholeLogIsKept(t *testing.T) {
	p := &Printer{Out: &bytes.Buffer{}, LogDir: t.TempDir()}
	if err := p.Run("Building k8s v1.34", func(s *Step) error { _, err := s.Write([]byte("a\nb\n")); return err }); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(p.LogDir, "building-k8s-v1.34.log"))
	if err != nil || string(got) != "a\nb\n" {
		t.Errorf("log = %q, %v; want what the step wrote", got, err)
	}
}

func TestAStoppedCommandLeavesNoChild(t *testing.T) {
	grace = 100 * time.Millisecond
	p := &Printer{Out: &bytes.Buffer{}, LogDir: t.TempDir()}
	file := filepath.Join(t.TempDir(), "child")
	ctx, stop := context.WithCancel(context.Background())
	err := p.Run("Making tea", func(s *Step) error {
		go func() {
			for _, err := os.Stat(file); err != nil; _, err = os.Stat(file) {
				time.Sleep(10 * time.Millisecond)
			}
			stop()
		}()
		return s.Command(ctx, "", nil, "sh", "-c",
			`trap "" TERM; sleep 600 & echo $! >'`+file+`.tmp'; mv '`+file+`.tmp' '`+file+`'; wait`)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v, want one that says it was stopped", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		if err != nil || strings.HasPrefix(string(state), "Z") { // gone, or ended with nobody to ask for it
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the command's child %d runs on (%s)", pid, state)
		}
	}
}
