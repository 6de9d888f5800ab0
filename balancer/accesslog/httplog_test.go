package accesslog

import (
	"bytes"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// httpLine is the line of an entry in HAProxy's words.
func httpLine(x *Entry) string {
	var out bytes.Buffer
	NewHTTPLog(&out).Log(x)
	return out.String()
}

// TestHTTPLog looks at what HAProxy's own lines do not show on every machine; that the lines are
// HAProxy's is tested against HAProxy, in cmd/balancer.
func TestHTTPLog(t *testing.T) {
	for _, test := range []struct {
		name string
		edit func(*Entry)
		want string
	}{
		{"ordinary", func(*Entry) {}, `192.0.2.7:33317 [22/Nov/2026:13:45:10.123] web app/web1 0/0/0/6/1234 200 2750 - - ---- 0/0/0/0/0 0/0 "GET /api/messages?newest=50&q=a%20b HTTP/1.1"`},
		{"everything", func(x *Entry) {
			x.TLS, x.Conns, x.Queue, x.Retries, x.Redispatched = true, Conns{9, 8, 7, 6}, 5, 4, true
			x.Termination = "--VN"
		}, `192.0.2.7:33317 [22/Nov/2026:13:45:10.123] web~ app/web1 0/0/0/6/1234 200 2750 - - --VN 9/8/7/6/+4 0/5 "GET /api/messages?newest=50&q=a%20b HTTP/1.1"`},
		{"ipv6", func(x *Entry) { x.Client = netip.MustParseAddrPort("[2001:db8::1]:80"); x.Target = []byte("/") },
			`2001:db8::1:80 [22/Nov/2026:13:45:10.123] web app/web1 0/0/0/6/1234 200 2750 - - ---- 0/0/0/0/0 0/0 "GET / HTTP/1.1"`},
		{"unix socket", func(x *Entry) { x.Client = netip.AddrPort{}; x.Target = []byte("/") },
			`unix:1 [22/Nov/2026:13:45:10.123] web app/web1 0/0/0/6/1234 200 2750 - - ---- 0/0/0/0/0 0/0 "GET / HTTP/1.1"`},
		{"hostile", func(x *Entry) { x.Target = []byte("/\"#\n\x00\x1b\x7f\xff\\ {|}") },
			`192.0.2.7:33317 [22/Nov/2026:13:45:10.123] web app/web1 0/0/0/6/1234 200 2750 - - ---- 0/0/0/0/0 0/0 "GET /#22#23#0A#00#1B#7F#FF\ {|} HTTP/1.1"`},
		{"gone", func(x *Entry) { x.Status, x.Termination, x.Target = 499, "CD--", []byte("/") },
			`192.0.2.7:33317 [22/Nov/2026:13:45:10.123] web app/web1 0/0/0/6/1234 -1 2750 - - CD-- 0/0/0/0/0 0/0 "GET / HTTP/1.1"`},
		{"tcp", func(x *Entry) {
			x.TCP, x.Termination, x.Timers = true, "SD--", Timers{-1, 1000, -1, -1, 5999}
		}, `192.0.2.7:33317 [22/Nov/2026:13:45:10.123] web app/web1 1/-1/5 2750 SD 0/0/0/0/0 0/0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := ordinary()
			x.Time = time.Date(2026, 11, 22, 13, 45, 10, 123_999_999, time.Local)
			test.edit(&x)
			if got := httpLine(&x); got != test.want+"\n" {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestHTTPLogAllocatesNothing(t *testing.T) {
	x, buf := ordinary(), make([]byte, 4096) // a pool would forget it now and then under -race
	if n := testing.AllocsPerRun(1000, func() { appendEntry(buf[:0], &x) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

// FuzzHTTPLog wants one line of visible ASCII with one quoted part, whatever a client sends.
func FuzzHTTPLog(f *testing.F) {
	f.Add([]byte("GET"), []byte("/"), int64(12))
	f.Add([]byte("G\nT"), []byte("/\"\xff\x00#"), int64(-1))
	f.Fuzz(func(t *testing.T, method, target []byte, us int64) {
		x := ordinary()
		x.Method, x.Target, x.Timers = method, target, Timers{us, us, us, us, us}
		line, ended := strings.CutSuffix(httpLine(&x), "\n")
		if !ended || strings.Count(line, `"`) != 2 || !strings.HasSuffix(line, `"`) {
			t.Errorf("not one line with one quoted part: %q", line)
		}
		for _, c := range []byte(line) {
			if c < ' ' || c >= 0x7f {
				t.Errorf("byte %#x in %q", c, line)
			}
		}
		if len(line) > 3*maxRequest+400 {
			t.Errorf("%d bytes", len(line))
		}
	})
}

func BenchmarkHTTPLog(b *testing.B) {
	log, x := NewHTTPLog(io.Discard), ordinary()
	b.ReportAllocs()
	for b.Loop() {
		log.Log(&x)
	}
}
