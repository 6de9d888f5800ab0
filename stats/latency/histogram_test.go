package latency_test

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/stats/latency"
)

// Nothing is lost and nothing counted twice while everybody observes, ticks and reads.
func TestConcurrentUse(t *testing.T) {
	const observers, each = 4, 50_000
	var times latency.Times
	start := time.Unix(1_000_000, 0)
	ctx, cancel := context.WithCancel(t.Context())
	var observing, others sync.WaitGroup
	others.Go(func() {
		var scratch latency.Counts
		for n := 0; ctx.Err() == nil; n++ {
			times.Tick(start.Add(time.Duration(n%2)*time.Second), &scratch)
		}
	})
	others.Go(func() {
		var c latency.Counts
		for before := uint64(0); ctx.Err() == nil; before = c.Count() {
			c.Reset()
			times.Total.AddTotal(&c)
			if c.Count() < before {
				t.Errorf("the total went from %d to %d", before, c.Count())
				return
			}
			times.Total.AddRecent(&c, latency.Minute, start)
			c.Reset()
			times.Total.AddTotal(&c)
		}
	})
	for n := range observers {
		observing.Go(func() {
			for i := range uint64(each) {
				times.Total.Observe(i*uint64(n+1)%70_000 + i%2)
			}
		})
	}
	observing.Wait()
	cancel()
	others.Wait()

	var c latency.Counts
	times.Total.AddTotal(&c)
	want := 0.0
	for n := range observers {
		for i := range uint64(each) {
			want += float64(i*uint64(n+1)%70_000+i%2) / 1e6
		}
	}
	if got := c.Sum(); c.Count() != observers*each || got < 0.99*want || got > 1.01*want {
		t.Errorf("%d observations of %g s, want %d of %g s", c.Count(), got, observers*each, want)
	}
}

// The next tick finds what was observed during one, also if nothing follows.
func TestWindowsLoseNothing(t *testing.T) {
	const rounds, each = 1000, 500
	var histogram latency.Histogram
	var scratch, c latency.Counts
	now := time.Unix(1_000_000, 0)
	for round := range uint64(rounds) {
		var done atomic.Bool
		var observing sync.WaitGroup
		observing.Go(func() {
			defer done.Store(true)
			for i := range uint64(each) {
				histogram.Observe(i)
			}
		})
		for !done.Load() {
			histogram.Tick(now, &scratch)
		}
		observing.Wait()
		histogram.Tick(now, &scratch)
		c.Reset()
		histogram.AddTotal(&c)
		total := c.Count()
		c.Reset()
		histogram.AddRecent(&c, latency.TenSeconds, now)
		if want := (round + 1) * each; c.Count() != each || total != want {
			t.Fatalf("round %d: %d observations in the window, %d in total, want %d and %d", round, c.Count(), total, each, want)
		}
		now = now.Add(time.Hour)
		histogram.Tick(now, &scratch)
		if got := recent(&histogram, now); got != [3]uint64{} {
			t.Fatalf("round %d: the windows have %v an hour later", round, got)
		}
	}
}

func TestClear(t *testing.T) {
	var times latency.Times
	var scratch latency.Counts
	start := time.Unix(1_000_000, 0)
	for second := range 12 {
		times.Total.Observe(1000)
		times.Tick(start.Add(time.Duration(second)*time.Second), &scratch)
	}
	times.Clear()
	for round := range 2 {
		var c latency.Counts
		times.Total.AddTotal(&c)
		if c.Count() != uint64(round) || c.Sum() > float64(round)*0.00202 || len(times.Trend.Points()) != 0 {
			t.Errorf("round %d: %d observations of %g s, points %v", round, c.Count(), c.Sum(), times.Trend.Points())
		}
		times.Total.Observe(2000)
	}
	if got := recent(&times.Total, start.Add(12*time.Second)); got != [3]uint64{2, 2, 2} {
		t.Errorf("the windows have %v, want what came since", got)
	}
}

func TestAllocations(t *testing.T) {
	var histogram latency.Histogram
	var scratch latency.Counts
	now := time.Unix(1_000_000, 0)
	traffic := func() {
		for us := uint64(500); us < 20_000; us += 100 {
			histogram.Observe(us)
		}
	}
	if got := testing.AllocsPerRun(1000, traffic); got != 0 {
		t.Errorf("%v allocations for latencies whose like was seen, want none", got)
	}
	tick := func() {
		traffic()
		now = now.Add(time.Second)
		histogram.Tick(now, &scratch)
	}
	for range 1000 {
		tick()
	}
	if got := testing.AllocsPerRun(1000, tick); got != 0 {
		t.Errorf("%v allocations in a tick, want none", got)
	}
	read := func() {
		scratch.Reset()
		histogram.AddRecent(&scratch, latency.FiveMinutes, now)
		scratch.Quantiles()
	}
	if got := testing.AllocsPerRun(100, read); got != 0 {
		t.Errorf("%v allocations in reading a window, want none", got)
	}
}

// busy gives a histogram some minutes of a server's traffic: latencies of around 3 ms, spread
// lognormally.
func busy(h *latency.Histogram, minutes, perSecond int, spread float64, scratch *latency.Counts) (now time.Time) {
	now = time.Unix(1_000_000, 0)
	random := newRandom()
	for range minutes * 30 {
		for range 2 * perSecond {
			h.Observe(uint64(3000 * math.Exp(random.NormFloat64()*spread)))
		}
		now = now.Add(2 * time.Second)
		h.Tick(now, scratch)
	}
	return now
}

// Ten thousand servers cost what the busy ones among them do: typical ones less than 8 KiB.
func TestMemory(t *testing.T) {
	for _, tt := range []struct {
		name            string
		used, perSecond int
		spread          float64
		most            float64 // bytes
	}{
		{"typical", 100, 100, 0.5, 8 << 10}, // nine of ten within a factor of 2.3 of the median
		{"much and of all sorts", 10, 1000, 0.8, 15 << 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			const servers = 10_000
			var scratch latency.Counts
			before := heap()
			all := make([]latency.Histogram, servers)
			idle := heap()
			if per := float64(idle-before) / servers; per > 16 {
				t.Errorf("an idle histogram takes %.0f bytes, want a pointer", per)
			}
			var now time.Time
			for i := range tt.used {
				now = busy(&all[i*servers/tt.used], 6, tt.perSecond, tt.spread, &scratch)
			}
			per := float64(heap()-idle) / float64(tt.used)
			if per > tt.most {
				t.Errorf("a busy histogram takes %.0f bytes, want %.0f at most", per, tt.most)
			}
			for i := range all {
				all[i].Tick(now.Add(time.Hour), &scratch)
			}
			quiet := float64(heap()-idle) / float64(tt.used)
			if quiet > per*2/3 {
				t.Errorf("a histogram that was busy takes %.0f bytes of %.0f an hour later", quiet, per)
			}
			t.Logf("bytes: busy %.0f, quiet again %.0f", per, quiet)
			runtime.KeepAlive(all)
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
