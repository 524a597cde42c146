package pulumitest

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// updateGolden is the environment variable that rewrites golden files instead of comparing with them.
const updateGolden = "UPDATE_GOLDEN"

// Tree lists every resource as "path of names: type [options]", one per line. Names, types and parents make a URN: a
// change of any of them makes the engine delete a resource and create another.
func (r *Recorder) Tree() string {
	var lines []string
	for _, res := range r.All() {
		names, complete := r.Path(res)
		line := strings.Join(names, "/") + ": " + res.Type
		if !complete {
			line = "?/" + line
		}
		if res.DeleteBeforeReplace {
			line += " [deleteBeforeReplace]"
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

// Golden compares the tree with a committed file.
func (r *Recorder) Golden(file string) {
	r.t.Helper()
	got := r.Tree()
	if os.Getenv(updateGolden) != "" {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			r.t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatalf("%v (make it with %s=1)", err, updateGolden)
	}
	if diff := treeDiff(string(want), got); diff != "" {
		r.t.Errorf("the resources differ from %s; each line is a deletion or creation on every existing stack.\n%s"+
			"If that is meant: %s=1 go test ./...", file, diff, updateGolden)
	}
}

// treeDiff says ADDED, REMOVED, or PARENT when only the path of a resource changed.
func treeDiff(want, got string) string {
	old, now := index(want), index(got)
	var out strings.Builder
	for _, key := range slices.Sorted(maps.Keys(old)) {
		switch line, still := now[key]; {
		case !still:
			fmt.Fprintf(&out, "REMOVED %s\n", old[key])
		case line != old[key]:
			fmt.Fprintf(&out, "PARENT  %s\n     -> %s\n", old[key], line)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(now)) {
		if _, before := old[key]; !before {
			fmt.Fprintf(&out, "ADDED   %s\n", now[key])
		}
	}
	return out.String()
}

// index keys the lines of a tree by name and type.
func index(tree string) map[string]string {
	byKey := map[string]string{}
	for line := range strings.Lines(tree) {
		line = strings.TrimSpace(line)
		if line != "" {
			byKey[line[strings.LastIndex(line[:strings.Index(line+": ", ": ")], "/")+1:]] = line
		}
	}
	return byKey
}
