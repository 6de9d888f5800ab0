package page

import (
	"slices"
	"time"

	"relais/stats"
)

// event is a transition of a server in words.
type event struct {
	At     time.Time
	Ago    string
	Server string
	State  string
	Reason string
}

// mostEvents is how many of a backend's last transitions are shown.
const mostEvents = 8

// eventsOf returns the last transitions of a backend's servers, newest first.
func eventsOf(rows []stats.Row, now time.Time) []event {
	var events []event
	for i := range rows {
		if rows[i].Check == nil {
			continue
		}
		for _, e := range rows[i].Check.Events {
			events = append(events, newEvent(rows[i].Server, e, now))
		}
	}
	slices.SortStableFunc(events, func(a, b event) int { return b.At.Compare(a.At) })
	return events[:min(len(events), mostEvents)]
}

func newEvent(server string, e stats.Event, now time.Time) event {
	state := stats.StateDown
	if e.Up {
		state = stats.StateUp
	}
	return event{At: e.At.UTC(), Ago: long(now.Sub(e.At)), Server: server, State: state, Reason: e.Reason}
}
