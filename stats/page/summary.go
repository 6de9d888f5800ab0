package page

import (
	"fmt"
	"slices"
	"time"

	"relais/stats"
	"relais/stats/latency"
)

// summary says in plain words how things are, before any table.
type summary struct {
	Level   string // good, warn or bad: the class; Mark says the same without colour
	Mark    string
	Line    string   // the one that matters most
	Details []string // what else is not as it should be
	Orders  []string // what operators have changed
}

// mostDetails bounds the list: who has a hundred servers down needs the tables.
const mostDetails = 8

// summarize reads all rows: a filter must not hide that a server is down.
func summarize(s *stats.Snapshot) summary {
	sum := assess(s)
	sum.Orders = orderSentences(s)
	return sum
}

func assess(s *stats.Snapshot) summary {
	t := tally{now: s.Now, backends: backends(s)}
	for _, proxy := range s.Proxies {
		t.add(proxy)
	}
	bad, warn := certificateNotes(s)
	t.bad, t.warn = append(t.bad, bad...), append(t.warn, warn...)
	notes := slices.Concat(t.lost, t.bad, t.warn, t.info)
	switch {
	case s.Process.Stopping:
		return newSummary("warn", "Relais is stopping: it finishes what runs and accepts nothing new", notes)
	case len(t.lost)+len(t.bad) > 0:
		return newSummary("bad", notes[0], notes[1:])
	case len(t.warn) > 0:
		return newSummary("warn", notes[0], notes[1:])
	}
	return newSummary("good", t.wellLine(), notes)
}

func newSummary(level, text string, details []string) summary {
	return summary{Level: level, Mark: mark(level), Line: text, Details: bounded(details)}
}

func mark(level string) string {
	return map[string]string{"good": "✔", "warn": "!", "bad": "✖"}[level]
}

func bounded(list []string) []string {
	if more := len(list) - mostDetails; more > 0 {
		return append(list[:mostDetails:mostDetails], fmt.Sprintf("and %d more", more))
	}
	return list
}

// tally collects what the summary is made of.
type tally struct {
	now             time.Time
	scratch         latency.Counts
	backends        []string
	lost            []string // backends that are DOWN: what clients notice
	bad, warn, info []string
	inService, all  int // servers: neither in maintenance nor draining; every one
	unchecked       int // of those in service
}

func (t *tally) add(proxy stats.Proxy) {
	for i := range proxy.Rows {
		r := &proxy.Rows[i]
		switch r.Scope {
		case stats.Backend:
			t.addBackend(r, len(proxy.Rows)-1)
		case stats.Server:
			t.addServer(r)
		case stats.Frontend:
			if r.Stopped {
				t.info = append(t.info, r.Proxy+" accepts no more connections")
			}
		}
	}
}

func (t *tally) addBackend(r *stats.Row, servers int) {
	if r.OldestQueued > longWait {
		t.warn = append(t.warn, fmt.Sprintf("%s in the queue of %s, the first for %s", waiting(r.Queue), r.Proxy, waited(r.OldestQueued)))
	}
	switch {
	case servers == 0:
		t.lost = append(t.lost, r.Proxy+" has no servers")
	case r.State() == stats.StateDown:
		t.lost = append(t.lost, r.Proxy+" is DOWN"+since(r.LastChange)+": it has no usable server")
	}
}

func (t *tally) addServer(r *stats.Row) {
	t.all++
	name := t.name(r)
	if r.ChecksPaused {
		t.info = append(t.info, "the checks of "+name+" are paused: it counts as "+r.State()+" whatever happens")
	}
	t.addStalled(r, name)
	switch state := r.State(); {
	case r.Unresolved:
		t.warn = append(t.warn, name+" has no address"+since(r.LastChange)+unresolved(r))
		return
	case state == stats.StateMaint:
		t.addWithdrawn(r, name+" is in maintenance"+since(r.LastChange)+following(r))
		return
	case state == stats.StateDrain, state == stats.StateNoLB:
		t.addWithdrawn(r, name+" is draining"+since(r.LastChange))
		return
	case r.GoingUp():
		t.bad = append(t.bad, name+" is DOWN"+since(r.LastChange)+" and coming back: "+r.Status())
	case state == stats.StateDown:
		t.bad = append(t.bad, name+" is DOWN"+since(r.LastChange)+because(r))
	case r.GoingDown():
		t.warn = append(t.warn, name+" fails its checks, "+r.Status()+because(r))
	case r.Health == stats.NoCheck:
		t.unchecked++
	}
	t.inService++
}

// addStalled adds a server that hangs, which its check may not have found yet.
func (t *tally) addStalled(r *stats.Row, name string) {
	if state := r.State(); state == stats.StateDown || state == stats.StateMaint {
		return
	}
	switch level, note := stalled(name, r, t.now, &t.scratch); level {
	case "bad":
		t.bad = append(t.bad, note)
	case "warn":
		t.warn = append(t.warn, note)
	}
}

// addWithdrawn leaves out what stands in the list of orders with all that is known about it.
func (t *tally) addWithdrawn(r *stats.Row, note string) {
	if r.StateOrder() == nil {
		t.info = append(t.info, note)
	}
}

// name tells which backend a server is of, if there are several.
func (t *tally) name(r *stats.Row) string {
	if len(t.backends) == 1 {
		return r.Server
	}
	return r.Server + " of " + r.Proxy
}

// wellLine is the headline when nothing is wrong.
func (t *tally) wellLine() string {
	of := fmt.Sprintf(" of %d backends", len(t.backends))
	if len(t.backends) == 1 {
		of = " of " + t.backends[0]
	}
	switch {
	case t.all == 0:
		return "No servers are configured"
	case t.unchecked == t.inService:
		return fmt.Sprintf("%s%s: no health checks, taken as up", servers(t.inService), of)
	case t.unchecked > 0:
		return fmt.Sprintf("All %d checked servers%s are up, %d not checked", t.inService-t.unchecked, of, t.unchecked)
	case t.inService == 1 && t.all == 1:
		return "The only server" + of + " is up"
	case t.inService < t.all:
		return fmt.Sprintf("%d of %d servers%s are in service and up", t.inService, t.all, of)
	}
	return fmt.Sprintf("All %d servers%s are up", t.inService, of)
}

func backends(s *stats.Snapshot) (names []string) {
	for _, proxy := range s.Proxies {
		for i := range proxy.Rows {
			if proxy.Rows[i].Scope == stats.Backend {
				names = append(names, proxy.Name)
			}
		}
	}
	return names
}

func servers(n int) string {
	if n == 1 {
		return "1 server"
	}
	return fmt.Sprintf("%d servers", n)
}

func since(d time.Duration) string { return " since " + long(d) }

// following tells that a server is in maintenance because another one is.
func following(r *stats.Row) string {
	if r.Tracked == "" {
		return ""
	}
	return " with " + r.Tracked
}

func unresolved(r *stats.Row) string {
	if r.Resolved == "" {
		return ""
	}
	return ": " + r.Resolved
}

// because gives what the last check found.
func because(r *stats.Row) string {
	switch {
	case r.DownByAgent():
		return ": " + r.Agent.Detail
	case r.Check == nil:
		return ""
	case r.Check.Detail != "":
		return ": " + r.Check.Detail
	case r.Check.Description != "":
		return ": " + r.Check.Description
	}
	return ""
}
