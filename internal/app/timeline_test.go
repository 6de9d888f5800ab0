package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"relais/healthcheck"
	"relais/stats"
)

// TestTimelineKeepsWhatLedToAStorm: a thousand servers that go down push out neither the reload
// before nor the order.
func TestTimelineKeepsWhatLedToAStorm(t *testing.T) {
	a, at := &App{}, time.Unix(1e9, 0)
	a.timeline.add(aboutProcess, stats.Happening{At: at, What: "reload"})
	a.noteOrder(time.Time{}, "server app/web1: state drain", "root", "disk swap")
	for i := range 1000 {
		a.noteTransition(healthcheck.Transition{ID: healthcheck.ID{Backend: "app", Server: fmt.Sprint("s", i)}, At: at.Add(time.Duration(i+1) * time.Second)}, "DOWN")
	}
	all := a.timeline.happenings()
	if len(all) != longestTimeline+2 || all[0].What != "reload" || all[longestTimeline].Server != "s999" {
		t.Errorf("%d happenings, the first is %+v, the last server is %s", len(all), all[0], all[longestTimeline].Server)
	}
	if last := all[len(all)-1]; last.Proxy != "app" || last.Server != "web1" || last.What != "state drain" || last.By != "root" || last.Reason != "disk swap" {
		t.Errorf("the order is %+v", last)
	}
}

// TestTimelineIsSorted: what comes late to the timeline still stands where it belongs.
func TestTimelineIsSorted(t *testing.T) {
	var l timeline
	for _, second := range []int64{3, 1, 2} {
		l.add(kind(second), stats.Happening{At: time.Unix(second, 0), What: fmt.Sprint(second)})
	}
	var order []string
	for _, h := range l.happenings() {
		order = append(order, h.What)
	}
	if got := strings.Join(order, " "); got != "1 2 3" {
		t.Error(got)
	}
}

// TestTimelineIsNotFloodedByNewServers: that a server which is new comes up is no news.
func TestTimelineIsNotFloodedByNewServers(t *testing.T) {
	a := &App{}
	a.noteTransition(healthcheck.Transition{Up: true, First: true}, "UP")
	if all := a.timeline.happenings(); len(all) > 0 {
		t.Errorf("it has %+v", all)
	}
	a.noteTransition(healthcheck.Transition{Up: true}, "UP")
	if all := a.timeline.happenings(); len(all) != 1 || all[0].Trouble {
		t.Errorf("one that comes back makes it %+v", all)
	}
}

func TestOrdersOnTheTimeline(t *testing.T) {
	for _, test := range []struct{ said, proxy, server, what string }{
		{"server app/web1: health down", "app", "web1", "health down"},
		{"server app/web:1: state maint for 1h0m0s", "app", "web:1", "state maint for 1h0m0s"},
		{"frontend web: state disabled", "web", "", "state disabled"},
		{"process: maxconn 500", "", "", "maxconn 500"},
		{"all counters were cleared", "", "", "all counters were cleared"},
	} {
		a := &App{}
		a.noteOrder(time.Time{}, test.said, "root", "")
		if h := a.timeline.happenings()[0]; h.Proxy != test.proxy || h.Server != test.server || h.What != test.what {
			t.Errorf("%s: %+v", test.said, h)
		}
	}
}

func TestOneLine(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{" two\nlines\n", "two; lines"},
		{"\x1b[31mred\x07\tü", " [31mred  ü"},
		{"bro\xffken", "bro\ufffdken"},
		{strings.Repeat("ü", 300), strings.Repeat("ü", 198) + "…"},
	} {
		if got := oneLine(test.text); got != test.want || len(got) > longestHappening {
			t.Errorf("%q became %q", test.text, got)
		}
	}
}
