//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// response is a line of the index that support/watch.ts keeps of what browsers were sent.
type response struct {
	URL, Type, Headers, File string
	Status                   int
}

// searchServed looks for the application's secrets in every byte that the front ends sent to a browser during the tests,
// and in every file that they would send if they were asked for it.
func (b browser) searchServed(t *testing.T) {
	responses := b.readIndex(t)
	for service, base := range map[string]string{"frontend-web": "http://localhost:3000", "frontend-chatbot": "http://localhost:3001"} {
		responses = append(responses, b.fetchStatic(t, service, base)...)
	}
	secrets := secretValues(t, "BETTER_AUTH_SECRET", "DATABASE_URL", "OPENAI_API_KEY")
	if len(b.planted) < 16 {
		t.Fatal("there is nothing planted: the search could not show that it finds anything")
	}
	size, files, withoutBody, found := 0, map[string]map[string]bool{}, 0, 0
	for _, r := range responses {
		if r.File == "" {
			withoutBody++
		}
		kind, _, _ := strings.Cut(r.Type, ";")
		if files[kind] == nil {
			files[kind] = map[string]bool{}
		}
		text := []byte(r.Headers)
		if r.File != "" && !files[kind][r.File] {
			files[kind][r.File] = true
			body, err := os.ReadFile(filepath.Join(b.served, r.File))
			if err != nil {
				t.Fatal(err)
			}
			size += len(body)
			text = append(text, body...)
		}
		for name, value := range secrets {
			if spelling := search(text, value); spelling != "" {
				t.Errorf("%s was sent to a browser (%s), in %s", name, spelling, r.URL)
			}
		}
		if search(text, b.planted) != "" {
			found++
		}
	}
	var kinds []string
	total := 0
	for _, kind := range slices.Sorted(maps.Keys(files)) {
		total += len(files[kind])
		kinds = append(kinds, fmt.Sprintf("%d %s", len(files[kind]), kind))
	}
	t.Logf("searched %d bytes in %d different files (%s), of %d responses of which %d had no body to read, for %d secrets; the planted text was found in %d",
		size, total, strings.Join(kinds, ", "), len(responses), withoutBody, len(secrets), found)
	for _, kind := range []string{"text/html", "text/css", "application/javascript", "application/json"} {
		if len(files[kind]) == 0 {
			t.Errorf("no %s was searched: the search did not see what it is for", kind)
		}
	}
	if found == 0 {
		t.Error("the search does not find the text that a test put on a page: its other results mean nothing")
	}
}

func (b browser) readIndex(t *testing.T) []response {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(b.served, "index-*.jsonl"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("the browsers kept nothing of what they were sent: %v", err)
	}
	var all []response
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var r response
			if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			all = append(all, r)
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return all
}

// staticFiles prints, in a front end's container, every file below .next/static and every file there that a manifest of
// the build names.
const staticFiles = `const fs = require("fs"), path = require("path");
const walk = (dir) => fs.readdirSync(dir, { withFileTypes: true }).flatMap((e) => e.isDirectory() ? walk(path.join(dir, e.name)) : [path.join(dir, e.name)]);
const names = new Set(walk(".next/static").map((name) => path.relative(".next", name)));
for (const file of walk(".next").filter((name) => /manifest[^/]*\.(json|js)$/.test(name)))
  for (const [name] of fs.readFileSync(file, "utf8").matchAll(/static\/[\w./%()\[\]@~-]+\.(?:js|css|map)\b/g)) names.add(decodeURIComponent(name));
console.log(JSON.stringify([...names]));`

// fetchStatic asks a front end for all of its static files and for a source map of each script.
func (b browser) fetchStatic(t *testing.T, service, base string) []response {
	t.Helper()
	var names []string
	if err := json.Unmarshal([]byte(kubectl(t, "-n", "todo-dev", "exec", places(t)[service].pod, "--", "node", "-e", staticFiles)), &names); err != nil {
		t.Fatalf("%s: listing its static files: %v", service, err)
	}
	if len(names) < 5 {
		t.Fatalf("%s has only %d static files: %v", service, len(names), names)
	}
	var all []response
	get := func(name string) int {
		segments := strings.Split(name, "/")
		for i, s := range segments {
			segments[i] = url.PathEscape(s)
		}
		address := base + "/_next/" + strings.Join(segments, "/")
		answer, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		file := fmt.Sprintf("%x", sha256.Sum256(body))
		if err := os.WriteFile(filepath.Join(b.served, file), body, 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, response{URL: address, Type: answer.Header.Get("Content-Type"), Headers: fmt.Sprint(answer.Header), File: file, Status: answer.StatusCode})
		return answer.StatusCode
	}
	for _, name := range names {
		if status := get(name); status != http.StatusOK {
			t.Errorf("%s has the static file %s and answers %d for it", service, name, status)
		}
		if strings.HasSuffix(name, ".js") {
			get(name + ".map") // 404 in a production build; searched all the same
		}
	}
	return all
}
