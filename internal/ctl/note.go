package ctl

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

var errDuration = errors.New("not a duration")

// cutNote takes "reason TEXT" and "for DURATION", in any order, off the end of a command.
func cutNote(words []string, by string) ([]string, Note, error) {
	note := Note{By: by}
	for len(words) >= 2 {
		n := len(words) - 2
		switch key, value := words[n], words[n+1]; {
		case key == "reason" && note.Reason == "":
			note.Reason = value
		case key == "for" && note.For == 0:
			d, err := parseDuration(value, 0)
			if err != nil || d <= 0 {
				return nil, note, fail("'for' expects a time such as 30m or 2h30m, not '%s'.", value)
			}
			note.For = d
		default:
			return words, note, nil
		}
		words = words[:n]
	}
	return words, note, nil
}

// parseDuration reads HAProxy's times, numbers with us, ms, s, m, h or d, and several of them in a
// row as in Go. A number alone is in unit; with unit 0 it is none.
func parseDuration(s string, unit time.Duration) (time.Duration, error) {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil && unit > 0 {
		return time.Duration(n) * unit, nil
	}
	days, rest, ok := strings.Cut(s, "d")
	if !ok {
		days, rest = "", s
	}
	var total time.Duration
	if ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, fmt.Errorf("read %q: %w", s, errDuration)
		}
		total = time.Duration(n) * 24 * time.Hour
	}
	if rest == "" && ok {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || total+d < 0 {
		return 0, fmt.Errorf("read %q: %w", s, errDuration)
	}
	return total + d, nil
}
