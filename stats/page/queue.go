package page

import (
	"fmt"
	"html/template"
	"strings"
	"time"

	"relais/stats"
)

// queue is where requests of a backend wait for a free slot.
type queue struct {
	Backend string
	Anchor  template.URL
	Level   string // warn: the first has waited for long
	Waiting string
	First   string // how long the first has waited
	Highest string
	Where   string
}

// longWait is how long the first of a queue may wait before the page points at it.
const longWait = time.Second

// newQueues lists the backends that f shows in which something waits.
func newQueues(s *stats.Snapshot, f stats.Filter) (list []queue) {
	for _, proxy := range s.Proxies {
		if len(proxy.Rows) == 0 || !f.Shows(proxy.Name) {
			continue
		}
		if r := &proxy.Rows[len(proxy.Rows)-1]; r.Scope == stats.Backend && r.Queue > 0 {
			list = append(list, newQueue(r, proxy.Rows[:len(proxy.Rows)-1]))
		}
	}
	return list
}

func newQueue(r *stats.Row, servers []stats.Row) queue {
	q := queue{
		Backend: r.Proxy, Anchor: anchor(r.Proxy), Waiting: grouped(r.Queue),
		First: waited(r.OldestQueued), Highest: grouped(r.QueueMax), Where: where(servers),
	}
	if r.OldestQueued > longWait {
		q.Level = "warn"
	}
	return q
}

// where tells which servers are full, and for which of them somebody waits.
func where(servers []stats.Row) string {
	var words []string
	for i := range servers {
		switch r := &servers[i]; {
		case r.Queue > 0:
			words = append(words, fmt.Sprintf("%s for %s", grouped(r.Queue), r.Server))
		case r.SessionsLimit > 0 && r.Sessions >= int64(r.SessionsLimit):
			words = append(words, fmt.Sprintf("%s is full (%s of %s)", r.Server, grouped(r.Sessions), grouped(r.SessionsLimit)))
		}
	}
	if more := len(words) - mostShares; more > 0 {
		words = append(words[:mostShares], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}

func waiting(n int64) string {
	if n == 1 {
		return "1 request waits"
	}
	return requests(n) + " wait"
}

// queueTip tells how long the first of a backend's queue has waited.
func queueTip(r *stats.Row) []line {
	if r.OldestQueued == 0 {
		return nil
	}
	return []line{{"The first waits for", waited(r.OldestQueued)}}
}
