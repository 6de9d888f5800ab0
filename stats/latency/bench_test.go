package latency_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"relais/stats/latency"
)

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// drawn are latencies drawn beforehand, so that drawing is not measured.
func drawn() (us [1 << 12]uint64) {
	random, draw := newRandom(), distributions()["lognormal"]
	for i := range us {
		us[i] = draw(random)
	}
	return us
}

func BenchmarkObserve(b *testing.B) {
	var h latency.Histogram
	us := drawn()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		h.Observe(us[n%len(us)])
		n++
	}
}

func BenchmarkObserveParallel(b *testing.B) {
	us := drawn()
	for _, same := range []bool{false, true} {
		b.Run(map[bool]string{false: "spread", true: "one bucket"}[same], func(b *testing.B) {
			var h latency.Histogram
			b.RunParallel(func(pb *testing.PB) {
				for n := rand.IntN(len(us)); pb.Next(); n++ {
					if same {
						h.Observe(1234)
					} else {
						h.Observe(us[n%len(us)])
					}
				}
			})
		})
	}
}

func BenchmarkQuantiles(b *testing.B) {
	var h latency.Histogram
	var c latency.Counts
	now := busy(&h, 6, 1000, 0.8, &c)
	for _, w := range latency.Windows() {
		b.Run(w.String(), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Reset()
				h.AddRecent(&c, w, now)
				c.Quantiles()
			}
		})
	}
}

// BenchmarkTick ticks the times of 10,000 servers that were never used, that are idle, and of
// which 100 are busy.
func BenchmarkTick(b *testing.B) {
	const servers = 10_000
	var scratch latency.Counts
	us := drawn()
	traffic := func(times []latency.Times) {
		for i := range times {
			for _, us := range us[:200] {
				times[i].Response.Observe(us)
				times[i].Total.Observe(us)
			}
		}
	}
	for _, bb := range []struct {
		name       string
		used, busy int
	}{{"never used", 0, 0}, {"all idle", servers, 0}, {"100 busy", 100, 100}} {
		b.Run(bb.name, func(b *testing.B) {
			times := make([]latency.Times, servers)
			now := time.Unix(1_000_000, 0)
			tick := func() {
				for i := range times {
					times[i].Tick(now, &scratch)
				}
			}
			traffic(times[:bb.used])
			tick()
			for b.Loop() {
				b.StopTimer()
				traffic(times[:bb.busy])
				now = now.Add(time.Second)
				b.StartTimer()
				tick()
			}
		})
	}
}
