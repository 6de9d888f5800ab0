package ctl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// command is one that the server knows.
type command struct {
	words   []string
	usage   string
	help    string
	level   Level
	changes bool // it may end with a reason and a time
	final   bool // it cannot be set back, so no time may be given
	run     func(*call) error
}

// line is the command's line in the help, of HAProxy's shape.
func (c *command) line() string {
	usage := strings.TrimSuffix(strings.Join(c.words, " ")+" "+c.usage, " ")
	return fmt.Sprintf("  %-40s: %s\n", usage, c.help)
}

// matched returns how many of the command's words the line begins with.
func (c *command) matched(words []string) int {
	for i, word := range c.words {
		if i == len(words) || words[i] != word {
			return i
		}
	}
	return len(c.words)
}

// commands is what a server knows, in the order of the help.
type commands []command

// find returns the command with the most words that the line begins with, or nil.
func (cs commands) find(words []string) *command {
	var best *command
	for i := range cs {
		c := &cs[i]
		if c.matched(words) == len(c.words) && (best == nil || len(c.words) > len(best.words)) {
			best = c
		}
	}
	return best
}

// guesses are how many commands are offered in place of one that is not known.
const guesses = 5

// near returns the commands that begin like the line as far as any does, or, if more words follow
// there, those of them whose words are the most like these.
func (cs commands) near(words []string) []command {
	length := 0
	for i := range cs {
		length = max(length, cs[i].matched(words))
	}
	type guess struct {
		command
		distance int
	}
	var found []guess
	wanted := strings.Join(words[length:], " ")
	for i := range cs {
		if c := cs[i]; c.matched(words) == length {
			found = append(found, guess{c, distance(wanted, strings.Join(c.words[length:], " "))})
		}
	}
	if wanted != "" && length < len(words) {
		slices.SortStableFunc(found, func(a, b guess) int { return cmp.Compare(a.distance, b.distance) })
		found = found[:min(guesses, len(found))]
	}
	near := make([]command, len(found))
	for i := range found {
		near[i] = found[i].command
	}
	slices.SortFunc(near, inHelp)
	return near
}

// inHelp is the order of the help: by name, and the session's own commands last.
func inHelp(a, b command) int {
	return cmp.Or(cmp.Compare(last(a), last(b)), slices.Compare(a.words, b.words))
}

func last(c command) int { return 1 + slices.Index([]string{"help", "prompt", "quit"}, c.words[0]) }

// farthest bounds what distance compares: no command is longer.
const farthest = 64

// distance is how many characters must be changed, added or taken away to make b of a.
func distance(a, b string) int {
	a = a[:min(len(a), farthest)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
