// Package stats owns every figure that an admin sees: the counters that the data path
// increments, the Row and Snapshot made of them, and the one table of columns that drives CSV,
// JSON, the HTML page and Prometheus. It imports the standard library only.
package stats

import (
	"sync/atomic"

	"relais/balancer/why"
	"relais/stats/latency"
)

// Counter only goes up. It is safe for concurrent use.
type Counter struct{ atomic.Uint64 }

// Inc adds one.
func (c *Counter) Inc() { c.Add(1) }

// Gauge follows a current value and remembers its peak. It is safe for concurrent use.
type Gauge struct{ cur, peak atomic.Int64 }

// Inc adds one and moves the peak.
func (g *Gauge) Inc() {
	cur := g.cur.Add(1)
	for {
		peak := g.peak.Load()
		if cur <= peak || g.peak.CompareAndSwap(peak, cur) {
			return
		}
	}
}

// Dec takes one off.
func (g *Gauge) Dec() { g.cur.Add(-1) }

// Load returns the current value and the highest one so far.
func (g *Gauge) Load() (cur, peak int64) { return g.cur.Load(), g.peak.Load() }

// Average is HAProxy's sliding average over about the last 1024 samples, with the maximum since
// start. Samples and results are in microseconds. It is safe for concurrent use.
type Average struct {
	sum  atomic.Uint64 // the average times the number of samples, and in its lowest bits that number, at most the window
	peak atomic.Uint64
}

const (
	averageWindow = 1024
	averageBits   = 11      // of sum, for the number of samples
	longestSample = 1 << 42 // 50 days: so long that more does not fit
)

// Observe adds a sample of us microseconds.
func (a *Average) Observe(us uint64) {
	for {
		word := a.sum.Load()
		sum, n := word>>averageBits, word&(1<<averageBits-1)
		if n < averageWindow {
			n++
		} else {
			sum -= (sum + averageWindow - 1) / averageWindow
		}
		sum += min(us, longestSample)
		next := sum<<averageBits | n
		if next == word || a.sum.CompareAndSwap(word, next) { // a queue that nobody is in costs no write
			break
		}
	}
	for {
		peak := a.peak.Load()
		if us <= peak || a.peak.CompareAndSwap(peak, us) {
			return
		}
	}
}

// Load returns the average and the maximum.
func (a *Average) Load() (average, peak uint64) {
	word := a.sum.Load()
	n := max(1, word&(1<<averageBits-1))
	return (word>>averageBits + n - 1) / n, a.peak.Load()
}

// Responses counts answers by the class of their status: 0 holds the others, 1 to 5 the 1xx to 5xx.
type Responses [6]Counter

// Count adds one answer with the given status.
func (r *Responses) Count(status int) {
	class := status / 100
	if class < 1 || class > 5 {
		class = 0
	}
	r[class].Inc()
}

// FrontendCounters is what one frontend counts, from start to end of the process.
type FrontendCounters struct {
	Conns         Gauge   // client connections
	ConnsTotal    Counter // accepted
	Requests      Counter
	RequestErrors Counter // refused as malformed, too large or too slow
	Denied        Counter // turned away by a rule: denied, too many, too many at once
	Intercepted   Counter // answered by the frontend itself, such as with a redirect; error pages do not count
	BytesIn       Counter // heads and bodies from clients
	BytesOut      Counter // heads and bodies to clients
	Internal      Counter // panics
	Responses     Responses

	Refused  ByReason // requests that break the rules of HTTP
	Reported ByReason // those that break them harmlessly, and went on
}

// ServerCounters is what one server counts.
type ServerCounters struct {
	Sessions       Gauge              // requests in flight
	SessionsTotal  Counter            // requests given to the server
	Picks          [why.Picks]Counter // of them, by how the server was chosen
	BytesIn        Counter            // to the server
	BytesOut       Counter            // from the server
	ConnectErrors  Counter
	ResponseErrors Counter // empty, cut, malformed or late answers
	Retries        Counter // attempts on this server that were followed by another attempt
	Redispatches   Counter // of them, those that went on to another server
	ClientAborts   Counter
	ServerAborts   Counter // of answers that had begun
	Internal       Counter
	Connects       Counter      // connections attempted
	Reuses         Counter      // requests sent over a connection that had been idle
	RacesAvoided   Counter      // idle connections found closed or dirty before a request was given to them
	LastSession    atomic.Int64 // unix nanoseconds of the last request, 0: never
	Queue          Average
	Connect        Average
	Response       Average
	Total          Average
	Responses      Responses
	Times          latency.Times

	Failures    ByReason // attempts that failed, by cause; what the client did is none
	RetryCauses ByReason // attempts that another one followed
}

// Balanced is how many requests were given to the server neither because a cookie had named it nor
// from the queue (HAProxy's lbtot).
func (c *ServerCounters) Balanced() (n uint64) {
	for pick := range c.Picks {
		if pick := why.Pick(pick); pick != why.ByCookie && pick != why.ByQueue {
			n += c.Picks[pick].Load()
		}
	}
	return n
}

// BackendCounters is what a backend counts beside the sum over its servers.
type BackendCounters struct {
	Sessions      Gauge   // requests in flight
	SessionsTotal Counter // requests given to the backend
	OverBudget    Counter // retries that the retry budget did not allow
	Queued        Gauge   // requests that wait for a server with room
	NoServer      Counter // answered 503 because no server was usable, or had room in time
	ClientAborts  Counter // before a server was chosen
	LastSession   atomic.Int64
	Queue         Average
	Connect       Average
	Response      Average
	Total         Average
	Responses     Responses

	Refused  ByReason // answers that break the rules of HTTP
	Failures ByReason // those in which no server had a part, by cause
}
