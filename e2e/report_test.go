//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// outcome is what one bad day cost.
type outcome struct {
	requests, failed int           // of a load on the three Services; no requests where none was sent
	errors           []string      // the different ones of those that failed
	p99              time.Duration // of the half over new connections
	took             time.Duration // from the begin of the change, or of the failure, until all that it touched is Ready again
	slow             bool          // took is longer than what is promised
}

// report has a line for each bad day that the steps went through, in their order.
var report = [][]string{{"SCENARIO", "REQUESTS", "FAILED", "P99", "SECONDS", "VERDICT"}}

// conclude adds a line to the report; it is deferred, so that the verdict is the test's own.
func conclude(t *testing.T, scenario string, o *outcome) {
	line := []string{scenario, "-", "-", "-", fmt.Sprintf("%.0f", o.took.Seconds()), "good"}
	if o.requests > 0 {
		line[1], line[2], line[3] = fmt.Sprint(o.requests), fmt.Sprint(o.failed), fmt.Sprintf("%d ms", o.p99.Milliseconds())
	}
	switch {
	case t.Failed():
		line[5] = "BAD"
	case o.slow:
		line[5] = "slow"
	}
	report = append(report, line)
}

func printReport(t *testing.T) {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, line := range report {
		fmt.Fprintln(w, strings.Join(line, "\t"))
	}
	w.Flush()
	t.Logf("\n%s", text.String())
}
