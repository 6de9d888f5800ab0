package latency

import "time"

// Times is what a server takes its time for. It takes 72 bytes until something is observed, and
// is as safe for concurrent use as what it is made of.
type Times struct {
	Queue    Histogram // answered requests that had to wait for a free slot
	Connect  Histogram // answered requests that had to open a connection
	Response Histogram // answered requests: from the request to the head of the answer
	Total    Histogram // answered requests, from their first byte to the last of the answer
	Errors   Histogram // requests that failed, from their first byte to their end
	Tunnels  Histogram // how long tunnels lasted
	Trend    Trend     // of Total
}

// Tick ticks all of them. What scratch holds is lost.
func (t *Times) Tick(now time.Time, scratch *Counts) {
	for _, h := range t.all() {
		h.Tick(now, scratch)
	}
	t.Trend.Tick(now, &t.Total, scratch)
}

// Clear forgets everything.
func (t *Times) Clear() {
	for _, h := range t.all() {
		h.Clear()
	}
	t.Trend.Clear()
}

func (t *Times) all() [6]*Histogram {
	return [...]*Histogram{&t.Queue, &t.Connect, &t.Response, &t.Total, &t.Errors, &t.Tunnels}
}
