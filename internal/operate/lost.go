package operate

import (
	"errors"
	"fmt"
	"strings"
)

// mostFaults is how many damaged lines are told one by one.
const mostFaults = 10

var (
	errCut     = errors.New("is cut off")
	errChanged = errors.New("does not fit its checksum")
)

// Lost is what could not be read of a damaged state file.
type Lost struct {
	Entries int      // orders and servers that are missing; -1: unknown, because the first line is damaged
	Used    int      // orders and servers that could be read, and hold
	Damaged int      // lines that could not be read
	Lines   []string // the first of them: number, fault, and how they begin
	Aside   string   // the path where the whole file is kept; empty: the file was empty, or could not be kept
}

// String says it in one line, for the log.
func (l *Lost) String() string {
	if l.Entries < 0 && l.Used == 0 && l.Damaged == 0 {
		return "the state file is empty: no orders hold (as it should be if somebody has just made it for the balancer)"
	}
	var s strings.Builder
	switch {
	case l.Used == 0 && l.Entries < 0:
		s.WriteString("the state file is another program's, or damaged from end to end: nothing of it is used")
	case l.Entries < 0:
		fmt.Fprintf(&s, "the state file is damaged: an unknown number of entries is lost, %d hold", l.Used)
	default:
		fmt.Fprintf(&s, "the state file is damaged: %d entries are lost, %d hold", l.Entries, l.Used)
	}
	if l.Aside != "" {
		s.WriteString("; it is kept as " + l.Aside)
	}
	for _, line := range l.Lines {
		s.WriteString("; " + line)
	}
	if more := l.Damaged - len(l.Lines); more > 0 {
		fmt.Fprintf(&s, "; and %d lines more", more)
	}
	return s.String()
}
