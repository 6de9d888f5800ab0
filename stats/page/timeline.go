package page

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"relais/stats"
)

// timeline is what has happened lately, newest first.
type timeline struct {
	Happenings []happening
	Earlier    string // how many more there are; empty: none
}

// happening is a line of the timeline.
type happening struct {
	At     time.Time
	Clock  string
	Ago    string
	Kind   string // trouble, order or recovery: the class; Mark says the same without colour, Word without sight
	Mark   string
	Word   string
	What   string // and to whom
	By     string
	Reason string
}

// mostHappenings is how many are shown.
const mostHappenings = 50

// newTimeline leaves out what concerns proxies that f does not show.
func newTimeline(s *stats.Snapshot, f stats.Filter) timeline {
	var t timeline
	for _, h := range slices.Backward(s.Timeline) {
		if h.Proxy == "" || f.Shows(h.Proxy) {
			t.Happenings = append(t.Happenings, newHappening(h, s.Now))
		}
	}
	if more := len(t.Happenings) - mostHappenings; more > 0 {
		t.Happenings, t.Earlier = t.Happenings[:mostHappenings], strconv.Itoa(more)
	}
	return t
}

func newHappening(h stats.Happening, now time.Time) happening {
	out := happening{At: h.At.UTC(), Clock: second(h.At, now), Ago: long(now.Sub(h.At)), What: strings.TrimLeft(place(h)+" "+h.What, " "), By: h.By, Reason: h.Reason}
	switch {
	case h.Trouble:
		out.Kind, out.Mark, out.Word = "trouble", mark("bad"), "trouble"
	case h.By != "":
		out.Kind, out.Mark = "order", "✎"
	case h.What == stats.StateUp:
		out.Kind, out.Mark = "recovery", mark("good")
	default:
		out.Mark = "·"
	}
	return out
}

func place(h stats.Happening) string {
	if h.Server == "" {
		return h.Proxy
	}
	return h.Proxy + "/" + h.Server
}

// second is a time of today without its date.
func second(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format(time.TimeOnly)
	}
	return t.Format("Jan 2 15:04")
}
