package prom_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relais/stats/statstest"
)

// The parameters of HAProxy's exporter. A line that begins with what is unwanted fails.
func TestQuery(t *testing.T) {
	const process, frontend, backend, server = "haproxy_process_uptime_seconds", "haproxy_frontend_status", "haproxy_backend_status", "haproxy_server_status"
	const runtime, ours, web1, maint = "go_goroutines", "relais_config_pending", `relais_server_total_time_seconds_count{proxy="app",server="web1"`, `haproxy_server_weight{proxy="app",server="web5"`
	all := []string{process, frontend, backend, server, runtime, ours, web1, maint, "relais_frontend_request_faults_total", "relais_certificate_expiry_timestamp_seconds"}
	h := handler(statstest.Full)
	for _, test := range []struct {
		query          string
		want, unwanted []string
	}{
		{"", all, nil},
		{"?", all, nil},
		{"?scope=*", all, nil},
		{"?scope=", nil, all},
		{"?scope=*&scope=", nil, all},
		{"?scope=&scope=global", []string{process, runtime, ours}, []string{frontend, backend, server}},
		{"?scope=global", []string{process, runtime, ours, "relais_certificate_expiry_timestamp_seconds"}, []string{frontend, backend, server, web1}},
		{"?scope=frontend", []string{frontend, "relais_frontend_request_faults_total"}, []string{process, runtime, ours, backend, server}},
		{"?scope=backend", []string{backend, "relais_backend_total_time_seconds"}, []string{process, frontend, server, runtime}},
		{"?scope=server", []string{server, web1}, []string{process, frontend, backend, runtime, ours}},
		{"?scope=frontend&scope=backend", []string{frontend, backend}, []string{process, server}},
		{"?scope=listener", nil, all},
		{"?scope=sticktable", nil, all},
		{"?scope=resolver", nil, all},
		{"?scope=resolvers", nil, all},
		{"?scope=%73erver", []string{server}, []string{backend}},
		{"?metrics=-haproxy_server_status", []string{process, backend, web1}, []string{server}},
		{"?metrics=haproxy_server_status,haproxy_backend_status", []string{server, backend}, []string{process, frontend, runtime, web1}},
		{"?metrics=haproxy_server_status,-haproxy_server_weight", []string{server}, []string{backend, maint}},
		{"?metrics=haproxy_server_status&metrics=-haproxy_server_status", nil, all},
		{"?metrics=-haproxy_server_status&metrics=haproxy_server_status", []string{server}, []string{backend}},
		{"?metrics=haproxy_server_status&scope=frontend", nil, all},
		{"?metrics=,-,", all, nil},
		{"?metrics=", all, nil},
		{"?metrics=relais_server_total_time_seconds", []string{web1}, []string{server}},
		{"?metrics=go_goroutines", []string{runtime}, []string{server, process}},
		{"?no-maint", []string{server, backend, `haproxy_backend_agg_server_status{proxy="app",state="MAINT"} 1`}, []string{maint}},
		{"?no-maint=empty&scope=server", []string{server}, []string{maint, backend}},
		{"?extra-counters&desc-labels&other=1", all, nil},
	} {
		text := scrapePath(t, h, "/metrics"+test.query)
		for _, line := range test.want {
			if !strings.Contains("\n"+text, "\n"+line) {
				t.Errorf("%s: no %s", test.query, line)
			}
		}
		for _, line := range test.unwanted {
			if strings.Contains("\n"+text, "\n"+line) {
				t.Errorf("%s: %s", test.query, line)
			}
		}
		if len(test.want) == 0 && text != "" {
			t.Errorf("%s: %d bytes, want none", test.query, len(text))
		}
	}
}

func TestBadQuery(t *testing.T) {
	h := handler(statstest.Full)
	for query, want := range map[string]string{
		"?scope":              "a value is missing",
		"?metrics":            "a value is missing",
		"?scope=servers":      "unknown scope: it is one of global, frontend, backend, server, listener, sticktable, resolver, *",
		"?scope=**":           "unknown scope",
		"?no-maint&scope=x":   `read parameter "scope=x": unknown scope`,
		"?scope=%zz":          "invalid URL escape",
		"?scope=server=web1":  "one = too many",
		"?other=%zz":          "invalid URL escape",
		"?metrics=a&scope=Ab": "unknown scope",
	} {
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, httptest.NewRequest("GET", "/metrics"+query, nil))
		if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), want) {
			t.Errorf("%s: %d %s", query, answer.Code, answer.Body)
		}
	}
}

// Whatever is asked for, the answer is metrics or a fault of the one who asks.
func FuzzQuery(f *testing.F) {
	for _, query := range []string{"", "scope=server", "scope=*&scope=", "metrics=a,-b", "no-maint", "scope", "scope=%zz", "a=b=c&&;#"} {
		f.Add(query)
	}
	h := handler(statstest.Healthy)
	f.Fuzz(func(t *testing.T, query string) {
		request := httptest.NewRequest("GET", "/metrics", nil)
		request.URL.RawQuery = query
		answer := httptest.NewRecorder()
		h.ServeHTTP(answer, request)
		if answer.Code != http.StatusOK && answer.Code != http.StatusBadRequest {
			t.Errorf("status %d", answer.Code)
		}
	})
}
