package prom_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/latency"
	"relais/stats/statstest"
)

func BenchmarkScrape1000(b *testing.B)  { benchmarkScrape(b, 1000) }
func BenchmarkScrape10000(b *testing.B) { benchmarkScrape(b, 10_000) }

// protobuf is what a Prometheus with native histograms accepts.
const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

func benchmarkScrape(b *testing.B, servers int) {
	h := handlerOf(statstest.Loaded(servers))
	for _, client := range [...]struct{ name, accept, coding string }{
		{"text", "", ""}, {"text+gzip", "", "gzip"}, {"protobuf+gzip", protobuf, "gzip"},
	} {
		b.Run(client.name, func(b *testing.B) {
			var d discard
			b.ReportAllocs()
			for b.Loop() {
				d = discard{}
				h.ServeHTTP(&d, asking(client.accept, client.coding))
			}
			b.ReportMetric(float64(d.bytes), "bytes/scrape")
		})
	}
}

// A scrape of 1,000 servers with all their histograms takes less than a second, and what is allocated
// for it altogether is about what is written. The bounds leave room for a loaded machine; what was
// measured is in the log.
func TestScrapeOfManyServers(t *testing.T) {
	for accept, most := range map[string]uint64{"": 40 << 20, protobuf: 100 << 20} {
		h, d := handlerOf(statstest.Loaded(1000)), &discard{}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		h.ServeHTTP(d, asking(accept, "gzip"))
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		memory := after.TotalAlloc - before.TotalAlloc
		t.Logf("%q: %v, %d KiB, of memory %d KiB", accept, took, d.bytes>>10, memory>>10)
		if took > time.Minute || memory > most {
			t.Errorf("%q: %v and %d KiB of memory", accept, took, memory>>10)
		}
	}
}

// A large answer goes out while it is made, in pieces of a bounded size.
func TestStreamed(t *testing.T) {
	d := &discard{}
	handlerOf(statstest.Large(1000)).ServeHTTP(d, asking("", ""))
	if d.largest > 1<<20 || d.flushes == 0 {
		t.Errorf("%d bytes at once, %d flushes", d.largest, d.flushes)
	}
	d = &discard{}
	handlerOf(statstest.Healthy()).ServeHTTP(d, asking("", ""))
	if d.flushes != 0 {
		t.Errorf("an answer of %d bytes is sent without its length", d.bytes)
	}
}

func TestCompressed(t *testing.T) {
	h := handler(statstest.Full)
	for accepted, want := range map[string]bool{
		"gzip": true, "deflate, GZIP ;q=0.5": true, "": false, "gzip;q=0": false, "gzip; q=0.00, identity": false, "br": false,
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, asking("", accepted))
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != want {
			t.Errorf("%q: %v, want %v", accepted, got, want)
			continue
		}
		var body io.Reader = answer.Body
		if want {
			unpacked, err := gzip.NewReader(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		text, err := io.ReadAll(body)
		if err != nil || !strings.Contains(string(text), `relais_config_info{`) || !strings.Contains(string(text), "\ngo_goroutines ") {
			t.Errorf("%q: %v, %d bytes", accepted, err, len(text))
		}
	}
}

func TestHead(t *testing.T) {
	answer := httptest.NewRecorder()
	handler(statstest.Full).ServeHTTP(answer, httptest.NewRequest("HEAD", "/metrics", nil))
	if answer.Code != http.StatusOK || answer.Body.Len() > 0 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Errorf("%d, %d bytes, %v", answer.Code, answer.Body.Len(), answer.Header())
	}
}

// Scrapes do not pile up: those beyond four at once are turned away, and come again.
func TestScrapesAtOnce(t *testing.T) {
	began, proceed := make(chan struct{}), make(chan struct{})
	h := handler(func() stats.Snapshot {
		began <- struct{}{}
		<-proceed
		return statstest.Healthy()
	})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { h.ServeHTTP(&discard{}, asking("", "")) })
		<-began
	}
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, asking("", ""))
	if answer.Code != http.StatusServiceUnavailable || answer.Header().Get("Retry-After") == "" || !strings.Contains(answer.Body.String(), "4 scrapes are under way") {
		t.Errorf("the fifth: %d %s", answer.Code, answer.Body)
	}
	close(proceed)
	all.Wait()
	all.Go(func() { <-began })
	if scrape(t, h) == "" {
		t.Error("nothing afterwards")
	}
	all.Wait()
}

// A server that has not answered has no histogram, and a scrape gives it none.
func TestHistogramsOnFirstUse(t *testing.T) {
	s := statstest.Large(2)
	rows := s.Proxies[1].Rows
	rows[0].Times, rows[1].Times = &latency.Times{}, &latency.Times{}
	h := handlerOf(s)
	if text := scrape(t, h); strings.Contains(text, "time_seconds_bucket") {
		t.Error("histograms of servers that have not answered yet")
	}
	rows[0].Times.Response.Observe(1000)
	text := scrape(t, h)
	for line, want := range map[string]bool{
		`relais_server_response_time_seconds_count{proxy="app",server="web1"} 1`: true,
		`relais_server_response_time_seconds_count{proxy="app",server="web2"`:    false,
		`relais_backend_response_time_seconds_count{proxy="app"} 1`:              true,
		`relais_server_total_time_seconds`:                                       false,
		`relais_backend_total_time_seconds`:                                      false,
	} {
		if strings.Contains(text, line) != want {
			t.Errorf("%s: %v, want %v", line, !want, want)
		}
	}
	if !reflect.ValueOf(rows[1].Times).Elem().IsZero() {
		t.Error("a scrape has given memory to histograms that nothing was observed in")
	}
}

// asking is a request of a client that accepts a format and a coding.
func asking(accept, coding string) *http.Request {
	request := httptest.NewRequest("GET", "/metrics", nil)
	request.Header.Set("Accept", accept)
	request.Header.Set("Accept-Encoding", coding)
	return request
}

// discard is a client that takes everything and keeps nothing.
type discard struct {
	header                  http.Header
	bytes, largest, flushes int
}

func (d *discard) Header() http.Header {
	if d.header == nil {
		d.header = http.Header{}
	}
	return d.header
}

func (d *discard) Write(b []byte) (int, error) {
	d.bytes += len(b)
	d.largest = max(d.largest, len(b))
	return len(b), nil
}

func (*discard) WriteHeader(int) {}

func (d *discard) Flush() { d.flushes++ }
