package h1

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// pieces is a connection on which data arrive in pieces, cut in turn after so many bytes and one
// more, and then end. Without cuts they arrive in one piece.
type pieces struct {
	net.Conn // what is not below is never called
	data     []byte
	cuts     []byte
	turn     int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b, p.data[:min(p.size(), len(p.data))])
	p.data = p.data[n:]
	return n, nil
}

// size is how long the next piece may be.
func (p *pieces) size() int {
	if len(p.cuts) == 0 {
		return 1 << 20
	}
	p.turn++
	return int(p.cuts[p.turn%len(p.cuts)]) + 1
}

func (p *pieces) SetReadDeadline(time.Time) error  { return nil }
func (p *pieces) SetWriteDeadline(time.Time) error { return nil }
func (p *pieces) Close() error                     { return nil }

// message is what a reader makes of a request or of an answer.
type message struct {
	start   string // method and target, or status
	host    string
	length  int64 // that is stated; Chunked, or UntilClose
	body    string
	trailer string
}

// bodyReader is what reads the body of a message of ours.
type bodyReader interface {
	Arrived() int
	ReadArrived(p []byte) (int, error)
	ReadBody(p []byte) (int, error)
	Trailer() []byte
}

// ourBody reads the body as the proxy does: what has arrived with the head, then the rest in
// pieces. The error is nil at its end.
func (m *message) ourBody(r bodyReader, piece int) error {
	first := make([]byte, r.Arrived())
	n, err := r.ReadArrived(first)
	m.body = string(first[:n])
	rest := make([]byte, piece)
	for err == nil {
		n, err = r.ReadBody(rest)
		m.body += string(rest[:n])
	}
	if err != io.EOF {
		return err
	}
	if m.length == Chunked {
		m.trailer = fields(r.Trailer())
	}
	return nil
}

// goBody reads the body as Go does.
func (m *message) goBody(body io.Reader, trailer *http.Header) error {
	b, err := io.ReadAll(body)
	m.body = string(b)
	if m.length == Chunked {
		m.trailer = listed(*trailer)
	}
	return err
}

// goLength is a length as Go states it, in our terms.
func goLength(n int64, codings []string) int64 {
	switch {
	case len(codings) > 0:
		return Chunked
	case n < 0:
		return UntilClose
	}
	return n
}

// listed is a header in one text, in a certain order.
func listed(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			b.WriteString(name + ": " + value + "\n")
		}
	}
	return b.String()
}

// fields is the same for field lines as they came.
func fields(b []byte) string {
	h := http.Header{}
	for line := range strings.SplitSeq(string(b), "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			h.Add(name, strings.Trim(value, " \t"))
		}
	}
	return listed(h)
}

// difference is one between Go and us that is ours on purpose: Go refuses, with these words, data
// that we accept.
type difference struct {
	words string
	why   string
	only  func(data []byte) bool // nil: in all
}

// excused tells whether err is such a difference.
func excused(err error, data []byte, all ...[]difference) bool {
	return err != nil && slices.ContainsFunc(slices.Concat(all...), func(d difference) bool {
		return strings.Contains(err.Error(), d.words) && (d.only == nil || d.only(data))
	})
}

// chunkDifferences are those of chunked bodies. Extensions never go on, so that no server has to
// agree with us about them.
var chunkDifferences = []difference{
	{"contains too much non-data", "Go limits extensions by the data, we each line", nil},
	{"header line too long", "Go counts the line with its end, we the extension alone", nil},
	{"invalid byte in chunk length", "space before an extension is to be accepted (RFC 9112 7.1.1)", regexp.MustCompile(`[ \t];`).Match},
	{"suspiciously long trailer", "Go limits a trailer by its buffer, we by 8 KiB", nil},
}

// headDifferences are those of requests and answers as they go on.
var headDifferences = []difference{
	{`parse "`, "whether a target is a good URL is between client and server: it frames nothing", nil},
	{"invalid URI for request", "the same", nil},
	{"bad trailer key", "a field may announce what must not stand in a trailer, which is then dropped there", nil},
}

// repairs are what Go refuses of a sender, and reads as we do when we have passed it on.
var repairs = []difference{
	{"bad Content-Length", "a list of equal lengths becomes one (RFC 9112 6.3)", equalLengths},
	{"multiple Content-Length", "equal lengths that are spelled in two ways, such as 2 and 02, become one", equalLengths},
}

// equalLengths tells whether all lengths that a message states are the same number.
func equalLengths(data []byte) bool {
	head, _, _ := bytes.Cut(data, []byte("\r\n\r\n"))
	var all []string
	for _, line := range contentLength.FindAllSubmatch(head, -1) {
		for n := range strings.SplitSeq(string(line[1]), ",") {
			all = append(all, strings.TrimLeft(strings.Trim(n, " \t"), "0"))
		}
	}
	return len(slices.Compact(all)) == 1
}

var contentLength = regexp.MustCompile(`(?im)^content-length:([0-9, \t]*)\r?$`)
