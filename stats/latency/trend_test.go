package latency_test

import (
	"slices"
	"testing"
	"time"

	"relais/stats/latency"
)

// follow observes perSecond latencies of 50 us in each second and ticks at its end.
func follow(times *latency.Times, from time.Time, seconds, perSecond int) (now time.Time) {
	var scratch latency.Counts
	now = from
	for range seconds {
		for range perSecond {
			times.Total.Observe(50)
		}
		now = now.Add(time.Second)
		times.Tick(now, &scratch)
	}
	return now
}

func TestTrend(t *testing.T) {
	var times latency.Times
	now := follow(&times, time.Unix(1_000_000, 0), 20, 0)
	if points := times.Trend.Points(); points != nil {
		t.Fatalf("without a request: %v", points)
	}
	now = follow(&times, now, 16, 40)
	now = follow(&times, now, 15, 4)
	now = follow(&times, now, 10, 0)
	points := times.Trend.Points()
	const us50, absent = 50 * time.Microsecond, -1
	want := []latency.Point{
		{48, us50},                        // with the second before the line began
		{40, us50}, {40, us50}, {4, us50}, // within ten seconds of more
		{4, absent}, {4, absent}, {0, absent}, {0, absent},
	}
	if !slices.Equal(points, want) {
		t.Fatalf("points %v, want %v", points, want)
	}
	follow(&times, now, 5*60-10, 0)
	if points := times.Trend.Points(); points != nil {
		t.Errorf("after five minutes without a request: %v", points)
	}
}

func TestTrendRemembersFiveMinutes(t *testing.T) {
	var times latency.Times
	now := follow(&times, time.Unix(1_000_000, 0), 300, 10)
	now = follow(&times, now, 301, 30)
	points := times.Trend.Points()
	if len(points) != latency.TrendPoints || points[0].Rate != 30 || points[latency.TrendPoints-1].Rate != 30 {
		t.Fatalf("%d points: %v", len(points), points)
	}
	follow(&times, now, 5, 2)
	points = times.Trend.Points()
	if points[0].Rate != 30 || points[latency.TrendPoints-1].Rate != 2 {
		t.Errorf("the newest is not the last: %v", points)
	}
}

func TestTrendAndTheClock(t *testing.T) {
	var times latency.Times
	var scratch latency.Counts
	start := time.Unix(1_000_000, 0)
	now := follow(&times, start, 11, 10)
	for range 200 {
		times.Total.Observe(50)
	}
	times.Tick(now.Add(20*time.Second), &scratch) // late
	if got := rates(&times); !slices.Equal(got, []float64{12, 10, 10, 10, 10, 10}) {
		t.Errorf("after a late tick: %v", got)
	}
	times.Tick(start, &scratch) // set back
	if got := rates(&times); len(got) != 0 {
		t.Errorf("after the clock was set back: %v", got)
	}
	follow(&times, start, 6, 10)
	if got := rates(&times); !slices.Equal(got, []float64{12}) {
		t.Errorf("after the clock was set back and went on: %v", got)
	}
	times.Tick(start.Add(24*time.Hour), &scratch)
	if got := rates(&times); len(got) != 0 {
		t.Errorf("after the clock went ahead a day: %v", got)
	}
}

func rates(times *latency.Times) (rates []float64) {
	for _, p := range times.Trend.Points() {
		rates = append(rates, p.Rate)
	}
	return rates
}
