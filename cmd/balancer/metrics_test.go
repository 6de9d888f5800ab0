package main_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// prometheus starts one that scrapes the admin listener twice a second, and returns what
// answers queries with their first value, "" if there is none.
func (r *running) prometheus(t *testing.T, flags ...string) func(query string) string {
	t.Helper()
	program := testkit.Program(t, "prometheus")
	dir, addr := t.TempDir(), testkit.RefusingAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	testkit.WriteFile(t, config, []byte(fmt.Sprintf("global: {scrape_interval: 500ms, scrape_timeout: 500ms}\nscrape_configs:\n- {job_name: relais, static_configs: [{targets: [%q]}]}\n", r.stats)))
	testkit.Start(t, nil, program, append(flags, "--config.file="+config, "--storage.tsdb.path="+dir, "--web.listen-address="+addr)...)
	return func(query string) string {
		answer, err := http.Get("http://" + addr + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return ""
		}
		defer answer.Body.Close()
		var v struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		_ = json.NewDecoder(answer.Body).Decode(&v)
		if len(v.Data.Result) == 0 {
			return ""
		}
		return fmt.Sprint(v.Data.Result[0].Value[1])
	}
}

// TestPrometheusHistograms asks two Prometheus servers, one with native histograms, for the median
// that "show latency" gives.
func TestPrometheusHistograms(t *testing.T) {
	config, socket := withSocket(t, farm("", testkit.Address(testkit.HTTPServer(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(20 * time.Millisecond):
		case <-r.Context().Done():
		}
	}))))
	r := run(t, config, nil)
	l := startLoad("http://"+r.addr+"/", 4)
	l.proceed(t, 200)
	l.end(t)
	want := r.median(t, socket, "app/web1").Seconds()
	classic, native := r.prometheus(t), r.prometheus(t, "--enable-feature=native-histograms")
	for _, test := range []struct {
		kind   string
		ask    func(string) string
		query  string
		within float64 // as the buckets are wide
	}{
		{"classic", classic, `histogram_quantile(0.5, relais_server_total_time_seconds_bucket{server="web1"})`, 2.5},
		{"classic of the backend", classic, `histogram_quantile(0.5, relais_backend_total_time_seconds_bucket)`, 2.5},
		{"native", native, `histogram_quantile(0.5, relais_server_total_time_seconds{server="web1"})`, 1.11},
		{"native of the backend", native, `histogram_quantile(0.5, relais_backend_total_time_seconds)`, 1.11},
	} {
		var answer string
		testkit.Eventually(t, "Prometheus has it: "+test.kind, func() bool { answer = test.ask(test.query); return answer != "" })
		got, err := strconv.ParseFloat(answer, 64)
		if err != nil || !(math.Max(got/want, want/got) <= test.within) {
			t.Errorf("%s: the median is %s s, show latency says %v s", test.kind, answer, want)
		}
	}
}

// median is that of the last five minutes.
func (r *running) median(t *testing.T, socket, server string) time.Duration {
	t.Helper()
	for line := range strings.Lines(order(t, socket, "show", "latency")) {
		if f := strings.Split(strings.TrimSpace(line), "\t"); len(f) == 9 && f[0] == server && f[1] == "5m" {
			d, err := time.ParseDuration(f[3])
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
	}
	t.Fatalf("show latency says nothing of %s", server)
	return 0
}

func TestMetricsQuery(t *testing.T) {
	r := run(t, farm("", "127.0.0.1:1"), nil)
	for _, test := range []struct {
		query          string
		code           int
		want, unwanted string
	}{
		{"", 200, "go_goroutines", "no such metric"},
		{"?scope=server", 200, `haproxy_server_status{proxy="app",server="web1",state="UP"} 1`, "haproxy_backend_status"},
		{"?metrics=relais_config_info", 200, "relais_config_info{hash=", "haproxy_"},
		{"?scope=", 200, "", "haproxy_"},
		{"?scope", 400, "a value is missing", "haproxy_"},
		{"?scope=all", 400, "unknown scope", "haproxy_"},
	} {
		if code, body := r.get(t, "/metrics"+test.query); code != test.code || !strings.Contains(body, test.want) || strings.Contains(body, test.unwanted) {
			t.Errorf("%s: %d, %.200s", test.query, code, body)
		}
	}
}

// TestMetricsOfManyServers scrapes 1,000 servers, also for clients that do not wait for the answer.
func TestMetricsOfManyServers(t *testing.T) {
	r := run(t, manyServers(0, named(t, "a")), nil)
	start := time.Now()
	code, metrics := r.get(t, "/metrics")
	took := time.Since(start)
	t.Logf("one scrape takes %v: %d KiB", took, len(metrics)>>10)
	if servers := strings.Count(metrics, "\nhaproxy_server_weight{"); code != 200 || servers != 1000 || !strings.Contains(metrics, "\ngo_goroutines ") || took > 10*time.Second {
		t.Errorf("%d, %d servers, it took %v", code, servers, took)
	}
	for range 5 {
		c := testkit.Dial(t, r.stats)
		c.Send("GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n")
		c.Reset()
		_ = c.Close()
	}
	testkit.Eventually(t, "scrapes are answered again", func() bool { code, _ := r.get(t, "/metrics?scope=global"); return code == 200 })
}
