package main_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestLatency has one server take 20 ms longer than the other: percentiles and histograms tell.
func TestLatency(t *testing.T) {
	slow := testkit.Address(testkit.HTTPServer(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-r.Context().Done():
		}
	}))
	config, socket := withSocket(t, farm("", named(t, "fast"), slow))
	r := run(t, config, nil)
	l := startLoad("http://"+r.addr+"/", 4)
	l.proceed(t, 400)
	l.end(t)
	said := order(t, socket, "show", "latency", "app")
	medians := map[string]time.Duration{}
	requests := map[string]int{}
	for line := range strings.Lines(said) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 9 && f[1] == "1m" {
			medians[f[0]], _ = time.ParseDuration(f[3])
			requests[f[0]], _ = strconv.Atoi(f[2])
		}
	}
	if medians["app/web2"] < 20*time.Millisecond || medians["app/web1"] >= medians["app/web2"] || requests["app/BACKEND"] != requests["app/web1"]+requests["app/web2"] || requests["app/BACKEND"] < 400 {
		t.Errorf("show latency says\n%s", said)
	}
	labels := `{proxy="app",server="web2"`
	if n, all := r.gauge(t, "relais_server_response_time_seconds_bucket"+labels+`,le="0.01"}`), r.gauge(t, "relais_server_response_time_seconds_count"+labels+"}"); n != 0 || int(all) != requests["app/web2"] {
		t.Errorf("%v of %v answers of the slow server came within 10 ms; it has given %d", n, all, requests["app/web2"])
	}
}
