package h1

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// FuzzChunks compares the decoder with Go's, whatever the pieces in which a body arrives: what we
// accept, Go reads as the same data with the same trailer and the same end.
func FuzzChunks(f *testing.F) {
	f.Fuzz(func(t *testing.T, body, cuts []byte) {
		ours, end, err := decodeAll(body, cuts)
		if whole, wholeEnd, wholeErr := decodeAll(body, nil); ours != whole || end != wholeEnd || !errors.Is(err, wholeErr) {
			t.Fatalf("%q: in pieces %+v, %d, %v; whole %+v, %d, %v", body, ours, end, err, whole, wholeEnd, wholeErr)
		}
		theirs, left, goErr := goChunks(string(body))
		if errors.Is(err, io.ErrUnexpectedEOF) && goErr == nil {
			t.Fatalf("%q: to us the end is missing, Go reads %+v", body, theirs)
		}
		if err != nil || excused(goErr, body, chunkDifferences) {
			return
		}
		if goErr != nil || theirs != ours || left != len(body)-end {
			t.Fatalf("%q: we read %+v and leave %d bytes, Go reads %+v and leaves %d, %v", body, ours, len(body)-end, theirs, left, goErr)
		}
	})
}

// decodeAll decodes a body that arrives in pieces, and tells where it ends.
func decodeAll(body, cuts []byte) (m message, end int, err error) {
	var d Decoder
	p := &pieces{data: body, cuts: cuts}
	m.length = Chunked
	for !d.Done() && err == nil {
		if len(body) == end {
			return m, end, io.ErrUnexpectedEOF
		}
		buf := slices.Clone(body[end:min(end+p.size(), len(body))])
		var n, used int
		n, used, err = d.Decode(buf)
		m.body += string(buf[:n])
		end += used
	}
	m.trailer = fields(d.Trailer())
	return m, end, err
}

func goChunks(body string) (m message, left int, err error) {
	behind := strings.NewReader("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)
	b := bufio.NewReaderSize(behind, 64<<10)
	r, err := http.ReadRequest(b)
	if err != nil {
		return m, 0, err
	}
	m.length = Chunked
	err = m.goBody(r.Body, &r.Trailer)
	return m, behind.Len() + b.Buffered(), err
}
