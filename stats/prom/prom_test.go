package prom_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit/golden"
	"relais/stats"
	"relais/stats/prom"
	"relais/stats/statstest"
)

func TestGolden(t *testing.T) {
	// What the runtime and the process add differs from machine to machine.
	ours := regexp.MustCompile(`(?m)^(# (HELP|TYPE) )?(haproxy|relais)_.*\n`)
	text := scrape(t, handler(statstest.Sample))
	golden.Check(t, "sample.prom", strings.Join(ours.FindAllString(text, -1), ""))
}

func TestSeries(t *testing.T) {
	text := scrape(t, handler(statstest.Sample))
	for _, want := range []string{
		`haproxy_frontend_status{proxy="web",state="UP"} 1`,
		`haproxy_frontend_status{proxy="old",state="DOWN"} 1`,
		`haproxy_frontend_http_responses_total{code="2xx",proxy="web"} 9.8e+06`,
		`haproxy_frontend_http_requests_total{proxy="web"} 9.876543e+06`,
		`haproxy_backend_status{proxy="api",state="DOWN"} 1`,
		`haproxy_backend_active_servers{proxy="app"} 3`,
		`haproxy_backend_agg_server_status{proxy="app",state="DOWN"} 2`,
		`haproxy_backend_agg_server_status{proxy="app",state="NOLB"} 0`,
		`haproxy_backend_agg_check_status{proxy="app",state="L4CON"} 1`,
		`haproxy_backend_downtime_seconds_total{proxy="empty"} NaN`,
		`haproxy_server_status{proxy="app",server="web5",state="MAINT"} 1`,
		`haproxy_server_status{proxy="app",server="web5",state="UP"} 0`,
		`haproxy_server_active{proxy="app",server="web8"} 0`,
		`haproxy_server_backup{proxy="app",server="web8"} 1`,
		`haproxy_server_limit_sessions{proxy="app",server="web1"} NaN`,
		`haproxy_server_limit_sessions{proxy="app",server="web6"} 100`,
		`haproxy_server_queue_limit{proxy="app",server="web1"} NaN`,
		`haproxy_server_current_throttle{proxy="app",server="web1"} NaN`,
		`haproxy_server_check_failures_total{proxy="app",server="web6"} NaN`,
		`haproxy_server_check_status{proxy="app",server="web2",state="L4CON"} 1`,
		`haproxy_server_check_code{proxy="app",server="web2"} 0`,
		`haproxy_server_check_duration_seconds{proxy="app",server="web1"} 0.003`,
		`haproxy_server_response_time_average_seconds{proxy="app",server="web1"} 0.0032`,
		`haproxy_server_last_session_seconds{proxy="app",server="web5"} -1`,
		`haproxy_process_build_info{version="1.2.3"} 1`,
		`haproxy_process_node{node="lb1"} 1`,
		`haproxy_process_uptime_seconds 93784`,
		`relais_build_info{version="1.2.3"} 1`,
		`relais_server_races_avoided_total{proxy="app",server="web1"} 17`,
		`relais_frontend_request_faults_total{action="refused",proxy="web",reason="bare_lf"} 4`,
		`relais_frontend_request_faults_total{action="refused",proxy="web",reason="target"} 3`,
		`relais_frontend_request_faults_total{action="reported",proxy="web",reason="target"} 12`,
		`relais_backend_response_faults_total{proxy="app",reason="status_line"} 1`,
		`relais_dropped_log_lines_total 3`,
		`relais_config_loaded_timestamp_seconds 1.7953362e+09`,
		`# TYPE haproxy_server_check_failures_total counter`,
		`# TYPE go_goroutines gauge`,
		`# TYPE process_open_fds gauge`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no line %s", want)
		}
	}
	for _, unwanted := range []string{
		`haproxy_server_check_status{proxy="app",server="web5"`, // in maintenance
		`haproxy_server_check_code{proxy="app",server="web6"`,   // not checked
		`haproxy_frontend_http_responses_total{code="2xx",proxy="old"`,
		`relais_frontend_request_faults_total{action="reported",proxy="web",reason="bare_lf"`, // has not occurred
	} {
		if strings.Contains(text, unwanted) {
			t.Errorf("a line %s", unwanted)
		}
	}
}

// What operators have done and what is wrong with the configuration can be alerted on.
func TestOperations(t *testing.T) {
	calm, text := scrape(t, handler(statstest.Sample)), scrape(t, handler(statstest.Operated))
	for _, tt := range []struct{ text, want string }{
		{calm, `relais_config_on_disk_valid 1`},
		{calm, `relais_config_pending 0`},
		{calm, `relais_config_last_reload_successful 1`},
		{text, `relais_config_on_disk_valid 0`},
		{text, `relais_config_last_reload_successful 0`},
		{text, `relais_config_reloads_total{result="success"} 12`},
		{text, `relais_config_reloads_total{result="failure"} 1`},
		{text, `relais_config_generations 2`},
		{text, `relais_config_info{hash="9f86d081884c7d65"} 1`},
		{text, `relais_server_operator_state{proxy="app",server="web5",state="maint"} 1`},
		{text, `relais_server_operator_state{proxy="app",server="web7",state="drain"} 1`},
		{text, `relais_server_operator_until_timestamp_seconds{proxy="app",server="web5"} 1.79534172e+09`},
		{text, `haproxy_server_status{proxy="app",server="web8",state="MAINT"} 1`},
	} {
		if !strings.Contains(tt.text, tt.want+"\n") {
			t.Errorf("no line %s", tt.want)
		}
	}
	if strings.Contains(calm, "fault_info{") || strings.Count(text, "relais_config_on_disk_fault_info{fault=") != 1 || strings.Count(text, "relais_config_reload_fault_info{fault=") != 1 {
		t.Error("the reasons are not told, or some are where there is no fault")
	}
	if strings.Contains(calm, "relais_server_operator") {
		t.Error("orders where there are none")
	}
	for _, unwanted := range []string{`relais_server_operator_until_timestamp_seconds{proxy="app",server="web7"`, `relais_server_operator_state{proxy="app",server="web1"`} {
		if strings.Contains(text, unwanted) {
			t.Errorf("a line %s", unwanted)
		}
	}
}

// What servers and clients have come to is told by cause, what waits by its age.
func TestTroubles(t *testing.T) {
	s := statstest.Full()
	s.Certificates = append(s.Certificates, s.Certificates[0])
	s.Process.ConfigFault = "a name that is not UTF-8: \xff"
	text := scrape(t, handlerOf(s))
	for _, want := range []string{
		`relais_server_failures_total{cause="the server refused the connection",proxy="app",server="web2"} 4`,
		`relais_backend_failures_total{cause="no server was usable",proxy="app"} 5`,
		`relais_server_retries_total{cause="the server refused the connection",proxy="app",server="web2"} 3`,
		`relais_backend_retries_total{cause="the server refused the connection",proxy="app"} 3`,
		`relais_server_oldest_request_seconds{proxy="app",server="web1"} 1.5`,
		`relais_server_oldest_request_seconds{proxy="app",server="web3"} 0`,
		`relais_backend_oldest_request_seconds{proxy="app"} 40`,
		`relais_backend_oldest_queued_request_seconds{proxy="app"} 2`,
		`relais_backend_races_avoided_total{proxy="app"} 136`,
		`relais_server_check_duration_seconds{check="health",proxy="app",server="web1"} 0.003`,
		`relais_server_check_duration_seconds{check="agent",proxy="app",server="web7"} 0.003`,
		`relais_certificate_expiry_timestamp_seconds{bind=":443",file="/etc/relais/example.pem",name="example.org"} 1.7970696e+09`,
		`relais_certificate_expiry_timestamp_seconds{bind=":8404",file="/etc/relais/admin.pem",name=""} 1.795338e+09`,
		`relais_backend_error_time_seconds_count{proxy="app"} 400`,
		`relais_server_tunnel_time_seconds_bucket{proxy="app",server="web1",le="+Inf"} 200`,
		"relais_config_on_disk_fault_info{fault=\"a name that is not UTF-8: \uFFFD\"} 1",
		`haproxy_process_jobs 44`,
	} {
		if strings.Count(text, want+"\n") != 1 {
			t.Errorf("no line %s, or several", want)
		}
	}
	for _, unwanted := range []string{
		`relais_server_failures_total{cause="the server refused the connection",proxy="app",server="web1"`, // has not occurred
		`relais_server_check_duration_seconds{check="health",proxy="app",server="web5"`,                    // in maintenance
		`relais_server_check_duration_seconds{check="health",proxy="app",server="web6"`,                    // not checked
	} {
		if strings.Contains(text, unwanted) {
			t.Errorf("a line %s", unwanted)
		}
	}
}

func TestPending(t *testing.T) {
	s := statstest.Sample()
	s.Process.ConfigPending = true
	if !strings.Contains(scrape(t, handler(func() stats.Snapshot { return s })), "relais_config_pending 1\n") {
		t.Error("it is not to be seen that the configuration on disk is not in force")
	}
}

// What is gone from the snapshot is gone from the next scrape.
func TestNoStaleSeries(t *testing.T) {
	s := statstest.Sample()
	h := handler(func() stats.Snapshot { return s })
	if !strings.Contains(scrape(t, h), `server="api1"`) {
		t.Fatal("no series of api1")
	}
	s.Proxies = slices.Delete(s.Proxies, 3, 4)
	text := scrape(t, h)
	if strings.Contains(text, `server="api1"`) || strings.Contains(text, `proxy="api"`) {
		t.Error("api is gone, its series are not")
	}
	if !strings.Contains(text, `server="web1"`) {
		t.Error("app's series are gone")
	}
}

func TestNoDuplicateSeries(t *testing.T) {
	seen := map[string]bool{}
	for line := range strings.Lines(scrape(t, handler(statstest.Full))) {
		series := line[:strings.LastIndexByte(line, ' ')]
		if seen[series] {
			t.Errorf("%s twice", series)
		}
		seen[series] = true
	}
}

// Prometheus' own lint has nothing to say about names, units and help texts.
func TestPromtoolIsContent(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is not installed")
		}
		t.Skip("promtool is not installed")
	}
	cmd := exec.Command(promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(scrape(t, handler(statstest.Full)))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

// handler serves s as the balancer does.
func handler(s func() stats.Snapshot) http.Handler {
	return prom.Handler(func(time.Time) stats.Snapshot { return s() }, "1.2.3")
}

// handlerOf serves the same figures always.
func handlerOf(s stats.Snapshot) http.Handler { return handler(func() stats.Snapshot { return s }) }

func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	return scrapePath(t, h, "/metrics")
}

func scrapePath(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", path, answer.Code, answer.Body)
	}
	return answer.Body.String()
}
