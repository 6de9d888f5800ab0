package balancer

import (
	"time"

	"relais/internal/config"
)

// budgetWindow is over how many seconds a retry budget is reckoned.
const budgetWindow = 10

// budget bounds how many requests of a backend are sent again: to a part of the requests of the
// last seconds, and a few more. It belongs to the farm, under its lock.
type budget struct {
	second            int64 // unix time of the current second
	requests, retries [budgetWindow]int
}

// request counts a request.
func (b *budget) request(now time.Time) {
	b.advance(now)
	b.requests[b.second%budgetWindow]++
}

// retry tells whether there may be another retry now, and counts it.
func (b *budget) retry(now time.Time, limits config.RetryBudget) bool {
	b.advance(now)
	requests, retries := 0, 0
	for i := range budgetWindow {
		requests += b.requests[i]
		retries += b.retries[i]
	}
	i := b.second % budgetWindow
	if float64(retries) >= limits.Ratio*float64(requests) && b.retries[i] >= limits.Floor {
		return false
	}
	b.retries[i]++
	return true
}

// advance forgets the seconds that are too long ago.
func (b *budget) advance(now time.Time) {
	second := now.Unix()
	if second-b.second >= budgetWindow {
		*b = budget{second: second}
		return
	}
	for b.second < second {
		b.second++
		b.requests[b.second%budgetWindow], b.retries[b.second%budgetWindow] = 0, 0
	}
}
