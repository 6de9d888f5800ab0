package file

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Fault is one thing in a file that has to be changed.
type Fault struct {
	File    string // as it was given to Load, or joined to the folder of the file that includes it
	Line    int    // from 1
	Message string // what is wrong and what to write instead
}

// Faults is the error for files with bad content: all their faults, by file and line, each once.
type Faults []Fault

// Error writes one line for each fault: "FILE:LINE: message".
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fmt.Sprintf("%s:%d: %s", fault.File, fault.Line, fault.Message)
	}
	return strings.Join(lines, "\n")
}

// report gathers the faults of all files of a configuration.
type report struct{ found []finding }

type finding struct {
	spot
	message string
}

func (r *report) fault(at spot, format string, args ...any) {
	// YAML counts some characters as line ends that editors do not, so the line may be too high.
	at.line = min(max(at.line, 1), at.in.lines)
	r.found = append(r.found, finding{at, strings.Map(printable, fmt.Sprintf(format, args...))})
}

// faults returns what was found. One wrong value in defaults is found in each section that
// inherits it, but told once.
func (r *report) faults() Faults {
	found := slices.Clone(r.found)
	slices.SortStableFunc(found, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.in.order, b.in.order), cmp.Compare(a.line, b.line))
	})
	told := map[finding]bool{}
	var faults Faults
	for _, f := range found {
		if !told[f] {
			faults = append(faults, Fault{File: f.in.name, Line: f.line, Message: f.message})
		}
		told[f] = true
	}
	return faults
}

// printable keeps each fault on its line and the file's control characters off the terminal.
func printable(c rune) rune {
	if !unicode.IsPrint(c) {
		return '?'
	}
	return c
}
