package healthcheck

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Advice is what an agent says of its server. What it does not mention stays as it was.
type Advice struct {
	Weight  int    // percent of the configured weight; -1: not mentioned
	Maxconn int    // requests at once; -1: not mentioned
	Admin   string // ready, drain or maint; empty: not mentioned
	Health  string // up or down; empty: not mentioned
	Word    string // the one that the agent chose for Health, such as stopped
	Reason  string // what follows #
}

// noAdvice mentions nothing.
func noAdvice() Advice { return Advice{Weight: -1, Maxconn: -1} }

// errAdvice says that an agent's words are not those of the protocol.
var errAdvice = errors.New("agent reports an error")

// maxWeight bounds what an agent may ask for, as HAProxy bounds a server's weight.
const maxWeight = 256

// ParseAdvice reads a line of HAProxy's agent-check protocol: words with spaces, tabs or commas
// between them, in any case, and a reason behind #. The words before an unknown one count, and so
// do those behind it; the error names it.
func ParseAdvice(line string) (Advice, error) {
	a := noAdvice()
	line, reason, _ := strings.Cut(strings.TrimRight(line, "\r\n"), "#")
	a.Reason = printable(strings.TrimSpace(reason))
	var unknown []string
	for word := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ' ' || c == '\t' || c == ',' }) {
		if !a.hear(strings.ToLower(word)) {
			unknown = append(unknown, word)
		}
	}
	if len(unknown) > 0 {
		return a, fmt.Errorf("%w: %s", errAdvice, printable(strings.Join(unknown, " ")))
	}
	return a, nil
}

// and is a with what is said later.
func (a Advice) and(later Advice) Advice {
	if later.Weight >= 0 {
		a.Weight = later.Weight
	}
	if later.Maxconn >= 0 {
		a.Maxconn = later.Maxconn
	}
	if later.Admin != "" {
		a.Admin = later.Admin
	}
	if later.Health != "" {
		a.Health, a.Word = later.Health, later.Word
	}
	a.Reason = later.Reason
	return a
}

// hear takes in one word and tells whether it is known.
func (a *Advice) hear(word string) bool {
	switch word {
	case "ready", "drain", "maint":
		a.Admin = word
		return true
	case "up":
		a.Health, a.Word = "up", word
		return true
	case "down", "fail", "stopped", "error":
		a.Health, a.Word = "down", word
		return true
	}
	if number, ok := strings.CutPrefix(word, "maxconn:"); ok {
		return amount(number, &a.Maxconn, 1<<31-1)
	}
	percent, ok := strings.CutSuffix(strings.TrimPrefix(word, "weight:"), "%")
	return ok && amount(percent, &a.Weight, 100*maxWeight)
}

// amount reads a number without a sign.
func amount(s string, to *int, most uint64) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil || n > most {
		return false
	}
	*to = int(n)
	return true
}
