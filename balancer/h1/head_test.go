package h1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

// read parses a request head that arrives in pieces of the given size.
func read(request string, piece int) (*Head, error) {
	h := &Head{}
	h.reset(101, false)
	for n := min(piece, len(request)); ; n = min(n+piece, len(request)) {
		done, err := h.next([]byte(request)[:n])
		if err != nil {
			return h, err
		}
		if done {
			return h, h.finishRequest()
		}
		if n == len(request) {
			return h, io.ErrUnexpectedEOF
		}
	}
}

func TestHeadArrivesInPieces(t *testing.T) {
	const request = "\r\nPOST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\nConnection: close, X\r\nX: y\r\n\r\n"
	for piece := 1; piece <= len(request); piece++ {
		h, err := read(request, piece)
		if err != nil || string(h.Method) != "POST" || string(h.Target) != "/a" || string(h.Host()) != "h" ||
			h.Length != 12 || !h.Close || h.Size() != len(request) {
			t.Fatalf("in pieces of %d: %+v, %v", piece, h, err)
		}
	}
}

func TestConnectionPersistence(t *testing.T) {
	for _, test := range []struct {
		version, connection string
		close               bool
	}{
		{"1.1", "", false},
		{"1.1", "close", true},
		{"1.1", "keep-alive, Close", true},
		{"1.0", "", true},
		{"1.0", "Keep-Alive", false},
	} {
		request := "GET / HTTP/" + test.version + "\r\nHost: h\r\nConnection: " + test.connection + "\r\n\r\n"
		if h, err := read(request, 1000); err != nil || h.Close != test.close {
			t.Errorf("%s with %q: close is %v, %v", test.version, test.connection, h.Close, err)
		}
	}
}

// FuzzRequestHead demands that a request which we accept means the same to Go's own server: what
// one of the two accepts and the other frames differently would be a way to smuggle.
func FuzzRequestHead(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab",
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"GET http://h/ HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\tchunked \r\nA: \x80\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\nHost: h\r\nX_Forwarded-For: a\r\n\r\n",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, request string) {
		h, err := read(request, len(request)+1)
		if err != nil {
			return
		}
		forwarded := AppendRequest(nil, h, &Forwarded{For: []byte("1.2.3.4"), Proto: "http", Host: []byte("h"), RequestID: []byte("id")})
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(forwarded, request[h.Size():]...))))
		if err != nil {
			if strings.Contains(err.Error(), "parse \"") || strings.Contains(err.Error(), "invalid URI") || strings.Contains(err.Error(), "malformed Host") {
				return // stricter about what a URI or a host name is, not about where a message ends
			}
			t.Fatalf("we accept %q, Go does not: %v", forwarded, err)
		}
		length := h.Length
		if length == Chunked && len(r.TransferEncoding) != 1 || length >= 0 && r.ContentLength != length {
			t.Fatalf("%q: our length is %d, Go's %d %v", forwarded, length, r.ContentLength, r.TransferEncoding)
		}
		if r.Method != string(h.Method) || r.RequestURI != string(h.Target) {
			t.Fatalf("%q: Go reads %s %s", forwarded, r.Method, r.RequestURI)
		}
		if got := r.Header.Values("X-Forwarded-For"); len(got) != 1 || got[0] != "1.2.3.4" {
			t.Fatalf("%q: X-Forwarded-For is %q", forwarded, got)
		}
	})
}

// FuzzChunks compares the decoder with Go's, whatever the pieces in which a body arrives.
func FuzzChunks(f *testing.F) {
	for _, s := range []string{
		"0\r\n\r\n", "2\r\nab\r\n0\r\n\r\n", "2;a=\"b\"\r\nab\r\n0\r\nA: b\r\n\r\nrest", "a \r\n0123456789\r\n0\r\n\r\n",
		"2\nab\n0\n\n", "fffffffffffffffff\r\n", "1\r\nab\r\n", "0x1\r\na\r\n",
	} {
		f.Add(s, 1)
	}
	f.Fuzz(func(t *testing.T, body string, piece int) {
		ours, used, err := decodeAll(body, max(1, piece%64))
		if err != nil {
			return
		}
		r, _ := http.ReadRequest(bufio.NewReader(strings.NewReader("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body)))
		theirs, err := io.ReadAll(r.Body)
		if err != nil && !strings.Contains(err.Error(), "trailer") && !strings.Contains(err.Error(), "too much overhead") &&
			!strings.Contains(err.Error(), "malformed MIME") {
			t.Fatalf("we accept %q (%d bytes), Go does not: %v", body, used, err)
		}
		if string(theirs) != ours {
			t.Fatalf("%q: we read %q, Go %q", body, ours, theirs)
		}
	})
}

func decodeAll(body string, piece int) (string, int, error) {
	var d Decoder
	var out []byte
	used := 0
	for !d.Done() {
		if used == len(body) {
			return string(out), used, io.ErrUnexpectedEOF
		}
		buf := []byte(body[used:min(used+piece, len(body))])
		n, u, err := d.Decode(buf)
		if err != nil {
			return "", 0, err
		}
		out = append(out, buf[:n]...)
		used += u
	}
	return string(out), used, nil
}

func TestChunkIsWhatDecoderReads(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 4096, 70000} {
		data := bytes.Repeat([]byte("x"), n)
		framed := append([]byte(nil), Chunk(append(make([]byte, ChunkRoom), data...))...)
		framed = AppendLastChunk(framed, []byte("A: b\r\n"))
		got, used, err := decodeAll(string(framed), 100)
		if err != nil || got != string(data) || used != len(framed) {
			t.Errorf("%d bytes: %d back, %d of %d used, %v", n, len(got), used, len(framed), err)
		}
	}
}

func TestValidValue(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			b := bytes.Repeat([]byte("a\t"), 10)
			b[at] = byte(c)
			want := c >= 0x20 && c != 0x7f || c == '\t'
			if validValue(b) != want {
				t.Errorf("byte %#x at %d: %v", c, at, !want)
			}
		}
	}
}

func BenchmarkRequestHead(b *testing.B) {
	request := []byte("GET /some/path?with=query HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\n" +
		"Cookie: " + strings.Repeat("name=value; ", 80) + "\r\nUpgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none\r\n\r\n")
	var h Head
	out := make([]byte, 0, 4096)
	f := &Forwarded{For: []byte("127.0.0.1"), Proto: "http", RequestID: make([]byte, 32)}
	b.ReportAllocs()
	b.SetBytes(int64(len(request)))
	for b.Loop() {
		h.reset(101, false)
		if done, err := h.next(request); !done || err != nil || h.finishRequest() != nil {
			b.Fatal(err)
		}
		out = AppendRequest(out[:0], &h, f)
	}
}
