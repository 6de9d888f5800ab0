package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/latency"
	"relais/stats/statstest"
)

// What stands in the columns, by the window that the address asks for.
func TestLatencyCells(t *testing.T) {
	s := statstest.Busy()
	for _, tt := range []struct {
		window, row string
		want        []string // answers, p50, p90, p99, p99.9
	}{
		{"10s", "app/web1", []string{"1 600", "3.07", "3.67", "9.25", "–"}},
		{"", "app/web1", []string{"9 600", "3.02", "3.67", "9.35", "–"}},
		{"5m", "app/web1", []string{"48 000", "2.47", "3.47", "6.25", "9.85"}},
		{"", "app/web3", []string{"144", "925", "1 130", "2 625", "–"}},
		{"", "app/web4", []string{"", "", "", "", ""}},
		{"", "app/Backend", []string{"16 494", "2.62", "3.62", "9.85", "1 130"}},
	} {
		o := Options{Path: "/haproxy-stats"}
		o.SetWindow(tt.window)
		v := newView(&s, o)
		if got := texts(cellsOf(v, tt.row)[:5]); !slices.Equal(got, tt.want) {
			t.Errorf("%s over %q: %q, want %q", tt.row, tt.window, got, tt.want)
		}
	}
}

// A backend's percentiles count the servers that a filter hides.
func TestLatencyBehindAFilter(t *testing.T) {
	s := statstest.Busy()
	s.Proxies[1].Rows[0].Health = stats.Down
	v := newView(&s, Options{Options: stats.ParseOptions(";up", "")})
	if len(cellsOf(v, "app/web1")) > 0 {
		t.Error("web1 is shown")
	}
	if got := texts(cellsOf(v, "app/Backend")[:1]); got[0] != "16 494" {
		t.Errorf("the backend has %s answers", got[0])
	}
}

// Errors and tunnels are apart, in the tip of p99.
func TestLatencyTip(t *testing.T) {
	times := &latency.Times{}
	for us := uint64(1000); us <= 2000; us++ {
		times.Total.Observe(us)
	}
	times.Errors.Observe(5_000_000)
	times.Tunnels.Observe(60_000_000)
	times.Tick(statstest.Now, &latency.Counts{})
	l := newLately([]*latency.Times{times}, statstest.Now.Add(11*time.Second), &latency.Counts{})
	want := []line{
		{"Last 1 min: 1 001 answers", "p50 1.51, p90 1.91, p99 1.99 ms"},
		{"– errors: 1", "p50 5 050 ms"},
		{"– tunnels that ended: 1", "p50 60 500 ms"},
		{"Last 5 min: 1 001 answers", "p50 1.51, p90 1.91, p99 1.99 ms"},
		{"– errors: 1", "p50 5 050 ms"},
		{"– tunnels that ended: 1", "p50 60 500 ms"},
	}
	var got []line
	for _, l := range l.lines() {
		got = append(got, line{plain(l.Name), plain(l.Value)})
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q,\nwant %q", got, want)
	}
	if lines := (&lately{}).lines(); lines != nil {
		t.Errorf("of nothing: %q", lines)
	}
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-1: "–", 0: "0.00", 1500: "0.00", 349 * time.Microsecond: "0.35", 9994 * time.Microsecond: "9.99", 9996 * time.Microsecond: "10.0",
		99949 * time.Microsecond: "99.9", 99951 * time.Microsecond: "100", 1999500 * time.Microsecond: "2 000",
	} {
		if got := plain(millis(d)); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
}

func cellsOf(v view, id string) []cell {
	for _, table := range v.Tables {
		for _, row := range table.Rows {
			if row.ID == id {
				return row.Cells
			}
		}
	}
	return nil
}

func texts(cells []cell) (out []string) {
	for _, c := range cells {
		out = append(out, plain(strings.Join(c.Digits, " ")+c.Text))
	}
	return out
}
