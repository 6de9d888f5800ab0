package h1

import (
	"bytes"
	"io"
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

func TestChunkIsWhatDecoderReads(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 4096, 70000} {
		data := bytes.Repeat([]byte("x"), n)
		framed := append([]byte(nil), Chunk(append(make([]byte, ChunkRoom), data...))...)
		framed = AppendLastChunk(framed, []byte("A: b\r\n"))
		got, end, err := decodeAll(framed, []byte{99})
		if err != nil || got.body != string(data) || got.trailer != "A: b\n" || end != len(framed) {
			t.Errorf("%d bytes: %d back, %d of %d used, %v", n, len(got.body), end, len(framed), err)
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
