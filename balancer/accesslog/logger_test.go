package accesslog

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ordinary is an exchange without any trouble.
func ordinary() Entry {
	return Entry{
		Time:        time.Date(2026, 11, 22, 13, 45, 10, 123_456_789, time.FixedZone("CET", 3600)),
		Timers:      Timers{Request: 0, Queue: 12, Connect: 345, Response: 6_789, Total: 1_234_567},
		ID:          []byte("4f2a9c0e11d84b77"),
		Client:      netip.MustParseAddrPort("192.0.2.7:33317"),
		Frontend:    "web",
		Backend:     "app",
		Server:      "web1",
		Method:      []byte("GET"),
		Host:        []byte("example.com"),
		Target:      []byte("/api/messages?newest=50&q=a%20b"),
		Proto:       []byte("HTTP/1.1"),
		UserAgent:   []byte("curl/7.88.1"),
		Status:      200,
		BytesIn:     112,
		BytesOut:    2750,
		Reused:      true,
		Termination: NoTermination,
		Why:         "roundrobin 3/3",
	}
}

func TestLines(t *testing.T) {
	tests := []struct {
		name string
		edit func(*Entry)
	}{
		{"ordinary", func(*Entry) {}},
		{"redispatched", func(x *Entry) {
			x.ClientID, x.Referer = []byte("from-the-client"), []byte("http://example.com/")
			x.Server, x.Reused = "web3", false
			x.Retries, x.Redispatched = 1, true
			x.Why = "retry web2: connection refused; roundrobin 2/3"
			x.Reason = "web2: connection refused; answered by web3"
		}},
		{"client_gone", func(x *Entry) {
			x.Timers.Response, x.Timers.Total = NotReached, 2_000_001
			x.Status, x.BytesOut, x.Termination = 499, 0, "CH--"
			x.Reason = "the client left before an answer"
		}},
		{"no_server", func(x *Entry) {
			x.Timers = Timers{0, 5_000_000, NotReached, NotReached, 5_000_000}
			x.Server, x.Status, x.Termination = "", 503, "sQ--"
			x.Why = "queue 4 5000ms; none: no server had room within timeout.queue"
			x.Reason = "no slot on any server within 5s"
		}},
		{"bad_request", func(x *Entry) {
			*x = Entry{
				Time: x.Time, Timers: Timers{NotReached, NotReached, NotReached, NotReached, 9},
				ID: x.ID, Client: x.Client, Frontend: "web", Status: 400, Termination: "PR--",
				Reason: `bad header name "X\x00Y"`,
			}
		}},
		{"ipv6", func(x *Entry) { x.Client = netip.MustParseAddrPort("[2001:db8::1]:80") }},
		{"tcp", func(x *Entry) {
			*x = Entry{
				TCP: true, Time: x.Time, ID: x.ID, Client: x.Client, Frontend: "mysql", Backend: "db", Server: "db1",
				Timers:  Timers{NotReached, 0, 345, NotReached, 1_234_567},
				BytesIn: 112, BytesOut: 2750, Termination: "SD--", Reason: "db1: connection reset by peer",
			}
		}},
		{"unix_client", func(x *Entry) { x.Client = netip.AddrPort{} }},
		{"hostile", func(x *Entry) {
			x.Client = netip.MustParseAddrPort("[fe80::1%\"\n\x1b[2J]:80")
			x.Method = []byte("GET\r\nX")
			x.Target = []byte("/\"},{\"status\":200}\n\x00\x1b[31m\x7f\\")
			x.Host = []byte("\xff\xfe\u009b2J\u202egnp.\u2028exe")
			x.UserAgent = []byte("café 日本 ☃")
			x.Reason = "web1: bad answer \"HT\x80P\""
		}},
		{"too_long", func(x *Entry) {
			x.Target = []byte("/" + strings.Repeat("a", maxTarget-1) + "never shown")
			x.Host = []byte(strings.Repeat("h", maxText) + "never shown")
			x.Referer = []byte(strings.Repeat("\xff", maxText+1))
		}},
		{"just_fits", func(x *Entry) {
			x.Target = []byte("/" + strings.Repeat("a", maxTarget-2) + "$")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := ordinary()
			test.edit(&x)
			got := line(&x)
			checkLine(t, got)
			golden(t, test.name, got)
		})
	}
}

func TestDroppedLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // its clock starts at midnight UTC of 2000-01-01
		got := Dropped([]byte("before\n"), 1234)
		golden(t, "dropped", got)
		checkLine(t, got[len("before\n"):])
	})
}

func TestLogAllocatesNothing(t *testing.T) {
	log := New(io.Discard)
	plain, rare := ordinary(), ordinary()
	rare.Target = []byte("/café\xff")
	rare.Reason = "web2: ☠"
	for _, x := range []*Entry{&plain, &rare} {
		if n := testing.AllocsPerRun(1000, func() { log.Log(x) }); n != 0 {
			t.Errorf("%v allocations for target %.20q, want 0", n, x.Target)
		}
	}
}

// FuzzLine wants one line of valid JSON without control characters, whatever a client sends, and
// the status and the frontend as they were.
func FuzzLine(f *testing.F) {
	f.Add([]byte("/"), []byte("example.com"), []byte("curl"), "web1: connection refused", int64(12))
	f.Add([]byte("/\"},{\n"), []byte("\xff\u009b"), []byte("\u202e"), "\x00", int64(-1))
	f.Fuzz(func(t *testing.T, target, host, agent []byte, reason string, us int64) {
		x := ordinary()
		x.Target, x.Host, x.UserAgent, x.Reason = target, host, agent, reason
		x.Method, x.Proto, x.ClientID, x.Referer = host, agent, target, target
		x.Timers = Timers{us, -us, us, us, us}
		got := line(&x)
		checkLine(t, got)
		var back struct {
			Status   int
			Frontend string
			Target   string
		}
		if err := json.Unmarshal(got, &back); err != nil || back.Status != x.Status || back.Frontend != x.Frontend {
			t.Errorf("read back %+v, %v", back, err)
		}
		if most := 4*maxTarget + len(cut); len(back.Target) > most {
			t.Errorf("target of %d bytes in the line, want at most %d", len(back.Target), most)
		}
	})
}

func BenchmarkLog(b *testing.B) {
	log, x := New(io.Discard), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		log.Log(&x)
	}
}

func line(x *Entry) []byte {
	var out bytes.Buffer
	New(&out).Log(x)
	return out.Bytes()
}

func checkLine(t *testing.T, got []byte) {
	t.Helper()
	text, ended := bytes.CutSuffix(got, []byte("\n"))
	if !ended || !json.Valid(text) {
		t.Errorf("not a line of JSON: %q", got)
	}
	for _, r := range string(text) {
		if !unicode.IsPrint(r) {
			t.Errorf("raw %q in %q", r, got)
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
