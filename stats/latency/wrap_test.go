package latency

import (
	"math"
	"testing"
	"time"
)

// A counter of 32 bits overflows after some days of steady traffic; what is told does not.
func TestCountersThatOverflow(t *testing.T) {
	var h Histogram
	var c, scratch Counts
	now := time.Unix(1_000_000, 0)
	total := func() uint64 {
		c.Reset()
		h.AddTotal(&c)
		return c.Count()
	}
	h.Observe(42)
	for turn := range uint64(3) {
		h.p.Load().chunks[index(42)/piece].Load().counts[index(42)%piece].Store(math.MaxUint32 - 1)
		h.p.Load().dirty.Store(true)
		h.Tick(now, &scratch)
		if got, want := total(), turn<<32+math.MaxUint32-1; got != want {
			t.Fatalf("turn %d: %d before it, want %d", turn, got, want)
		}
		now = now.Add(time.Hour)
		for range 5 {
			h.Observe(42)
		}
		if got, want := total(), (turn+1)<<32+3; got != want {
			t.Fatalf("turn %d: %d before the tick, want %d", turn, got, want)
		}
		h.Tick(now, &scratch)
		if got, want := total(), (turn+1)<<32+3; got != want {
			t.Fatalf("turn %d: %d after the tick, want %d", turn, got, want)
		}
		c.Reset()
		if h.AddRecent(&c, TenSeconds, now); c.Count() != 5 {
			t.Fatalf("turn %d: %d in the window, want 5", turn, c.Count())
		}
		now = now.Add(time.Hour)
	}
}
