package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// row is a case with its place in the table.
type row struct {
	theme string
	testCase
}

func (r row) id() string { return r.theme + ": " + r.name }

func table() []row {
	var rows []row
	for _, th := range themes() {
		for _, c := range th.cases {
			rows = append(rows, row{th.name, c})
		}
	}
	return rows
}

func TestConformance(t *testing.T) {
	rows := table()
	t.Logf("%d cases", len(rows))
	relais := runAll(t, "relais", rows, func(lanes []lane) []string { return startRelais(t, lanes) }, check)
	if t.Failed() {
		return
	}
	t.Run("haproxy", func(t *testing.T) {
		program, exact := haproxy(t)
		theirs := runAll(t, "cases", rows, func(lanes []lane) []string { return startHAProxy(t, program, lanes) }, nil)
		if exact {
			checkGolden(t, rows, theirs)
		}
	})
	t.Run("differences", func(t *testing.T) { checkDifferences(t, rows, relais) })
}

// runAll runs every case on a lane of its own and returns the outcomes.
func runAll(t *testing.T, name string, rows []row, start func([]lane) []string, check func(*testing.T, testCase, seen)) map[string]outcome {
	servers := make([]*scripted, len(rows))
	lanes := make([]lane, len(rows))
	for i, r := range rows {
		servers[i] = newScripted(t, r.testCase)
		lanes[i] = lane{servers[i].addr, r.limit, r.report}
	}
	addrs := start(lanes)
	results := make([]seen, len(rows))
	t.Run(name, func(t *testing.T) {
		for i, r := range rows {
			t.Run(r.id(), func(t *testing.T) {
				t.Parallel()
				results[i] = run(t, r.testCase, addrs[i], servers[i])
				if check != nil {
					check(t, r.testCase, results[i])
				}
			})
		}
	})
	outcomes := map[string]outcome{}
	for i, r := range rows {
		outcomes[r.id()] = outcomeOf(results[i])
	}
	return outcomes
}

// check compares what Relais did with what the case says, byte by byte.
func check(t *testing.T, c testCase, s seen) {
	if len(s.server) != len(c.got) {
		t.Errorf("the server got %d requests, want %d:\n%q", len(s.server), len(c.got), raws(s.server))
	}
	for i := range min(len(s.server), len(c.got)) {
		if got, want := canonical(s.server[i]), withOurs(c.got[i]); got != want {
			t.Errorf("the server got\n%q, want\n%q", got, want)
		}
	}
	if len(s.client) != len(c.want) {
		t.Errorf("the client got %d answers, want %d:\n%q", len(s.client), len(c.want), raws(s.client))
	}
	for i := range min(len(s.client), len(c.want)) {
		if len(c.want[i]) == 3 {
			checkPage(t, s.client[i], c.want[i], c.end != kept && i == len(c.want)-1)
		} else if got := canonical(s.client[i]); got != c.want[i] {
			t.Errorf("the client got\n%q, want\n%q", got, c.want[i])
		}
	}
	if s.end != c.end {
		t.Errorf("the connection was left %s, want %s", s.end, c.end)
	}
	if !inTime(c, s.took) {
		t.Errorf("it took %v", s.took)
	}
}

// inTime tells that nothing came before a timeout that a case waits for, and that no other case
// waited for one.
func inTime(c testCase, took time.Duration) bool {
	if c.waits {
		return took > c.limit/2 && took < c.limit+patience
	}
	return took < patience-patience/4
}

// checkPage checks an answer that Relais has made up.
func checkPage(t *testing.T, m message, status string, closing bool) {
	if fmt.Sprint(m.status()) != status || m.field("x-request-id") == "" || m.cut {
		t.Errorf("the client got\n%q, want a page %s", m.raw, status)
	}
	if got := m.field("connection") == "close"; got != closing {
		t.Errorf("the client got\n%q, want it to announce the end: %v", m.raw, closing)
	}
}

func raws(messages []message) []string {
	var out []string
	for _, m := range messages {
		out = append(out, m.raw)
	}
	return out
}

// cutMark stands behind a message of which the end is missing.
const cutMark = "‹cut›"

// canonical is a message as it came, but for where its body was cut into chunks, with volatile
// parts masked.
func canonical(m message) string {
	text := m.raw
	if strings.EqualFold(m.field("transfer-encoding"), "chunked") && m.raw != m.head {
		text = m.head + m.body
		if !m.cut {
			text = m.head + framed(m.body, m.tail)
		}
	}
	if m.cut {
		text += cutMark
	}
	return mask(text)
}

// framed is a body in one chunk; trailer ends with the blank line.
func framed(data, trailer string) string {
	if data == "" {
		return "0\r\n" + trailer
	}
	return fmt.Sprintf("%x\r\n%s\r\n0\r\n%s", len(data), data, trailer)
}

// withOurs adds to a request what Relais tells a server.
func withOurs(request string) string {
	head, rest, _ := strings.Cut(request, "\r\n\r\n")
	m := message{head: head + "\r\n"}
	ours := "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"
	if host := m.field("host"); host != "ADDR" {
		ours += "X-Forwarded-Host: " + host + "\r\n"
	}
	return head + "\r\n" + ours + "X-Request-Id: ID\r\n\r\n" + rest
}
