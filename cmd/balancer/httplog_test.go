package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// logCase is a situation of which HAProxy and Relais write lines: one frontend and one backend of
// each, in front of the same servers.
type logCase struct {
	name     string
	tcp      bool
	tls      bool
	haproxy  string // lines of its sections, those of the backend after "backend"
	frontend string // keys of Relais
	backend  string // the same
	servers  []logServer
	visit    func(c *logVisit)
	lines    int  // that are written; 0: one
	busy     bool // other requests begin and end at the same time: counts of them are not compared

	theirs, ours string // what differs on purpose (docs/logs.md says why); empty: nothing
}

// logServer is what a server does with a connection, and its keys.
type logServer struct {
	script  func(*testkit.Conn) // nil: it refuses connections
	addr    string              // if it is made by hand
	haproxy string
	relais  string
}

// logVisit is a client of one of the two balancers.
type logVisit struct {
	frontend string
	t        *testing.T
	addr     string
	stats    string // of the page that has the CSV
	log      *logReader
	lines    []string // so far
}

// written waits for a line of the frontend. One that a visit to another frontend has left behind,
// such as of a connection that has gone idle, may come at any time.
func (v *logVisit) written() {
	v.t.Helper()
	for {
		line := v.log.next(v.t)
		if strings.Contains(line, "] "+v.frontend+" ") || strings.Contains(line, "] "+v.frontend+"~ ") {
			v.lines = append(v.lines, plainLine(v.t, line))
			return
		}
	}
}

func (v *logVisit) dial() *testkit.Conn {
	v.t.Helper()
	return testkit.Dial(v.t, v.addr)
}

// waitQueued waits for somebody to be in a queue.
func (v *logVisit) waitQueued() {
	v.t.Helper()
	testkit.Eventually(v.t, "a request in a queue", func() bool {
		answer, err := http.Get("http://" + v.stats + "/haproxy-stats;csv")
		if err != nil {
			v.t.Fatal(err)
		}
		defer answer.Body.Close()
		csv, _ := io.ReadAll(answer.Body)
		return queuedRow.Match(csv)
	})
}

// queuedRow is the row of a backend with a queue.
var queuedRow = regexp.MustCompile(`(?m)^b\d+,BACKEND,[1-9]`)

// logReader is a syslog server.
type logReader struct {
	conn net.PacketConn
	port int
}

func newLogReader(t *testing.T) *logReader {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &logReader{conn, conn.LocalAddr().(*net.UDPAddr).Port}
}

// next waits for the next line.
func (r *logReader) next(t *testing.T) string {
	t.Helper()
	buf := make([]byte, 65536)
	_ = r.conn.SetReadDeadline(time.Now().Add(testkit.Patience))
	n, _, err := r.conn.ReadFrom(buf)
	if err != nil {
		t.Fatalf("no line: %v", err)
	}
	return strings.TrimSuffix(string(buf[:n]), "\n") // HAProxy's have one
}

// TestHTTPLogIsHAProxys has HAProxy and Relais in front of the same servers, visited by the same
// clients, and compares what they send to syslog. Numbers that are times, ports and sizes only
// have to be there where HAProxy has them.
func TestHTTPLogIsHAProxys(t *testing.T) {
	program := testkit.Program(t, "haproxy")
	cases := logCases(t)
	dir := t.TempDir()
	testkit.NewAuthority(t).Files(t, dir, "site", nil, "127.0.0.1")
	theirs, ours := newLogReader(t), newLogReader(t)
	addrs, page := startLogHAProxy(t, program, dir, theirs, cases)
	r := run(t, logConfig(dir, ours, cases), nil)
	var own []string
	testkit.Eventually(t, "Relais has started", func() bool { own = startedOn(r.Stderr.String()); return len(own) == len(cases) })
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			frontend := fmt.Sprint("f", i)
			want, got := c.lineOf(t, theirs, frontend, addrs[i], page), c.lineOf(t, ours, frontend, own[i], r.stats)
			if !strings.Contains(want, c.theirs) {
				t.Errorf("HAProxy does not write %s any more: %s", c.theirs, want)
			}
			if want = strings.Replace(want, c.theirs, c.ours, 1); got != want {
				t.Errorf("Relais:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// lineOf visits a balancer and returns what it has logged.
func (c *logCase) lineOf(t *testing.T, r *logReader, frontend, addr, stats string) string {
	t.Helper()
	v := &logVisit{t: t, frontend: frontend, addr: addr, stats: stats, log: r}
	c.visit(v)
	for len(v.lines) < max(c.lines, 1) {
		v.written()
	}
	all := strings.Join(v.lines, "\n")
	if c.busy {
		all = logBusy.ReplaceAllString(all, " A/N/N/N")
	}
	return all
}

var (
	logHead  = regexp.MustCompile(`^<(\d+)>[A-Z][a-z][a-z] [ 123]\d \d\d:\d\d:\d\d haproxy\[\d+\]: 127\.0\.0\.1:\d+ \[\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d\.\d{3}\] (.*)$`)
	logTimes = regexp.MustCompile(`^(\S+ \S+ )(\S+) (.*)$`)
	number   = regexp.MustCompile(`(^|[^-\d])\d+`)
	logConns = regexp.MustCompile(` [1-9]\d*(/\d+/\d+/\d+/\+?\d+ \d+/\d+)`)
	logBusy  = regexp.MustCompile(` A/\d+/\d+/\d+`)
	logBytes = regexp.MustCompile(`^(-?\d+ |)[1-9]\d*( - -| [-A-Za-z]{2} )`)
)

// plainLine leaves out of a line what no two visits have in common, and checks that it is there.
func plainLine(t *testing.T, line string) string {
	t.Helper()
	m := logHead.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("no line of a log: %q", line)
	}
	parts := logTimes.FindStringSubmatch(m[2])
	if parts == nil {
		t.Fatalf("no times: %q", line)
	}
	parts[3] = logConns.ReplaceAllString(parts[3], " A$1") // of all frontends, some of whose clients are about to go
	return m[1] + " " + parts[1] + number.ReplaceAllString(parts[2], "${1}T") + " " + logBytes.ReplaceAllString(parts[3], "${1}B$2")
}

// startedOn reads the addresses of the frontends from the line that says that they serve.
func startedOn(stderr string) []string {
	for line := range strings.Lines(stderr) {
		var l struct {
			Message   string
			Frontends []string
		}
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == "started" {
			return l.Frontends
		}
	}
	return nil
}

// logConfig is the configuration of Relais for the cases.
func logConfig(dir string, r *logReader, cases []*logCase) string {
	var b strings.Builder
	fmt.Fprintf(&b, "stats: {bind: \"127.0.0.1:0\"}\nresolvers: {timeout: 1s}\n"+
		"access_log: {output: \"syslog://127.0.0.1:%d\", format: httplog, syslog: {tag: haproxy}}\n"+
		"defaults: {retries: 0, timeout: {connect: 1s, client: 3s, server: 3s, queue: 3s, http_request: 3s}}\n", r.port)
	b.WriteString("frontends:\n")
	for i, c := range cases {
		tls := ""
		if c.tls {
			tls = fmt.Sprintf(", tls: {certificates: [{cert: %q, key: %q}]}", filepath.Join(dir, "site.pem"), filepath.Join(dir, "site.key"))
		}
		fmt.Fprintf(&b, "  - {name: f%d, mode: %s, bind: {address: \"127.0.0.1:0\"%s}, default_backend: b%d%s}\n", i, c.mode(), tls, i, more(c.frontend))
	}
	b.WriteString("backends:\n")
	for i, c := range cases {
		fmt.Fprintf(&b, "  - name: b%d\n    mode: %s\n", i, c.mode())
		if c.backend != "" {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(c.backend, "\n", "\n    "))
		}
		b.WriteString("    servers:\n")
		for n, s := range c.servers {
			fmt.Fprintf(&b, "      - {name: s%d, address: %q%s}\n", n+1, s.addr, more(s.relais))
		}
	}
	return b.String()
}

func (c *logCase) mode() string {
	if c.tcp {
		return "tcp"
	}
	return "http"
}

func more(keys string) string {
	if keys == "" {
		return ""
	}
	return ", " + keys
}

// startLogHAProxy runs HAProxy for the cases and returns the addresses of its frontends.
func startLogHAProxy(t *testing.T, program, dir string, r *logReader, cases []*logCase) (addrs []string, page string) {
	t.Helper()
	joined := filepath.Join(dir, "joined.pem")
	var both []byte
	for _, name := range []string{"site.pem", "site.key"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, b...)
	}
	testkit.WriteFile(t, joined, both)
	var files []*os.File
	var b strings.Builder
	fmt.Fprintf(&b, "global\n nbthread 1\n log 127.0.0.1:%d len 8192 local0\ndefaults\n log global\n retries 0\n option abortonclose\n"+
		" timeout connect 1s\n timeout client 3s\n timeout server 3s\n timeout queue 3s\n timeout http-request 3s\n", r.port)
	for i, c := range cases {
		file, addr := openSocket(t)
		files, addrs = append(files, file), append(addrs, addr)
		options, tls := "httplog", ""
		if c.tcp {
			options = "tcplog"
		}
		if c.tls {
			tls = " ssl crt " + joined
		}
		front, back, _ := strings.Cut(c.haproxy, "backend\n")
		fmt.Fprintf(&b, "frontend f%d\n mode %s\n option %s\n bind fd@%d%s\n default_backend b%d\n%s\nbackend b%d\n mode %s\n%s\n",
			i, c.mode(), options, i+3, tls, i, front, i, c.mode(), back)
		for n, s := range c.servers {
			fmt.Fprintf(&b, " server s%d %s %s\n", n+1, s.addr, s.haproxy)
		}
	}
	file, page := openSocket(t)
	files = append(files, file)
	fmt.Fprintf(&b, "listen page\n mode http\n no log\n bind fd@%d\n stats enable\n stats uri /haproxy-stats\n", len(files)+2)
	path := filepath.Join(dir, "haproxy.cfg")
	testkit.WriteFile(t, path, []byte(b.String()))
	testkit.Start(t, func(c *exec.Cmd) { c.ExtraFiles = files }, program, "-db", "-f", path)
	for _, f := range files {
		f.Close()
	}
	return addrs, page
}

// openSocket returns a listening socket for another process.
func openSocket(t *testing.T) (*os.File, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	return file, ln.Addr().String()
}
