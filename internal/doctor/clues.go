package doctor

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A clue is a line of a log that says more than Kubernetes can.
type clue struct {
	line     *regexp.Regexp // what it matches becomes the detail
	cause    Cause
	explains []Cause // only these are made more precise by it
}

var unwell = []Cause{Crash, Readiness, Liveness, Startup}

var readOnlyFile = regexp.MustCompile(
	`\[Errno 30\] [^\n]{1,200}|EROFS: [^\n]{1,200}|(?i:read-only file system)[^\n]{0,200}`)

// clues in the order in which they are tried: the most particular first. Quotes may be escaped: logs are JSON.
var clues = []clue{
	{regexp.MustCompile(`password authentication failed for user \\?"[^"\\\n]{0,60}\\?"|no password supplied|role \\?"[^"\\\n]{0,60}\\?" does not exist`), DatabasePassword, unwell},
	{regexp.MustCompile(`bad settings: [^\n]{1,300}`), BadSetting, unwell},
	{regexp.MustCompile(`\b[A-Z][A-Z0-9_]{2,40} (is not set|has \d+ characters)[^"\n]{0,120}`), BadSetting, []Cause{Crash}},
	{readOnlyFile, ReadOnly, []Cause{Crash, Liveness, Startup}},
	// A supervisor such as uvicorn's restarts its workers without end: the container does not end, and only a probe
	// notices.
	{supervised, Crash, []Cause{Readiness, Liveness, Startup}},
	{regexp.MustCompile(`the database is not reachable|the database did not answer|could not translate host name [^\n]{0,80}|connection to server at [^\n]{0,120}`), Database, unwell},
	{readOnlyFile, ReadOnly, []Cause{Readiness}}, // a cache that cannot be written keeps few programs from being Ready
}

// boring are the fields of a JSON log line that help a search, and not a reader of twenty lines.
var boring = []string{"timestamp", "time", "level", "message", "msg", "module", "request_id", "trace_id", "span_id"}

// Readable is a JSON log line as a person would have written it: time, level, message, and what else has a value.
func Readable(line string) string {
	var fields map[string]any
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &fields) != nil {
		return line
	}
	first := func(names ...string) string {
		for _, name := range names {
			if text, ok := fields[name].(string); ok {
				return text
			}
		}
		return ""
	}
	message := first("message", "msg")
	if message == "" {
		return line
	}
	if _, clock, found := strings.Cut(first("timestamp", "time"), "T"); found {
		message = clock[:min(8, len(clock))] + " " + first("level") + " " + message
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if value := fields[name]; value != nil && value != "" && !slices.Contains(boring, name) {
			message += fmt.Sprintf(" %s=%v", name, value)
		}
	}
	return message
}
