package page

import (
	"fmt"
	"strconv"
	"time"

	"relais/stats"
)

// mostEvents is how many of a server's last transitions are shown.
const mostEvents = 4

// eventsTip tells of the last transitions of a server, newest first, with what the checks found.
func eventsTip(r *stats.Row) []line {
	if r.Check == nil || len(r.Check.Events) == 0 {
		return nil
	}
	lines := []line{{Name: "Last transitions (times in UTC)"}}
	events := r.Check.Events
	for i := len(events) - 1; i >= max(0, len(events)-mostEvents); i-- {
		lines = append(lines, newEvent(events[i]))
	}
	return lines
}

func newEvent(e stats.Event) line {
	state := stats.StateDown
	switch {
	case e.NoLB:
		state = stats.StateNoLB
	case e.Up:
		state = stats.StateUp
	}
	reason := e.Reason
	if found := evidence(e); found != "" {
		reason += ", " + found
	}
	return line{e.At.UTC().Format(time.DateTime) + " " + state, reason}
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
