package app

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"relais/stats"
)

// kind is a kind of happening. Each has room of its own, so that a storm of one, such as a thousand
// servers that go down at once, cannot push out what led to it.
type kind int

const (
	aboutServer  kind = iota // a server went up or down
	aboutName                // a name has other addresses
	aboutOrder               // of an operator
	aboutProcess             // everything else: backends, frontends, reloads
	kinds        = iota
)

const (
	longestTimeline  = 150 // happenings of each kind
	longestHappening = 400 // bytes of each of its texts
)

// timeline is what has happened since the start of the process, as far back as there is room. It
// is safe for concurrent use; the zero value is ready.
type timeline struct {
	mu   sync.Mutex
	past [kinds][]stats.Happening
}

// add takes note of something. Its texts may come from servers and files: they are made one short
// line each.
func (t *timeline) add(k kind, h stats.Happening) {
	if h.At.IsZero() {
		h.At = time.Now()
	}
	h.What, h.By, h.Reason = oneLine(h.What), oneLine(h.By), oneLine(h.Reason)
	t.mu.Lock()
	defer t.mu.Unlock()
	if over := len(t.past[k]) + 1 - longestTimeline; over > 0 {
		t.past[k] = slices.Delete(t.past[k], 0, over)
	}
	t.past[k] = append(t.past[k], h)
}

// happenings returns everything that is known, the newest last.
func (t *timeline) happenings() []stats.Happening {
	t.mu.Lock()
	all := slices.Concat(t.past[:]...)
	t.mu.Unlock()
	slices.SortStableFunc(all, func(a, b stats.Happening) int { return a.At.Compare(b.At) })
	return all
}

// oneLine makes a text fit for one line: lines become sentences, and nothing can steer a terminal.
func oneLine(s string) string {
	s = strings.ReplaceAll(strings.TrimSpace(s), "\n", "; ")
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	if len(s) > longestHappening {
		s = strings.ToValidUTF8(s[:longestHappening-len("…")], "") + "…"
	}
	return s
}
