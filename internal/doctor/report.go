package doctor

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// width is what every terminal has.
const width = 80

// Paint colours text on a terminal; nil paints nothing.
type Paint func(colour, text string) string

// Colours are ANSI's.
func Colours(colour, text string) string {
	return map[string]string{"red": "\x1b[31m", "green": "\x1b[32m", "bold": "\x1b[1m", "dim": "\x1b[2m"}[colour] + text + "\x1b[0m"
}

// Print writes the findings for a person: one line for a workload that is Ready, a block for one that is not. Commands and
// log lines are not wrapped: they are to be copied.
func Print(w io.Writer, findings []Finding, paint Paint) error {
	if paint == nil {
		paint = func(_, text string) string { return text }
	}
	var b strings.Builder
	for _, f := range findings {
		mark := paint("green", "✓")
		if !f.Ready {
			mark = paint("red", "✗")
		}
		fmt.Fprintf(&b, "%s %-17s %-12s %s\n", mark, f.Service, f.Kind, f.Status)
		if f.Ready {
			continue
		}
		field := func(name, text string) {
			if text == "" {
				return
			}
			const indent = "            "
			for i, line := range wrap(text, width-len(indent)) {
				if i == 0 {
					fmt.Fprintf(&b, "  %s%s%s\n", name, indent[:len(indent)-2-len(name)], line)
				} else {
					fmt.Fprintf(&b, "%s%s\n", indent, line)
				}
			}
		}
		field("rollout", f.Rollout)
		pod := f.Pod
		if f.Phase != "" {
			pod += ", " + f.Phase
		}
		field("pod", pod)
		field("reason", string(f.Cause)+" ("+f.Reason+")")
		field("says", f.Detail)
		field("cause", f.Likely)
		fmt.Fprintf(&b, "  %s       %s\n", paint("bold", "fix"), paint("bold", f.Fix))
		for _, e := range f.Events {
			field("event", e)
		}
		if f.Log != nil {
			which := ""
			if f.Log.Previous {
				which = ", of its previous run"
			}
			fmt.Fprintf(&b, "  log       the last lines of container %s%s:\n", f.Log.Container, which)
			for _, line := range f.Log.Lines {
				fmt.Fprintf(&b, "  %s\n", paint("dim", "│ "+line))
			}
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// PrintJSON writes the findings for a program.
func PrintJSON(w io.Writer, findings []Finding) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if findings == nil {
		findings = []Finding{}
	}
	return encoder.Encode(findings)
}

// wrap breaks text between words; a longer word stays whole.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case len([]rune(line))+1+len([]rune(word)) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
