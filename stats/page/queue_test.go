package page

import (
	"slices"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/statstest"
)

func TestQueues(t *testing.T) {
	s := statstest.Busy()
	list := newQueues(&s, stats.Filter{})
	if len(list) != 1 {
		t.Fatalf("%d queues", len(list))
	}
	q := list[0]
	if got, want := plains([]string{q.Backend, q.Waiting, q.First, q.Highest, q.Where, q.Level}), []string{"app", "1 234", "1.4 s", "2 345", "web3 is full (5 of 5)", "warn"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	rows := s.Proxies[1].Rows
	rows[4].OldestQueued, rows[0].Queue = 900*time.Millisecond, 3
	if q := newQueues(&s, stats.Filter{})[0]; q.Level != "" || plain(q.Where) != "3 for web1, web3 is full (5 of 5)" {
		t.Errorf("%+v", q)
	}
	if list := newQueues(&s, stats.Filter{Scope: "api"}); list != nil {
		t.Errorf("behind a filter: %+v", list)
	}
	rows[4].Queue = 0
	if list := newQueues(&s, stats.Filter{}); list != nil {
		t.Errorf("when nobody waits: %+v", list)
	}
}

// Who waits for more than a second is in the summary.
func TestSummaryOfAQueue(t *testing.T) {
	s := statstest.Healthy()
	backend := &s.Proxies[1].Rows[3]
	backend.Queue, backend.OldestQueued = 1, time.Second
	if got := summarize(&s); got.Level != "good" {
		t.Errorf("%s: %q", got.Level, got.Line)
	}
	backend.OldestQueued = 1400 * time.Millisecond
	if got := summarize(&s); got.Level != "warn" || plain(got.Line) != "1 request waits in the queue of app, the first for 1.4 s" {
		t.Errorf("%s: %q", got.Level, got.Line)
	}
}
