package healthcheck

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"
)

// smtp greets, and answers each line.
func smtp(conn net.Conn) {
	_, _ = io.WriteString(conn, "220 mail\r\n")
	buf := make([]byte, 100)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		answer := "500 what\r\n"
		switch string(buf[:n]) {
		case "EHLO check\r\n":
			answer = "250-mail\r\n250 SIZE 1000\r\n"
		case "QUIT\r\n":
			return
		}
		_, _ = io.WriteString(conn, answer)
	}
}

func TestSteps(t *testing.T) {
	const brief, patient = time.Second, 10 * time.Second
	send := func(s string) Step { return Step{Send: s} }
	expect := func(s string) Step { return Step{Expect: s} }
	match := func(s string) Step { return Step{Regex: regexp.MustCompile(s)} }
	greets := func(text string) func(net.Conn) {
		return func(conn net.Conn) { _, _ = io.WriteString(conn, text) }
	}
	for _, tc := range []struct {
		name    string
		steps   []Step
		server  func(net.Conn)
		timeout time.Duration
		want    Result
	}{
		{"a conversation", []Step{expect("220 "), send("EHLO check\r\n"), match(`(?m)^250 SIZE \d+\r$`), send("QUIT\r\n")}, smtp, patient,
			Result{OK: true, Status: L7OK}},
		{"two looks at one answer", []Step{expect("220"), expect("mail")}, smtp, patient, Result{OK: true, Status: L7OK}},
		{"send forgets what was said", []Step{expect("220"), send("EHLO check\r\n"), expect("220")}, smtp, brief,
			Result{Status: L7Timeout, Detail: "no whole answer within 1s: at step 3 of tcp-check (expect string '220')"}},
		{"no steps", nil, smtp, patient, Result{OK: true, Status: L4OK}},
		{"silent", []Step{send("PING"), match("PONG")}, holds(""), brief,
			Result{Status: L7Timeout, Detail: "no whole answer within 1s: at step 2 of tcp-check (expect regex)"}},
		{"closes", []Step{expect("220")}, func(net.Conn) {}, patient, Result{Status: L7Response, Detail: "TCPCHK got an empty response at step 1"}},
		{"another greeting", []Step{expect("220")}, greets("500 no\r\n"), patient,
			Result{Status: L7Response, Detail: `TCPCHK did not match content '220' at step 1: "500 no"`}},
		{"another greeting for a regex", []Step{match("^220")}, greets("500 no\r\n"), patient,
			Result{Status: L7Response, Detail: `TCPCHK did not match content (regex) at step 1: "500 no"`}},
		{"says too much", []Step{expect("220")}, greets(strings.Repeat("x", maxSaid) + "220"), patient,
			Result{Status: L7Response, Detail: `TCPCHK did not match content '220' at step 1: "xxx*`}},
		{"resets", []Step{send("A\r\n\r\n"), expect("220")}, resets, patient,
			Result{Status: L7Response, Detail: "connection reset by peer: at step 2 of tcp-check (expect string '220')"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, "127.0.0.1", tc.server)
			expectResult(t, run(t, Steps(DialTCP(address), tc.steps), tc.timeout), tc.want)
		})
	}
	testWithoutAConnection(t, func(a string) Probe { return Steps(DialTCP(a), []Step{expect("220")}) })
}
