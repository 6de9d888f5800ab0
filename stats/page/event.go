package page

import (
	"fmt"
	"slices"
	"strconv"
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
	Check  string // status, code and duration; empty: not known
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
	switch {
	case e.NoLB:
		state = stats.StateNoLB
	case e.Up:
		state = stats.StateUp
	}
	return event{At: e.At.UTC(), Ago: long(now.Sub(e.At)), Server: server, State: state, Reason: e.Reason, Check: evidence(e)}
}

// evidence is what the check that made the difference found, such as "L7STS/503 in 3ms".
func evidence(e stats.Event) string {
	if e.Check == "" {
		return ""
	}
	found := e.Check
	if e.Code != 0 {
		found += "/" + strconv.Itoa(e.Code)
	}
	return fmt.Sprintf("%s in %dms", found, e.Duration.Milliseconds())
}
