package app

import (
	"fmt"
	"slices"
	"time"

	"relais/balancer"
	"relais/internal/ctl"
	"relais/stats/latency"
)

// tickTimes moves the windows of all percentiles on. What scratch holds is lost.
func (a *App) tickTimes(now time.Time, scratch *latency.Counts) {
	for _, b := range a.proxy.Table().Backends {
		for _, s := range b.Servers {
			s.Counters.Times.Tick(now, scratch)
		}
	}
}

// showLatency lists percentiles of how long servers took, over the last 10 seconds, minute and
// five minutes, and how long the oldest request has been waiting for its answer now.
func (a *App) showLatency(args []string, _ ctl.Note, say func(string, ...any)) error {
	if len(args) > 1 {
		return errArguments
	}
	say("# server\twindow\trequests\tp50\tp90\tp99\tp99.9\terrors\toldest\n")
	for _, b := range a.proxy.Table().Backends {
		if len(args) == 1 && args[0] != b.Name {
			continue
		}
		oldest := b.Waiting(time.Now()).Servers
		for i, s := range b.Servers {
			sayLatency(say, b.Name+"/"+s.Name, oldest[i], s)
		}
		sayLatency(say, b.Name+"/BACKEND", slices.Max(append(oldest, 0)), b.Servers...)
	}
	return nil
}

func sayLatency(say func(string, ...any), name string, oldest time.Duration, servers ...*balancer.Server) {
	now := time.Now()
	for _, w := range latency.Windows() {
		var total, errors latency.Counts
		for _, s := range servers {
			s.Counters.Times.Total.AddRecent(&total, w, now)
			s.Counters.Times.Errors.AddRecent(&errors, w, now)
		}
		q := total.Quantiles()
		say("%s\t%s\t%d\t%s\t%s\t%s\t%s\t%d\t%s\n", name, w, q.Count,
			percentile(q.P50), percentile(q.P90), percentile(q.P99), percentile(q.P999), errors.Count(), wait(oldest))
	}
}

// percentile is a dash where there are too few requests to tell.
func percentile(d time.Duration) string {
	if d < 0 {
		return "-"
	}
	return fmt.Sprint(d.Round(10 * time.Microsecond))
}

// wait is a dash where nobody waits.
func wait(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprint(d.Round(time.Millisecond))
}
