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
	File    string // as it was given to Load
	Line    int    // from 1
	Message string // what is wrong and what to write instead
}

// Faults is the error for a file with bad content: all its faults, by line, each once.
type Faults []Fault

// Error writes one line for each fault: "FILE:LINE: message".
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fmt.Sprintf("%s:%d: %s", fault.File, fault.Line, fault.Message)
	}
	return strings.Join(lines, "\n")
}

// report gathers the faults of one file.
type report struct {
	file  string
	lines int // that the file has
	found []Fault
}

func (r *report) fault(line int, format string, args ...any) {
	// YAML counts some characters as line ends that editors do not, so line may be too high.
	line = min(max(line, 1), r.lines)
	message := strings.Map(printable, fmt.Sprintf(format, args...))
	r.found = append(r.found, Fault{File: r.file, Line: line, Message: message})
}

// faults returns what was found. One wrong value in defaults is found in each section that
// inherits it, but told once.
func (r *report) faults() Faults {
	found := slices.Clone(r.found)
	slices.SortStableFunc(found, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
	told := map[Fault]bool{}
	return slices.DeleteFunc(found, func(f Fault) bool {
		again := told[f]
		told[f] = true
		return again
	})
}

// printable keeps each fault on its line and the file's control characters off the terminal.
func printable(c rune) rune {
	if !unicode.IsPrint(c) {
		return '?'
	}
	return c
}
