package main

import (
	"fmt"
	"strings"
	"time"
)

// statsPath is the default of stats.path.
const statsPath = "/haproxy-stats"

// overview says where everything is.
func (s *stack) overview() string {
	pids := make([]int, len(s.web))
	for i, p := range s.web {
		pids[i] = p.PID()
	}
	return overview(s.sites, s.dir.dir, s.balancer.PID(), pids)
}

func overview(l layout, dir string, balancer int, web []int) string {
	var b strings.Builder
	row := func(name, where, note string) {
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("  %-12s %-40s %s", name, where, note), " "))
	}
	reach := "this machine only"
	switch {
	case l.app.everywhere():
		reach = "every interface"
	case l.app.host != loopback:
		reach = "on " + l.app.host
	}
	fmt.Fprintf(&b, "\nUp: the balancer in front of %s.\n\n", webServers(len(l.web)))
	row("Application", l.app.url("/"), fmt.Sprintf("pid %d, %s", balancer, reach))
	row("Stats page", l.stats.url(statsPath), "")
	row("CSV", l.stats.url(statsPath+";csv"), "")
	row("Metrics", l.stats.url("/metrics"), "")
	for i, w := range l.web {
		row(w.name, w.url("/"), fmt.Sprintf("pid %d", web[i]))
	}
	row("Data", dir, databaseFile+", "+configFile)
	fmt.Fprint(&b, "\nCtrl-C stops everything. What dies is started again.\n\n")
	return b.String()
}

func webServers(n int) string {
	if n == 1 {
		return "1 web server"
	}
	return fmt.Sprintf("%d web servers", n)
}

// inWords writes 200 ms, 1.6 s, 10 s.
func inWords(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%g s", d.Round(100*time.Millisecond).Seconds())
}
