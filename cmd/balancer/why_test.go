package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"relais/internal/testkit"
)

var whyWait = regexp.MustCompile(`\d+ms`)

// TestWhyOfALine has each line of the log say why the request went where it went.
func TestWhyOfALine(t *testing.T) {
	const asks = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
	const sticky = "cookie: {name: SRV}"
	ok, refuses := replies(200), refusing()
	named := func(s logServer, name string) logServer { return s.with("", "cookie: "+name) }
	tests := []struct {
		name, frontend, backend, fields string
		servers                         []logServer
		busy                            bool // somebody else has the first server
		want                            string
	}{
		{name: "turns", servers: []logServer{ok, ok, ok}, want: "roundrobin 3/3"},
		{name: "one", servers: []logServer{ok}, want: "only 1/1"},
		{name: "maint", servers: []logServer{ok.with("", "disabled: true"), ok, ok}, want: "roundrobin 2/3"},
		{name: "backup", servers: []logServer{ok, ok.with("", "backup: true")}, want: "only 1/2"},
		{name: "hash", backend: "balance: source", servers: []logServer{ok, ok}, want: "hash source 2/2"},
		{name: "cookie", backend: sticky, fields: "Cookie: SRV=b\r\n", servers: []logServer{named(ok, "a"), named(ok, "b")}, want: "cookie"},
		{name: "unknown cookie", backend: sticky, fields: "Cookie: SRV=c\r\n", servers: []logServer{named(ok, "a"), named(ok, "b")}, want: "cookie unknown; roundrobin 2/2"},
		{
			name: "cookie of a server that is out", backend: sticky, fields: "Cookie: SRV=b\r\n",
			servers: []logServer{named(ok, "a"), ok.with("", "cookie: b, disabled: true")}, want: "cookie s2 maint; only 1/2",
		},
		{name: "retry", backend: "retries: 1", servers: []logServer{refuses, ok, ok}, want: "retry s1: connection refused; roundrobin 2/3"},
		{
			name: "queue", backend: "timeout: {queue: 20ms}", servers: []logServer{silent().with("", "maxconn: 1")}, busy: true,
			want: "queue 1 Nms; none: no server had room within timeout.queue",
		},
		{name: "none", servers: []logServer{ok.with("", "disabled: true")}, want: "none: no server is usable"},
		{name: "redirect", frontend: "redirect_https: true", servers: []logServer{ok}, want: "local: redirect"},
		{name: "rule", frontend: "rules: [{path: /x, deny: 403}, {path: /, deny: 403}]", servers: []logServer{ok}, want: "local: denied by rule 2"},
		{name: "refused", fields: "A b: c\r\n", servers: []logServer{ok}, want: "local: refused"},
		{name: "tcp", servers: []logServer{refuses, ok}, backend: "retries: 1", want: "retry s1: connection refused; only 1/2"},
	}
	var cases []*logCase
	for _, test := range tests {
		for i := range test.servers {
			if test.servers[i].script != nil {
				test.servers[i].addr = testkit.RawServer(t, test.servers[i].script).Addr
			} else {
				test.servers[i].addr = testkit.ClosedAddr(t)
			}
		}
		cases = append(cases, &logCase{tcp: test.name == "tcp", frontend: test.frontend, backend: test.backend, servers: test.servers})
	}
	reader := newLogReader(t)
	r := run(t, strings.Replace(logConfig(t.TempDir(), reader, cases), "format: httplog", "format: json", 1), nil)
	var addrs []string
	testkit.Eventually(t, "Relais has started", func() bool { addrs = startedOn(r.Stderr.String()); return len(addrs) == len(cases) })
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var other *testkit.Conn
			if test.busy {
				other = testkit.Dial(t, addrs[i])
				other.Send(asks + "\r\n")
				testkit.Eventually(t, "a busy server", func() bool { return r.column(t, fmt.Sprintf("b%d", i), "s1", "scur") == "1" })
			}
			c := testkit.Dial(t, addrs[i])
			c.Send(asks + test.fields + "\r\n")
			c.Head()
			c.Close()
			if got := whyWait.ReplaceAllString(whyOf(t, reader.next(t)), "Nms"); got != test.want {
				t.Errorf("the line says %q, want %q", got, test.want)
			}
			if test.busy {
				other.Close()
				reader.next(t)
			}
		})
	}
}

// whyOf is what a line that came by syslog says of the request's way.
func whyOf(t *testing.T, message string) string {
	t.Helper()
	var l struct{ Why string }
	if err := json.Unmarshal([]byte(message[strings.Index(message, "{"):]), &l); err != nil {
		t.Fatalf("%q: %v", message, err)
	}
	return l.Why
}
