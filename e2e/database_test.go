//go:build e2e

package e2e

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// query asks the development database through the verb that a person uses.
func query(t *testing.T, sql string) string {
	t.Helper()
	cmd := exec.Command("make", "-s", "db-shell")
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("\\pset tuples_only\n\\pset format unaligned\n"+sql+";\n"), &out, &complaint
	if err := start(t, cmd); err != nil {
		t.Fatalf("%s: %v\n%s", sql, err, &complaint)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1]
}

// newestDump is the newest of the dumps that were made unasked.
func newestDump(t *testing.T, suffix string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(root, ".state/dev/dumps", "*"+suffix))
	if err != nil || len(all) == 0 {
		t.Errorf("there is no dump %s: %v", suffix, err)
		return ""
	}
	return slices.Max(all)
}

func testDatabaseVerbs(t *testing.T) {
	password, err := base64.StdEncoding.DecodeString(strings.TrimSpace(kubectl(t, "-n", "todo-dev", "get", "secrets", "-l", "app.kubernetes.io/name=database", "-o", "jsonpath={.items[0].data.POSTGRES_PASSWORD}")))
	if err != nil || len(password) < 20 {
		t.Fatalf("the database's password has %d characters: %v", len(password), err)
	}
	seen := watchArguments(t, string(password))

	users := query(t, "select count(*) from users")
	query(t, "create table e2e_note (text text); insert into e2e_note values ('before'); select 1")
	t.Cleanup(func() { query(t, "drop table if exists e2e_note; select 1") })
	file := filepath.Join(t.TempDir(), "todo.dump")
	run(t, "make", "db-dump", "FILE="+file)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the dump's mode is %v (%v), want 0600", info.Mode(), err)
	}
	if out, err := try(t, "make", "db-dump", "FILE="+file); err == nil || !strings.Contains(out, "is there already") {
		t.Errorf("a dump was overwritten: %v\n%s", err, out)
	}
	query(t, "update e2e_note set text = 'after'; create table e2e_later (); select 1")

	if out, err := try(t, "make", "db-restore", "FILE="+file); err == nil || !strings.Contains(out, "FORCE=1") {
		t.Errorf("data was replaced without being asked for: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	half := filepath.Join(t.TempDir(), "half.dump")
	if err := os.WriteFile(half, text[:len(text)*7/8], 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := try(t, "make", "db-restore", "FORCE=1", "FILE="+half); err == nil || !strings.Contains(out, "nothing was changed") {
		t.Errorf("half a dump was restored: %v\n%s", err, out)
	}
	if got := query(t, "select text from e2e_note"); got != "after" {
		t.Errorf("after a restore that failed the note says %q, want %q", got, "after")
	}

	begin := time.Now()
	run(t, "make", "db-restore", "FORCE=1", "FILE="+file)
	o := outcome{took: time.Since(begin)}
	defer conclude(t, "the database is restored from a dump", &o)
	if got := query(t, "select text from e2e_note"); got != "before" {
		t.Errorf("after the restore the note says %q, want %q", got, "before")
	}
	if got := query(t, "select coalesce(to_regclass('e2e_later')::text, 'gone')"); got != "gone" {
		t.Errorf("a table that is not in the dump outlived the restore: %s", got)
	}
	if got := query(t, "select count(*) from users"); got != users {
		t.Errorf("%s users after the restore, want %s", got, users)
	}
	run(t, "make", "db-restore", "FORCE=1", "FILE="+newestDump(t, "-before-restore.dump"))
	if got := query(t, "select text from e2e_note"); got != "after" {
		t.Errorf("the dump made before the restore holds %q, want what was there: %q", got, "after")
	}
	run(t, "make", "smoke") // the backend's connections survive
	if found := seen(); found != "" {
		t.Errorf("the database's password was an argument of a process: %s", found)
	}
}

// watchArguments looks for a value among the arguments of all processes of the machine until the result is called; on the
// lab those in the pods are among them.
func watchArguments(t *testing.T, value string) (found func() string) {
	stop, result := make(chan struct{}), make(chan string, 1)
	go func() {
		for {
			select {
			case <-stop:
				result <- ""
				return
			case <-time.After(20 * time.Millisecond):
			}
			files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
			for _, file := range files {
				text, err := os.ReadFile(file) // a process may have ended meanwhile
				if err == nil && bytes.Contains(text, []byte(value)) {
					result <- strings.ReplaceAll(string(text), "\x00", " ")
					return
				}
			}
		}
	}()
	return func() string {
		select {
		case early := <-result:
			return early
		default:
			close(stop)
			return <-result
		}
	}
}
