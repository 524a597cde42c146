package config

import (
	"fmt"
	"regexp"
	"slices"
	"sort"
	"strings"
	"unicode"
)

// Problem is one thing wrong with the configuration, and its cure.
type Problem struct {
	Key  string // without the project's namespace
	Got  string // what is there, quoted; never a secret's value
	Want string // what is allowed
	Fix  string // a command that can be typed as it is

	// Later marks what only an update needs: a preview goes on with a warning, so that a stack can be looked at
	// before its secrets exist.
	Later bool
}

func (p Problem) String() string {
	end := "."
	if strings.HasSuffix(p.Want, "?") {
		end = ""
	}
	return strings.Map(printable, fmt.Sprintf("%s: %s; %s%s Fix: %s", p.Key, p.Got, p.Want, end, p.Fix))
}

// printable keeps a problem on its line, whatever a key or a file is called.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// Error is every problem found, refused together.
type Error struct {
	Stack    string
	Problems []Problem
}

func (e *Error) Error() string {
	noun := "problems"
	if len(e.Problems) == 1 {
		noun = "problem"
	}
	lines := []string{fmt.Sprintf("the configuration of stack %s has %d %s; nothing was changed:", e.Stack, len(e.Problems), noun)}
	for _, p := range e.Problems {
		lines = append(lines, "  "+p.String())
	}
	return strings.Join(lines, "\n")
}

// problems collects; it knows the stack so that each fix can name it.
type problems struct {
	stack string
	list  []Problem
}

// add takes a problem once, also when the key is read twice.
func (ps *problems) add(p Problem) {
	if !slices.Contains(ps.list, p) {
		ps.list = append(ps.list, p)
	}
}

// refuse records a bad value with the command that sets a good one.
func (ps *problems) refuse(key, got, want, good string) {
	ps.add(Problem{Key: key, Got: got, Want: want, Fix: ps.set(key, good)})
}

// set is the command that sets a key. A dotted key is a path into an object; without a value the CLI asks for it, which
// keeps a secret out of the shell's history.
func (ps *problems) set(key, value string) string {
	flags := ""
	if isSecret(key) {
		flags = "--secret "
	} else if strings.ContainsAny(key, ".[") {
		flags = "--path "
	}
	return strings.TrimSpace(fmt.Sprintf("pulumi config set -s %s %s%s %s", ps.stack, flags, shellWord(key), value))
}

func (ps *problems) remove(key string) string {
	flags := ""
	if strings.ContainsAny(key, ".[") {
		flags = "--path "
	}
	return fmt.Sprintf("pulumi config rm -s %s %s%s", ps.stack, flags, shellWord(key))
}

var plainWord = regexp.MustCompile(`^[-A-Za-z0-9_./:@%+=,]+$`)

// shellWord is a key as a shell has to be given it.
func shellWord(key string) string {
	if plainWord.MatchString(key) {
		return key
	}
	return "'" + strings.ReplaceAll(key, "'", `'\''`) + "'"
}

// settle splits what was found into the error to stop with and the warnings to go on with.
func (ps *problems) settle(preview bool) (warnings []string, err error) {
	var refused []Problem
	for _, p := range ps.list {
		if p.Later && preview {
			warnings = append(warnings, p.String())
			continue
		}
		refused = append(refused, p)
	}
	if len(refused) == 0 {
		return warnings, nil
	}
	sort.SliceStable(refused, func(i, j int) bool { return refused[i].Key < refused[j].Key })
	return nil, &Error{Stack: ps.stack, Problems: refused}
}

// closest returns the known word that a typing mistake was probably meant to be, or "".
func closest(word string, known []string) string {
	best, distance := "", len(word)/3+2 // a third of the letters wrong is no typing mistake any more
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
