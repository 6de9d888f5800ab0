package ctl

import (
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"relais/internal/testkit"
)

const haproxyConfig = `
global
  stats socket %[1]s/cli level admin
  stats socket %[1]s/user level user
  maxconn 100
  node lb1
defaults
  mode http
  timeout client 5s
  timeout server 5s
  timeout connect 1s
frontend fe
  bind unix@%[1]s/fe
  default_backend be
backend be
  balance roundrobin
  server s1 %[2]s check inter 1s weight 10
  server s2 %[2]s weight 20 agent-check agent-inter 1s agent-port %[3]s
  server s3 %[2]s disabled
  server s4 %[2]s
backend st
  balance source
  server a1 %[2]s track be/s1
`

// The same commands to a real HAProxy and to a CLI: the answers are of the same shape, or the
// table says why not.
func TestAnswersAreHAProxys(t *testing.T) {
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), Admin)
	for _, a := range conversation {
		answer := ask(t, own, a.command+"\n")
		theirs, ours := shape(ask(t, haproxy+"/cli", a.command+"\n")), shape(answer)
		switch same := theirs == ours; {
		case !same && a.differs == "":
			t.Errorf("%q:\nHAProxy %q\nRelais  %q", a.command, short(theirs), short(ours))
		case same && a.differs != "":
			t.Errorf("%q: the answers are of the same shape, no longer different because %s", a.command, a.differs)
		}
		if !endsWell(answer) {
			t.Errorf("%q: the answer does not end with an empty line: %q", a.command, short(answer))
		}
	}
}

// The numbers of "show servers state" are HAProxy's, too.
func TestServersStateIsHAProxys(t *testing.T) {
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), Admin)
	for _, change := range []string{"echo", "set server be/s1 state drain", "set server be/s1 state ready", "set weight be/s4 50", "set server be/s4 state maint", "add server be/n1 127.0.0.1:80"} {
		ask(t, haproxy+"/cli", change+"\n")
		ask(t, own, change+"\n")
		theirs, ours := readState(t, ask(t, haproxy+"/cli", "show servers state\n")), readState(t, ask(t, own, "show servers state\n"))
		for server, fields := range theirs {
			if ours[server] != fields {
				t.Errorf("after %q, %s:\nHAProxy %s\nRelais  %s", change, server, fields, ours[server])
			}
		}
	}
}

// readState returns what can be compared: neither addresses and ports, times, whether a check runs
// just now, nor the numbers of checks that there are not.
func readState(t *testing.T, text string) map[string]string {
	t.Helper()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if lines[0] != "1" || lines[1]+"\n" != stateHeader {
		t.Fatalf("not the state of servers: %s", short(text))
	}
	names := strings.Fields(lines[1])[1:]
	servers := map[string]string{}
	for _, line := range lines[2:] {
		field := map[string]string{}
		for i, value := range strings.Fields(line) {
			field[names[i]] = value
		}
		check, agent := number(field["srv_check_state"])&^1, number(field["srv_agent_state"])&^1
		if check&2 == 0 {
			check, field["srv_check_health"] = 0, "-"
		}
		shown := fmt.Sprintf("srv_check_state=%d srv_agent_state=%d", check, agent)
		for _, name := range []string{"srv_op_state", "srv_admin_state", "srv_uweight", "srv_iweight", "srv_check_status", "srv_check_result", "srv_check_health",
			"bk_f_forced_id", "srv_f_forced_id", "srv_fqdn", "srvrecord", "srv_use_ssl", "srv_check_port", "srv_check_addr", "srv_agent_addr"} {
			shown += " " + name + "=" + field[name]
		}
		servers[field["be_name"]+"/"+field["srv_name"]] = shown
	}
	return servers
}

func TestSeveritiesAreHAProxys(t *testing.T) {
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), Admin)
	for _, command := range severe {
		command = "set severity-output number;" + command + "\n"
		if theirs, ours := shape(ask(t, haproxy+"/cli", command)), shape(ask(t, own, command)); theirs != ours {
			t.Errorf("%q:\nHAProxy %q\nRelais  %q", command, short(theirs), short(ours))
		}
	}
}

func TestLevelsAreHAProxys(t *testing.T) {
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), User)
	for _, command := range denied {
		theirs, ours := ask(t, haproxy+"/user", command+"\n"), ask(t, own, command+"\n")
		const no = "Permission denied\n\n"
		if (theirs == no) != (ours == no) {
			t.Errorf("%q:\nHAProxy %q\nRelais  %q", command, short(theirs), short(ours))
		}
	}
}

// Which figures are empty is part of "show stat": consumers look at it.
func TestStatIsHAProxys(t *testing.T) {
	// Columns that are filled in one of the two only, and why.
	differing := map[string]string{
		"dreq": "only frontends refuse", "dresp": "answers are not refused by rules", "rate_lim": "there is no such limit",
		"slim": "a backend has no fullconn; no limit is empty", "comp_in": "nothing is compressed", "comp_out": "nothing is compressed",
		"comp_byp": "nothing is compressed", "comp_rsp": "nothing is compressed", "dcon": "there are no such rules", "dses": "there are no such rules",
		"wrew": "rewriting cannot fail", "cache_lookups": "there is no cache", "cache_hits": "there is no cache", "safe_conn_cur": "idle connections are one kind",
		"idle_conn_cur": "idle connections are one kind", "need_conn_est": "not estimated", "src_ilim": "no such limit",
		"agg_server_status": "labels in Prometheus, not in CSV", "agg_server_check_status": "labels in Prometheus, not in CSV", "agg_check_status": "labels in Prometheus, not in CSV",
		"throttle": "empty unless in slowstart", "tracked": "", "chkfail": "without checks", "chkdown": "without checks", "downtime": "without checks", "cookie": "",
		"last_agt": "what an agent says is empty here", "last_chk": "what a check found is empty here", "check_code": "a connection has no code", "agent_code": "an agent has a code",
		"hanafail": "only where traffic is observed",
	}
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), Admin)
	theirs, ours := readStat(t, ask(t, haproxy+"/cli", "show stat\n")), readStat(t, ask(t, own, "show stat\n"))
	if len(theirs) != len(ours) {
		t.Fatalf("%d rows, HAProxy has %d", len(ours), len(theirs))
	}
	for i := range theirs {
		for column, value := range theirs[i] {
			got, there := ours[i][column]
			if !there && !strings.Contains(column, "_") {
				t.Errorf("column %s is not there", column)
			}
			if _, known := differing[column]; there && !known && (value == "") != (got == "") {
				t.Errorf("%s/%s %s is %q, HAProxy has %q", ours[i]["# pxname"], ours[i]["svname"], column, got, value)
			}
		}
		if theirs[i]["svname"] != ours[i]["svname"] || theirs[i]["type"] != ours[i]["type"] || theirs[i]["status"] != ours[i]["status"] {
			t.Errorf("row %d is %s %s, HAProxy has %s %s", i, ours[i]["svname"], ours[i]["status"], theirs[i]["svname"], theirs[i]["status"])
		}
	}
	for _, selection := range []string{"show stat be 4 -1", "show stat -1 4 -1", "show stat 3 4 1", "show stat 99 -1 -1", "show stat be 2 -1", "show stat fe 1 -1", "show stat -1 4", "show stat x", "show stat domain proxy"} {
		theirs, ours := rowNames(readStat(t, ask(t, haproxy+"/cli", selection+"\n"))), rowNames(readStat(t, ask(t, own, selection+"\n")))
		if !slices.Equal(theirs, ours) {
			t.Errorf("%s shows %v, HAProxy %v", selection, ours, theirs)
		}
	}
}

// Position, tags and type of a typed figure are HAProxy's.
func TestTypedIsHAProxys(t *testing.T) {
	haproxy, own := startHAProxy(t), serve(t, quick(newFake()), Admin)
	differing := []string{ // one column has the same tags in all rows; 2.6 has two the other way round; and what may go beyond 32 bits is no u32
		"B act", "B bck", "B rate", "B rate_max", "B agg_server_check_status", "B agg_server_status", " CumConns", " CumReq", " DroppedLogs", " Memmax_bytes",
	}
	for _, command := range []string{"show stat typed\n", "show info typed\n", "show info typed float\n"} {
		theirs, ours := readTyped(ask(t, haproxy+"/cli", command)), readTyped(ask(t, own, command))
		for name, want := range theirs {
			if got, ok := ours[name]; ok && got != want && !slices.Contains(differing, name) {
				t.Errorf("%s: %s is %s, HAProxy has %s", command, name, got, want)
			}
		}
		if len(ours) < 50 {
			t.Errorf("%s: %d figures", command, len(ours))
		}
	}
}

var typedLine = regexp.MustCompile(`(?m)^(?:([FBS])\.\d+\.\d+\.)?(\d+)\.([^.]+)\.1:(\w+:\w+):`)

func readTyped(text string) map[string]string {
	figures := map[string]string{}
	for _, m := range typedLine.FindAllStringSubmatch(text, -1) {
		figures[m[1]+" "+m[3]] = m[2] + " " + m[4]
	}
	return figures
}

func readStat(t *testing.T, text string) []map[string]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(strings.TrimSuffix(text, "\n")))
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("%v: %s", err, short(text))
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, value := range record {
			row[records[0][i]] = value
		}
		rows = append(rows, row)
	}
	return rows
}

func rowNames(rows []map[string]string) (names []string) {
	for _, row := range rows {
		names = append(names, row["# pxname"]+"/"+row["svname"])
	}
	return names
}

var (
	numbers  = regexp.MustCompile(`\d+`)
	versions = regexp.MustCompile(`(?m)(^|: |> )\d+\.\d+\.\S+$`)
	dates    = regexp.MustCompile(`\[\d+/\w+/[\d:.]+\]`)
	secret   = regexp.MustCompile(`HOME=.*`)
)

// shape is an answer without what is different from run to run.
func shape(answer string) string {
	answer = versions.ReplaceAllString(answer, "${1}VERSION")
	answer = dates.ReplaceAllString(answer, "[DATE]")
	answer = secret.ReplaceAllString(answer, "HOME=")
	return numbers.ReplaceAllString(answer, "0")
}

func short(s string) string { return s[:min(len(s), 600)] }

// startHAProxy returns the directory of a real one's sockets, once its checks have passed.
func startHAProxy(t *testing.T) string {
	t.Helper()
	program := testkit.Program(t, "haproxy")
	dir := t.TempDir()
	server := testkit.RawServer(t, func(*testkit.Conn) {})
	agent := testkit.RawServer(t, func(c *testkit.Conn) { c.Send("up\n") })
	_, agentPort, err := net.SplitHostPort(agent.Addr)
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "haproxy.cfg")
	testkit.WriteFile(t, config, fmt.Appendf(nil, haproxyConfig, dir, server.Addr, agentPort))
	testkit.Start(t, nil, program, "-f", config)
	testkit.Eventually(t, "HAProxy's checks pass", func() bool {
		conn, err := net.Dial("unix", dir+"/cli")
		if err != nil {
			return false
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "show stat be 4 -1\n")
		b, _ := io.ReadAll(conn)
		return strings.Contains(string(b), "L4OK") && strings.Contains(string(b), "Layer7 check passed")
	})
	return dir
}
