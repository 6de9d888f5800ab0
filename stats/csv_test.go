package stats_test

import (
	"bytes"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit/golden"
	"relais/stats"
	"relais/stats/statstest"
)

// haproxyHeader is the static part of the first line of HAProxy's CSV, byte for byte.
const haproxyHeader = "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,need_conn_est,uweight,agg_server_check_status,agg_server_status,agg_check_status,srid,sess_other,h1sess,h2sess,h3sess,req_other,h1req,h2req,h3req,proto,priv_idle_cur,reqbin,reqbout,resbin,resbout,cache_hint_hits,-,"

func TestCSVGolden(t *testing.T) {
	s := statstest.Sample()
	golden.Check(t, "sample.csv", string(writeCSV(t, &s, stats.Filter{})))
	golden.Check(t, "sample-up.csv", string(writeCSV(t, &s, stats.Filter{HideDown: true, Scope: "AP"})))
}

func TestCSVHeaderIsHAProxys(t *testing.T) {
	s := statstest.Sample()
	header, _, _ := strings.Cut(string(writeCSV(t, &s, stats.Filter{})), "\n")
	if header != haproxyHeader {
		t.Errorf("header line:\n%s\nwant:\n%s", header, haproxyHeader)
	}
	if n := len(stats.Columns()); n != 119 {
		t.Errorf("%d columns, want 119", n)
	}
}

// A standard reader sees as many fields in each line as in the header, and the texts as they were.
func TestCSVIsReadable(t *testing.T) {
	s := statstest.Sample()
	records := readCSV(t, writeCSV(t, &s, stats.Filter{}))
	if got, want := len(records), 1+2+9+2+1; got != want {
		t.Fatalf("%d lines, want %d", got, want)
	}
	detail := value(t, records, "app", "web3", "last_chk")
	if want := s.Proxies[2].Rows[2].Check.Detail; detail != want {
		t.Errorf("last_chk of web3 is %q, want %q", detail, want)
	}
}

func TestCSVMeanings(t *testing.T) {
	s := statstest.Sample()
	records := readCSV(t, writeCSV(t, &s, stats.Filter{}))
	for _, tt := range []struct{ proxy, server, column, want string }{
		{"web", "FRONTEND", "status", "OPEN"},
		{"old", "FRONTEND", "status", "STOP"},
		{"app", "web1", "status", "UP"},
		{"app", "web2", "status", "DOWN"},
		{"app", "web3", "status", "UP 1/3"},
		{"app", "web4", "status", "DOWN 1/2"},
		{"app", "web5", "status", "MAINT"},
		{"app", "web6", "status", "no check"},
		{"app", "web7", "status", "DRAIN"},
		{"app", "web8", "status", "UP"},
		{"app", "BACKEND", "status", "UP"},
		{"api", "BACKEND", "status", "DOWN"},
		{"empty", "BACKEND", "status", "DOWN"},
		{"web", "FRONTEND", "type", "0"},
		{"app", "BACKEND", "type", "1"},
		{"app", "web1", "type", "2"},
		{"app", "web1", "pid", "1"},
		{"app", "web8", "act", "0"},
		{"app", "web8", "bck", "1"},
		{"app", "BACKEND", "act", "3"},
		{"app", "web1", "slim", ""},
		{"app", "web6", "slim", "100"},
		{"app", "web1", "qlimit", ""},
		{"app", "web6", "qlimit", "10"},
		{"app", "web1", "throttle", ""},
		{"app", "web8", "throttle", "40"},
		{"app", "web1", "lastchg", "3720"},
		{"app", "web1", "lastsess", "1"},
		{"app", "web5", "lastsess", "-1"},
		{"app", "web1", "downtime", "0"},
		{"app", "web6", "downtime", ""},
		{"empty", "BACKEND", "downtime", ""},
		{"app", "web6", "chkfail", ""},
		{"app", "web5", "chkfail", "0"},
		{"app", "web5", "check_status", ""},
		{"app", "web1", "check_status", "L7OK"},
		{"app", "web3", "check_status", "* L7STS"},
		{"app", "web1", "check_code", "200"},
		{"app", "web2", "check_code", ""},
		{"app", "web2", "last_chk", "connection refused"},
		{"app", "web2", "check_desc", "Layer4 connection problem"},
		{"app", "web1", "rtime", "3"},
		{"app", "web1", "rtime_max", "812"},
		{"web", "FRONTEND", "hrsp_2xx", "9800000"},
		{"old", "FRONTEND", "hrsp_2xx", ""},
		{"web", "FRONTEND", "econ", ""},
		{"app", "web1", "ereq", ""},
		{"app", "web1", "req_tot", "1234567"},
		{"web", "FRONTEND", "comp_in", "0"},
		{"app", "web1", "comp_in", ""},
		{"app", "web1", "addr", "127.0.0.1:5001"},
		{"app", "BACKEND", "algo", "roundrobin"},
	} {
		if got := value(t, records, tt.proxy, tt.server, tt.column); got != tt.want {
			t.Errorf("%s/%s %s = %q, want %q", tt.proxy, tt.server, tt.column, got, tt.want)
		}
	}
}

func BenchmarkCSV(b *testing.B) {
	s := statstest.Large(1000)
	b.ReportAllocs()
	for b.Loop() {
		if err := stats.WriteCSV(io.Discard, &s, stats.Filter{}); err != nil {
			b.Fatal(err)
		}
	}
}

func writeCSV(t *testing.T, s *stats.Snapshot, f stats.Filter) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := stats.WriteCSV(&b, s, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readCSV(t *testing.T, b []byte) [][]string {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func value(t *testing.T, records [][]string, proxy, server, column string) string {
	t.Helper()
	at := slices.Index(records[0], column)
	for _, r := range records[1:] {
		if r[0] == proxy && r[1] == server {
			return r[at]
		}
	}
	t.Fatalf("no line for %s/%s", proxy, server)
	return ""
}
