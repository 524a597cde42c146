package target

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// exit is a command that ended with a code.
type exit int

func (e exit) Error() string { return "it failed" }
func (e exit) ExitCode() int { return int(e) }

// answer is what a command prints, and how it ends.
type answer struct {
	out string
	err error
}

// fake is a machine of the test's making. Commands that it does not know are not installed, and API servers and Engines
// that it does not list do not answer.
type fake struct {
	env      map[string]string
	files    map[string]string
	commands map[string]answer // by command line, or by the program alone
	answers  []string          // addresses that accept a connection
	asked    []string
}

func (f *fake) machine() Machine {
	return Machine{
		Home: "/home/ana", Account: "/home/ana",
		Getenv: func(name string) string { return f.env[name] },
		ReadFile: func(name string) ([]byte, error) {
			if text, found := f.files[name]; found {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
		Run: func(_ context.Context, name string, args ...string) ([]byte, error) {
			line := strings.Join(append([]string{name}, args...), " ")
			f.asked = append(f.asked, line)
			for _, key := range []string{line, name} {
				if a, found := f.commands[key]; found {
					return []byte(a.out), a.err
				}
			}
			return nil, &exec.Error{Name: name, Err: exec.ErrNotFound}
		},
		Dial: func(_ context.Context, _, address string) error {
			for _, open := range f.answers {
				if address == open {
					return nil
				}
			}
			return errors.New("connection refused")
		},
	}
}

func recorded(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// kubeconfig merges recorded files; the first one's current context counts.
func kubeconfig(t *testing.T, names ...string) Kubeconfig {
	t.Helper()
	var files []string
	for _, name := range names {
		files = append(files, filepath.Join("testdata", name+".yaml"))
	}
	k, read, err := ReadKubeconfig(This(), files...)
	if err != nil || len(read) != len(names) {
		t.Fatalf("reading %v: %v, %v", names, read, err)
	}
	return k
}
