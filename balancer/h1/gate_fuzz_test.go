package h1

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// reading is what became of the bytes of a client.
type reading struct {
	requests []message
	forward  []string // the same as a server gets it
	left     []int    // how many bytes behind each request
	fault    *Fault
	seen     string // the same with its place
	cut      bool   // the end came inside of a request
}

// FuzzGate demands that what passes the gate means the same to Go's own server: what one of two
// programs accepts and the other refuses, or frames in another way, would be a way to smuggle. It
// reads a connection with several requests, in pieces and whole, through both ways into the gate,
// and has Go read the same bytes and those that a server would get. What is tolerated means the
// same when each character that should not be there is left out or replaced.
func FuzzGate(f *testing.F) {
	newGate := func(tolerant bool) *Gate {
		return &Gate{MaxHeaderSize: 1 << 10, MaxHeaders: 20, Tolerant: tolerant, RequestTimeout: time.Hour, KeepAliveTimeout: time.Hour, ClientTimeout: time.Hour}
	}
	gate, tolerant := newGate(false), newGate(true)
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		got := readGate(&pieces{data: data, cuts: cuts}, gate, len(cuts)+1)
		if whole := readGate(&pieces{data: data}, gate, 1<<10); !whole.same(got) {
			t.Fatalf("in pieces we read\n%+v\nand whole\n%+v", got, whole)
		}
		if len(data) < 32<<10 {
			if raw := readGate(socket(t, data), gate, 1<<10); !raw.same(got) {
				t.Fatalf("we read\n%+v\nand from the descriptor\n%+v", got, raw)
			}
		}
		got.compare(t, data)
		for i := range got.requests {
			got.compareForwarded(t, i)
		}
		tolerated := readGate(&pieces{data: data}, tolerant, 1<<10)
		for i := range tolerated.requests {
			tolerated.without(i, "").compareForwarded(t, 0)
			tolerated.without(i, "-").compareForwarded(t, 0)
		}
	})
}

// readGate reads a connection to its end, as the proxy does.
func readGate(conn net.Conn, gate *Gate, piece int) (r reading) {
	c := gate.Wrap(conn)
	defer c.Close()
	for {
		if _, err := c.Read(make([]byte, len(standIn))); err != nil {
			return r
		}
		if r.fault = c.Fault(); r.fault != nil {
			r.seen, r.cut = c.Head().Seen(r.fault).Error(), r.fault == ErrCutHead
			return r
		}
		h := c.Head()
		m := message{start: string(h.Method) + " " + string(h.Target), host: string(h.Host()), length: h.Length}
		forward := AppendRequest(nil, h, &Forwarded{For: []byte("192.0.2.1"), Proto: "http", Host: []byte("local"), RequestID: []byte("id")})
		if err := m.ourBody(c, piece); err != nil {
			r.cut = !errors.As(err, &r.fault)
			return r
		}
		r.requests = append(r.requests, m)
		r.forward = append(r.forward, string(forward)+reframed(m, c.Trailer()))
		if p, ok := conn.(*pieces); ok {
			r.left = append(r.left, len(p.data)+c.in.w-c.in.r)
		}
		if h.Close {
			return r
		}
		c.End()
	}
}

// reframed is the body as a server gets it.
func reframed(m message, trailer []byte) string {
	if m.length != Chunked {
		return m.body
	}
	chunk := Chunk(append(make([]byte, ChunkRoom), m.body...))
	return string(AppendLastChunk(slices.Clone(chunk), trailer))
}

// socket is a connection from whose descriptor the gate reads on its own.
func socket(t *testing.T, data []byte) net.Conn {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	n, err := syscall.Write(fds[1], data)
	if syscall.Close(fds[1]) != nil || err != nil || n != len(data) {
		t.Fatalf("write to the socket: %d, %v", n, err)
	}
	file := os.NewFile(uintptr(fds[0]), "")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func (r reading) same(other reading) bool {
	return reflect.DeepEqual(r.requests, other.requests) && slices.Equal(r.forward, other.forward) && r.fault == other.fault && r.seen == other.seen && r.cut == other.cut
}

// compare has Go read what the client has sent.
func (r reading) compare(t *testing.T, data []byte) {
	behind := bytes.NewReader(data)
	b := bufio.NewReaderSize(behind, 64<<10)
	from := 0
	for i, want := range r.requests {
		sent := bytes.TrimPrefix(data[from:len(data)-r.left[i]], []byte("\r\n"))
		from = len(data) - r.left[i]
		if start, _ := b.Peek(2); string(start) == "\r\n" {
			_, _ = b.Discard(2) // one empty line before a request is skipped (RFC 9112 2.2)
		}
		got, err := goRequest(b)
		if excused(err, sent, headDifferences, chunkDifferences, repairs) {
			return
		}
		if err != nil || !want.means(got) {
			t.Fatalf("%q: we read\n%+v\nGo reads\n%+v, %v", data, want, got, err)
		}
		if left := behind.Len() + b.Buffered(); left != r.left[i] {
			t.Fatalf("%q: behind request %d we leave %d bytes, Go %d", data, i, r.left[i], left)
		}
	}
	if r.cut {
		if got, err := goRequest(b); err == nil {
			t.Fatalf("%q: to us the end is missing, Go reads %+v", data, got)
		}
	}
}

// compareForwarded has Go read what a server gets of request i, and something behind it.
func (r reading) compareForwarded(t *testing.T, i int) {
	const next = "GET /next HTTP/1.1\r\nHost: next\r\n\r\n"
	b := bufio.NewReaderSize(strings.NewReader(r.forward[i]+next), 64<<10)
	got, err := goRequest(b)
	if excused(err, nil, headDifferences) {
		return
	}
	want := r.requests[i]
	want.trailer = fields(AppendTrailer(nil, []byte(strings.ReplaceAll(want.trailer, "\n", "\r\n"))))
	if want.host == "" {
		want.host = got.host
	}
	if err != nil || !want.means(got) {
		t.Fatalf("a server gets %q: we mean\n%+v\nGo reads\n%+v, %v", r.forward[i], want, got, err)
	}
	if rest, _ := io.ReadAll(b); string(rest) != next {
		t.Fatalf("a server gets %q: Go leaves %q behind it", r.forward[i], rest)
	}
	head, _, _ := strings.Cut(strings.ToLower(r.forward[i]), "\r\n\r\n")
	if n := strings.Count(head, "\r\nx-forwarded-for:"); n != 1 {
		t.Fatalf("a server gets %q: %d X-Forwarded-For", r.forward[i], n)
	}
	if strings.Count(head, "\r\ncontent-length:")+strings.Count(head, "\r\ntransfer-encoding:") > 1 {
		t.Fatalf("a server gets %q: more than one framing", r.forward[i])
	}
}

// without is request i with what is only tolerated replaced.
func (r reading) without(i int, by string) reading {
	m, forward := r.requests[i], r.forward[i]
	m.start = above.ReplaceAllLiteralString(m.start, by)
	head, body, _ := strings.Cut(forward, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	lines[0] = above.ReplaceAllLiteralString(lines[0], by)
	for i, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		lines[i+1] = marks.ReplaceAllLiteralString(name, by) + ":" + controls.ReplaceAllLiteralString(value, by)
	}
	return reading{requests: []message{m}, forward: []string{strings.Join(lines, "\r\n") + "\r\n\r\n" + body}}
}

var (
	above    = regexp.MustCompile(`[^\x00-\x7f]`)
	marks    = regexp.MustCompile(`["(),/;<=>?@\[\\\]{}]`)
	controls = regexp.MustCompile(`[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]`)
)

// goRequest is the next request as Go reads it.
func goRequest(b *bufio.Reader) (m message, err error) {
	r, err := http.ReadRequest(b)
	if err != nil {
		return m, err
	}
	m = message{start: r.Method + " " + r.RequestURI, host: r.Host, length: goLength(r.ContentLength, r.TransferEncoding)}
	return m, m.goBody(r.Body, &r.Trailer)
}

// means tells whether Go has read the same request. Of a target in absolute form Go takes the
// host from there; ours is the same but for case and a default port.
func (m message) means(other message) bool {
	if strings.Contains(m.start, "://") {
		other.host = m.host
	}
	return m == other
}
