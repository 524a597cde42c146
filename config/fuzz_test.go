package config

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"todo/internal/pulumitest"
)

// FuzzLoad gives the loader values that nobody would: it has to end with a configuration, or with an *Error whose every
// problem says what and how to mend it. testdata/fuzz has inputs of longer runs, each of which reached code of its own.
//
//	go test ./config -fuzz FuzzLoad -fuzztime 5m
func FuzzLoad(f *testing.F) {
	root := pulumitest.Project(f)
	keys := knownKeys()
	for i, key := range keys {
		f.Add(uint8(i), "", uint8(0), "", "unknwon", false, false)
		f.Add(uint8(i), "x", uint8(i), "{", key, isSecret(key), true)
	}
	for key, values := range map[string][]string{
		keyServices: {
			`{"backend":{"replicas":1.5,"env":{"A.B":null}},"frontend-web":[]}`, `[[[]]]`, `{"":{}}`, `{"backend":null}`, `{"backend":{"resources":{"limits":{"cpu":"1e9999"}}}}`,
			`{"backend":{"probes":{"liveness":"/\u0000"}}}`, `{"backend":{"env":{"ALLOWED_ORIGINS":"http://[::1"}}}`,
		},
		keyDatabaseURL:   {"postgres://u:p@h/d", "postgres://[::1]:5432/d", "postgres:d"},
		keyOpenAIBaseURL: {"http://[fd00::1%25eth0]:8080/v1", "https://:0"},
		keyKubeconfig:    {pulumitest.Kubeconfig(map[string]string{"a": "https://127.0.0.1"}), "a: &a [*a]"},
		keyExposure:      {"ingress", "gateway"},
		keyProduction:    {"true", "TRUE", "1"},
	} {
		for i := range keys {
			if keys[i] == key {
				for _, value := range values {
					f.Add(uint8(i), value, uint8(0), "todo", "", isSecret(key), false)
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, first uint8, firstValue string, second uint8, secondValue, unknown string, encrypted, preview bool) {
		const hidden = "hidden-9c41"
		given := map[string]string{
			project + ":" + keys[int(first)%len(keys)]:  firstValue,
			project + ":" + keys[int(second)%len(keys)]: secondValue,
		}
		if unknown != "" {
			given[project+":"+unknown] = firstValue
		}
		o := options{Root: root, Preview: preview, Config: map[string]string{
			"todo:kubeconfigPath": "kubeconfig", "todo:registry": "localhost:5000", "todo:dockerHost": "unix:///engine.sock",
		}, Secrets: map[string]string{}}
		for key, value := range given {
			if isSecret(strings.TrimPrefix(key, project+":")) && encrypted {
				o.Secrets[key] = value + hidden
			} else {
				o.Config[key] = value
			}
		}
		m, _ := bare(recorded, nil)
		m.ReadFile = func(name string) ([]byte, error) {
			if !strings.HasPrefix(name, root) { // not the machine's devices
				return nil, fs.ErrNotExist
			}
			return os.ReadFile(name)
		}
		cfg, _, err := loadWarned(t, o, m)
		if err == nil {
			if cfg == nil {
				t.Fatal("neither a configuration nor an error")
			}
			return
		}
		var refused *Error
		if !errors.As(err, &refused) || len(refused.Problems) == 0 {
			t.Fatalf("the error is no list of problems: %v", err)
		}
		for _, p := range refused.Problems {
			if p.Key == "" || p.Got == "" || p.Want == "" || p.Fix == "" {
				t.Errorf("a problem says too little: %+v", p)
			}
			if line := p.String(); strings.ContainsAny(line, "\n\r\t") || strings.Contains(line, hidden) {
				t.Errorf("a problem is not one line, or repeats a secret: %q", line)
			}
		}
	})
}
