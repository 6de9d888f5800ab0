package stats_test

import (
	"maps"
	"sync"
	"testing"

	"relais/stats"
)

func TestByReason(t *testing.T) {
	var b stats.ByReason
	if got := b.Load(); got != nil {
		t.Errorf("nothing has happened, and the counts are %v", got)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				b.Inc("chunk")
				b.Inc("host")
			}
		})
	}
	all.Wait()
	if got, want := b.Load(), map[string]uint64{"chunk": 800, "host": 800}; !maps.Equal(got, want) {
		t.Errorf("the counts are %v, want %v", got, want)
	}
	if n := testing.AllocsPerRun(100, func() { b.Inc("host") }); n != 0 {
		t.Errorf("counting allocates %v times", n)
	}
}
