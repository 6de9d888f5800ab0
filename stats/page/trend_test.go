package page

import (
	"strings"
	"testing"
	"time"

	"relais/stats/latency"
	"relais/stats/statstest"
)

func TestTrendPaths(t *testing.T) {
	ms := time.Millisecond
	points := []latency.Point{{Rate: 0, P99: -1}, {Rate: 50, P99: 9 * ms}, {Rate: 100, P99: 18 * ms}, {Rate: 10, P99: -1}, {Rate: 100, P99: 0}}
	if got, want := lineOf(points, 18*ms), "M56 10h0L57 1M59 19h0"; got != want {
		t.Errorf("line %s, want %s", got, want)
	}
	if got, want := areaOf(points, 100), "M55 20L55 20L56 15L57 10L58 19L59 10V20Z"; got != want {
		t.Errorf("area %s, want %s", got, want)
	}
	if got := lineOf(points[:1], -1); got != "" {
		t.Errorf("line %s of nothing", got)
	}
}

// Who does not see the drawing is told the same.
func TestTrendWords(t *testing.T) {
	s := statstest.Busy()
	for i, want := range []string{
		"last 5 minutes: 200 requests/s now, 240 at most; p99 9.65 ms now, 9.85 ms at most",
		"last 5 minutes: 150 requests/s now, 180 at most; p99 4.02 ms now, 9.85 ms at most",
		"last 5 minutes: 3 requests/s now, 4 at most; too few for p99",
	} {
		trend := newTrend(s.Proxies[1].Rows[i].Times)
		if got := plain(trend.Words); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if strings.Contains(trend.Rate+trend.P99, "-") {
			t.Errorf("%s and %s leave the drawing", trend.Rate, trend.P99)
		}
	}
	if newTrend(nil) != nil || newTrend(&latency.Times{}) != nil {
		t.Error("there is a trend of nothing")
	}
}
