package doctor

import "regexp"

// A clue is a line of a log that says more than Kubernetes can.
type clue struct {
	line     *regexp.Regexp // what it matches becomes the detail
	cause    Cause
	explains []Cause // only these are made more precise by it
}

var unwell = []Cause{Crash, Readiness, Liveness, Startup}

// clues in the order in which they are tried: the most particular first. Quotes may be escaped: logs are JSON.
var clues = []clue{
	{regexp.MustCompile(`password authentication failed for user \\?"[^"\\\n]{0,60}\\?"|no password supplied|role \\?"[^"\\\n]{0,60}\\?" does not exist`), DatabasePassword, unwell},
	{regexp.MustCompile(`bad settings: [^\n]{1,300}`), BadSetting, unwell},
	{regexp.MustCompile(`\b[A-Z][A-Z0-9_]{2,40} (is not set|has \d+ characters)[^"\n]{0,120}`), BadSetting, []Cause{Crash}},
	{regexp.MustCompile(`the database is not reachable|the database did not answer|could not translate host name [^\n]{0,80}|connection to server at [^\n]{0,120}`), Database, unwell},
}
