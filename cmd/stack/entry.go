package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rs/zerolog"
)

// maxShown bounds how much of one line is shown, in characters.
const maxShown = 500

// entry is a line of a process's log, for people.
type entry struct {
	at    time.Time
	level zerolog.Level // NoLevel: the line is no log line
	lines []string      // more than one for a stack trace
}

// logLine is what matters of the log lines of balancer and webapp, the access log included.
type logLine struct {
	Time    time.Time
	Level   string
	Message string
	Error   string
	Hint    string
	Address string
	Path    string
	Panic   any
	Stack   string

	Method  string // with it, the line is of the access log
	Target  string
	Status  int
	Server  string
	TotalMS float64 `json:"total_ms"`
	Reason  string

	Dropped uint64 // lines
}

// parseEntry reads a line of a process's output. What is no log line is shown as it is, and
// everything is made safe for a terminal.
func parseEntry(line string, now time.Time) entry {
	var l logLine
	if !strings.HasPrefix(line, "{") || json.Unmarshal([]byte(line), &l) != nil {
		return entry{at: now, level: zerolog.NoLevel, lines: []string{printable(line)}}
	}
	e := entry{at: l.Time, level: l.level(), lines: []string{printable(l.text(line))}}
	if l.Time.IsZero() {
		e.at = now
	}
	for frame := range strings.Lines(l.Stack) {
		e.lines = append(e.lines, printable(strings.TrimSuffix(frame, "\n")))
	}
	return e
}

// level of a line without one, such as those of the access log, is info.
func (l *logLine) level() zerolog.Level {
	level, err := zerolog.ParseLevel(l.Level)
	switch {
	case l.Dropped > 0:
		return zerolog.WarnLevel
	case err != nil || level == zerolog.NoLevel:
		return zerolog.InfoLevel
	}
	return level
}

func (l *logLine) text(whole string) string {
	switch {
	case l.Dropped > 0:
		return fmt.Sprintf("%d lines are missing here: %s", l.Dropped, l.Reason)
	case l.Message != "":
		return l.message()
	case l.Method != "" || l.Status != 0:
		return l.request()
	}
	return whole
}

func (l *logLine) message() string {
	text := l.Message
	for _, part := range []struct{ before, text, after string }{
		{" ", l.Path, ""},
		{" on ", l.Address, ""},
		{": ", l.Error, ""},
		{" (", l.Hint, ")"},
	} {
		if part.text != "" {
			text += part.before + part.text + part.after
		}
	}
	if l.Panic != nil {
		text += fmt.Sprintf(": %v", l.Panic)
	}
	return text
}

func (l *logLine) request() string {
	text := fmt.Sprintf("%s %s %d", orElse(l.Method, "-"), orElse(l.Target, "-"), l.Status)
	if l.Server != "" {
		text += " from " + l.Server
	}
	text += fmt.Sprintf(" in %.1f ms", l.TotalMS)
	if l.Reason != "" {
		text += ": " + l.Reason
	}
	return text
}

// printable escapes what could move the cursor or hide something, and bounds the length.
func printable(s string) string {
	var b strings.Builder
	shown := 0
	for i, r := range s {
		if shown++; shown > maxShown {
			return b.String() + "…"
		}
		switch {
		case r == '\t':
			b.WriteString("    ")
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case !unicode.IsPrint(r):
			b.WriteString(strings.Trim(fmt.Sprintf("%+q", string(r)), `"`))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
