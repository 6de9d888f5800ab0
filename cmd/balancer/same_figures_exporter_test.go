package main_test

import (
	"math"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// compareExporter has Debian's exporter read the CSV, and compares what it says of servers and
// backends with what Relais says itself.
func compareExporter(t *testing.T, ours *figuresSide) {
	program := testkit.Program(t, "prometheus-haproxy-exporter")
	addr := testkit.RefusingAddr(t)
	p := testkit.Start(t, func(*exec.Cmd) {}, program, "--web.listen-address="+addr, "--haproxy.scrape-uri=http://"+ours.page+"/haproxy-stats;csv")
	exporter := &figuresSide{name: "exporter", page: addr}
	testkit.Eventually(t, "the exporter serves", func() bool {
		answer, err := http.Get("http://" + addr + "/metrics")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
	theirs, own := exporter.series(t), ours.series(t)
	for name, want := range map[string]float64{"haproxy_up{}": 1, "haproxy_exporter_csv_parse_failures_total{}": 0} {
		if s, ok := theirs[name]; !ok || s.value != want {
			t.Errorf("%s is %v (%t), want %v", name, s.value, ok, want)
		}
	}
	compared := map[string]bool{}
	for key, s := range theirs {
		if s.row == "" {
			continue
		}
		name := exporterName(s.name)
		is, ok := exporterFigure(own, name, strings.TrimPrefix(key, s.name))
		switch {
		case !ok:
			t.Errorf("%s: Relais has no %s", key, name)
		case math.IsNaN(is): // the exporter has 0, or nothing
		case math.Abs(is-s.value) > exporterSlack(name):
			t.Errorf("%s is %v, in Relais's own metrics %v", key, s.value, is)
		}
		compared[s.name] = true
	}
	if len(compared) < 40 {
		t.Errorf("only %d metrics were compared: %v", len(compared), compared)
	}
	if said := p.Stderr.String(); strings.Contains(said, "level=error") {
		t.Errorf("the exporter complains: %s", said)
	}
}

// sortedKey puts the labels of a series in order.
func sortedKey(key string) string {
	name, labels, _ := strings.Cut(strings.TrimSuffix(key, "}"), "{")
	return name + "{" + strings.Join(sorted(strings.Split(labels, ",")), ",") + "}"
}

// exporterFigure is what Relais itself says of what the exporter has with the given labels.
func exporterFigure(own map[string]series, name, labels string) (float64, bool) {
	labels = strings.NewReplacer("backend=", "proxy=", "frontend=", "proxy=").Replace(labels)
	if base, ok := strings.CutSuffix(name, "_up"); ok { // in drain it still is
		up, ok := exporterFigure(own, base+"_status", strings.TrimSuffix(labels, "}")+`,state="UP"}`)
		drain := own[sortedKey(base+"_status"+strings.TrimSuffix(labels, "}")+`,state="DRAIN"}`)]
		return up + drain.value, ok
	}
	s, ok := own[sortedKey(name+labels)]
	return s.value, ok
}

// exporterName is HAProxy's own name of a metric of the exporter.
func exporterName(name string) string {
	for _, rename := range exporterNames {
		if rest, ok := strings.CutSuffix(name, rename[0]); ok {
			return rest + rename[1]
		}
	}
	return name
}

// exporterNames are the ends of names that HAProxy's own metrics have otherwise. The table of
// docs/stats.md is the same.
var exporterNames = [][2]string{
	{"_http_queue_time_average_seconds", "_queue_time_average_seconds"},
	{"_http_connect_time_average_seconds", "_connect_time_average_seconds"},
	{"_http_response_time_average_seconds", "_response_time_average_seconds"},
	{"_http_total_time_average_seconds", "_total_time_average_seconds"},
	{"_server_selected_total", "_loadbalanced_total"},
	{"_current_server", "_active_servers"},
	{"_compressor_bytes_in_total", "_http_comp_bytes_in_total"},
	{"_compressor_bytes_out_total", "_http_comp_bytes_out_total"},
	{"_compressor_bytes_bypassed_total", "_http_comp_bytes_bypassed_total"},
	{"_http_responses_compressed_total", "_http_comp_responses_total"},
}

func exporterSlack(name string) float64 {
	switch {
	case strings.HasSuffix(name, "_downtime_seconds_total"):
		return 30 // it goes on
	case strings.HasSuffix(name, "_average_seconds"):
		return 0.001 // whole milliseconds
	case strings.HasSuffix(name, "_duration_seconds"):
		return 1 // there may have been another check
	}
	return 0
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}
