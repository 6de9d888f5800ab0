package supervise

import "time"

const (
	firstPause = 200 * time.Millisecond
	lastPause  = 10 * time.Second
	healthyRun = 30 * time.Second // after which the next death counts as the first
)

// backoff says how long to wait before a process is started again.
type backoff struct {
	pause time.Duration
}

// next returns the wait after a process that ran for so long: doubled each time, from firstPause
// to lastPause.
func (b *backoff) next(ran time.Duration) time.Duration {
	if b.pause == 0 || ran >= healthyRun {
		b.pause = firstPause
		return b.pause
	}
	b.pause = min(2*b.pause, lastPause)
	return b.pause
}
