package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// lately is how long the answers of a server, or of all servers of a backend, took in each window.
type lately [latency.FiveMinutes + 1]recent

// recent is what ended in one window.
type recent struct{ answers, errors, tunnels latency.Quantiles }

// newLately adds up the histograms of any number of servers. What scratch holds is lost.
func newLately(servers []*latency.Times, now time.Time, scratch *latency.Counts) (l lately) {
	for _, w := range latency.Windows() {
		l[w] = recent{
			answers: quantiles(servers, func(t *latency.Times) *latency.Histogram { return &t.Total }, w, now, scratch),
			errors:  quantiles(servers, func(t *latency.Times) *latency.Histogram { return &t.Errors }, w, now, scratch),
			tunnels: quantiles(servers, func(t *latency.Times) *latency.Histogram { return &t.Tunnels }, w, now, scratch),
		}
	}
	return l
}

func quantiles(servers []*latency.Times, of func(*latency.Times) *latency.Histogram, w latency.Window, now time.Time, scratch *latency.Counts) latency.Quantiles {
	scratch.Reset()
	for _, t := range servers {
		of(t).AddRecent(scratch, w, now)
	}
	return scratch.Quantiles()
}

// timesOf returns what has been measured of the servers among rows.
func timesOf(rows ...stats.Row) (servers []*latency.Times) {
	for i := range rows {
		if rows[i].Times != nil {
			servers = append(servers, rows[i].Times)
		}
	}
	return servers
}

// latencyGroup is the head of the columns of latencyCells.
func latencyGroup(w latency.Window) group {
	return group{"Latency over " + long(w.Duration()) + ", in ms", []column{
		{Name: "Answers", Words: "Answers in the window, without errors and tunnels"},
		{Name: "p50", Words: "Half of the answers took at most so many ms, from the first byte of the request to the last of the answer"},
		{Name: "p90", Words: "90 % of the answers took at most so many ms; from 10 answers on"},
		{Name: "p99", Words: "99 % of the answers took at most so many ms; from 100 answers on"},
		{Name: "p99.9", Words: "99.9 % of the answers took at most so many ms; from 10 000 answers on"},
		{Name: "5 min", Words: "Last 5 minutes: the line is p99, the area is requests per second"},
		{Name: "Oldest", Words: "Oldest request in flight, waiting for its answer"},
	}}
}

// latencyLabels are the columns of latencyGroup in a few words, for the cards of narrow screens.
var latencyLabels = [...]string{"Answers", "p50, ms", "p90, ms", "p99, ms", "p99.9, ms", "Last 5 min", "Oldest in flight"}

// latencyCells appends the columns of latencyGroup for a server or a backend.
func (b *builder) latencyCells(to []cell, r *stats.Row) []cell {
	servers := b.servers
	if r.Scope == stats.Server {
		servers = timesOf(*r)
	}
	l := newLately(servers, b.now, &b.counts)
	usual := l[latency.FiveMinutes].answers
	cells := append(to, b.percentileCells(&l)...)
	cells = append(cells, cell{Trend: newTrend(r.Times)}, oldestCell(r, usual))
	cells[len(cells)-1].Tip = newTip(b.id, "oldest", oldestTip(r, usual))
	for i, label := range latencyLabels {
		cells[len(to)+i].label(label)
	}
	return cells
}

// percentileCells are empty where nothing was answered; one of them has the tip.
func (b *builder) percentileCells(l *lately) []cell {
	cells := make([]cell, 5)
	if q := l[b.window].answers; q.Count > 0 {
		cells[0].Digits = digits(int64(q.Count))
		for i, took := range []time.Duration{q.P50, q.P90, q.P99, q.P999} {
			cells[1+i].Text = millis(took)
		}
	}
	tipped := &cells[3]
	if tipped.Tip = newTip(b.id, "p99", l.lines()); tipped.Tip != nil && tipped.Text == "" {
		tipped.Text = millis(-1)
	}
	return cells
}

// lines tells of all windows, and of errors and tunnels apart.
func (l *lately) lines() (lines []line) {
	for _, w := range latency.Windows() {
		in := &l[w]
		if in.answers.Count+in.errors.Count+in.tunnels.Count == 0 {
			continue
		}
		lines = append(lines, line{fmt.Sprintf("Last %s: %s answers", long(w.Duration()), grouped(in.answers.Count)), percentiles(in.answers)})
		if in.errors.Count > 0 {
			lines = append(lines, line{"– errors: " + grouped(in.errors.Count), percentiles(in.errors)})
		}
		if in.tunnels.Count > 0 {
			lines = append(lines, line{"– tunnels that ended: " + grouped(in.tunnels.Count), percentiles(in.tunnels)})
		}
	}
	return lines
}

// percentiles leaves out those for which there are too few answers.
func percentiles(q latency.Quantiles) string {
	var words []string
	for _, p := range known(q) {
		words = append(words, p.name+" "+millis(p.took))
	}
	if words == nil {
		return "-"
	}
	return strings.Join(words, ", ") + "\u00a0ms"
}

// percentile is one that there are enough answers for.
type percentile struct {
	name, share string
	took        time.Duration
}

// known returns the percentiles that there are enough answers for, the highest last.
func known(q latency.Quantiles) (all []percentile) {
	for _, p := range [...]percentile{{"p50", "half", q.P50}, {"p90", "90\u00a0%", q.P90}, {"p99", "99\u00a0%", q.P99}, {"p99.9", "99.9\u00a0%", q.P999}} {
		if p.took >= 0 {
			all = append(all, p)
		}
	}
	return all
}

// millis writes three digits of a latency in ms, and a dash for one that is not known.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case d < 0:
		return "–"
	case ms < 9.995:
		return strconv.FormatFloat(ms, 'f', 2, 64)
	case ms < 99.95:
		return strconv.FormatFloat(ms, 'f', 1, 64)
	}
	return grouped(int64(ms + 0.5))
}
