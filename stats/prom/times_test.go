package prom_test

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"relais/stats"
	"relais/stats/latency"
)

// gathered returns a metric as a Prometheus with native histograms gets it, nil if there is none.
func gathered(t *testing.T, h http.Handler, name string) []*dto.Metric {
	t.Helper()
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", protobuf)
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, request)
	decoder := expfmt.NewDecoder(answer.Body, expfmt.ResponseFormat(answer.Header()))
	for {
		var f dto.MetricFamily
		switch err := decoder.Decode(&f); {
		case err == io.EOF:
			return nil
		case err != nil:
			t.Fatal(err)
		case f.GetName() == name:
			return f.GetMetric()
		}
	}
}

// The classic and the native buckets hold the same observations.
func TestTimes(t *testing.T) {
	var times latency.Times
	served := handlerOf(stats.Snapshot{Proxies: []stats.Proxy{{Name: "app", Rows: []stats.Row{{Scope: stats.Server, Proxy: "app", Server: "web1", Times: &times}}}}})
	const name = "relais_server_response_time_seconds"
	if gathered(t, served, name) != nil {
		t.Error("a histogram of a server that has not answered yet")
	}
	for _, ms := range []uint64{0, 1, 4, 4, 40, 40, 700, 30_000} {
		times.Response.Observe(ms * 1000)
	}
	h := gathered(t, served, name)[0].GetHistogram()
	if h.GetSampleCount() != 8 || math.Abs(h.GetSampleSum()-30.789) > 0.31 {
		t.Errorf("count %d, sum %v", h.GetSampleCount(), h.GetSampleSum())
	}
	for bound, want := range map[float64]uint64{0.0005: 1, 0.0025: 2, 0.005: 4, 0.05: 6, 0.5: 6, 1: 7, 10: 7} {
		for _, b := range h.GetBucket() {
			if b.GetUpperBound() == bound && b.GetCumulativeCount() != want {
				t.Errorf("%d within %v s, want %d", b.GetCumulativeCount(), bound, want)
			}
		}
	}
	native := map[int]int64{}
	number, count, delta := 0, int64(0), 0
	for _, span := range h.GetPositiveSpan() {
		number += int(span.GetOffset())
		for range span.GetLength() {
			count += h.GetPositiveDelta()[delta]
			native[number] = count
			number, delta = number+1, delta+1
		}
	}
	within := func(seconds float64) (n int64) { // the bucket i ends at 2^(i/8)
		for i, c := range native {
			if math.Exp2(float64(i)/8) > seconds && math.Exp2(float64(i-1)/8) <= seconds {
				n += c
			}
		}
		return n
	}
	for seconds, want := range map[float64]int64{0.001: 1, 0.004: 2, 0.04: 2, 0.7: 1, 30: 1} {
		if n := within(seconds); n != want {
			t.Errorf("%d in the native bucket around %v s, want %d", n, seconds, want)
		}
	}
	if h.GetZeroCount() != 1 {
		t.Errorf("%d at zero, want 1", h.GetZeroCount())
	}
	if text := scrape(t, served); !strings.Contains(text, name+`_bucket{proxy="app",server="web1",le="0.005"} 4`) {
		t.Error("the text has no classic buckets")
	}
}
