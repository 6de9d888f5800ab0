package page

import (
	"fmt"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// patience is how long a request may wait for its answer before the page points at it: a second,
// or three times what nearly all of the last five minutes took where that is more. So a server
// that hangs is seen long before its check fails, and one that always takes long is left alone.
func patience(usual latency.Quantiles) time.Duration {
	limit := time.Second
	for _, p := range known(usual) {
		limit = max(limit, 3*p.took)
	}
	return limit
}

// oldestCell shows the age of the oldest request in flight.
func oldestCell(r *stats.Row, usual latency.Quantiles) cell {
	switch {
	case r.Oldest == 0:
		return cell{}
	case r.Oldest > patience(usual):
		return cell{Text: "! " + briefly(r.Oldest), Class: "late"}
	}
	return cell{Text: briefly(r.Oldest)}
}

func oldestTip(r *stats.Row, usual latency.Quantiles) []line {
	if r.Oldest <= patience(usual) {
		return nil
	}
	return []line{
		{"Oldest request in flight", waited(r.Oldest)},
		{"Requests in flight", grouped(r.Sessions)},
		{"In the last 5\u00a0min", usually(usual)},
	}
}

// stalled is a note about a server that lets a request wait for too long: its level and its words;
// empty: it does not.
func stalled(name string, r *stats.Row, now time.Time, scratch *latency.Counts) (level, note string) {
	if r.Oldest <= time.Second {
		return "", ""
	}
	l := newLately(timesOf(*r), now, scratch)
	usual := l[latency.FiveMinutes].answers
	if r.Oldest <= patience(usual) {
		return "", ""
	}
	waiting := fmt.Sprintf("%s in flight, the oldest waits for %s", requests(r.Sessions), waited(r.Oldest))
	if ten := latency.TenSeconds; r.Oldest > ten.Duration() && l[ten].answers.Count == 0 {
		return "bad", fmt.Sprintf("%s has not answered for %s: %s", name, long(ten.Duration()), waiting)
	}
	return "warn", fmt.Sprintf("%s hangs or is slow: %s (%s)", name, waiting, usually(usual))
}

// usually tells what is normal, by the highest percentile that is known.
func usually(q latency.Quantiles) string {
	all := known(q)
	if len(all) == 0 {
		return "no answer in 5\u00a0min"
	}
	p := all[len(all)-1]
	return fmt.Sprintf("%s took at most %s\u00a0ms", p.share, millis(p.took))
}

func requests(n int64) string {
	if n == 1 {
		return "1 request"
	}
	return grouped(n) + " requests"
}

// waited is a wait for a sentence, such as 3.2 s.
func waited(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d\u00a0ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f\u00a0s", d.Seconds())
	}
	return long(d)
}

// briefly is the same for a cell, such as 3.2s.
func briefly(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return short(d)
}
