package healthcheck

import (
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"
)

// FuzzReadAnswer: whatever a server says, the answer is the same in whichever pieces it comes,
// what is said about it fits a log line, and a limited part of it is read.
func FuzzReadAnswer(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.0 503 Service Unavailable\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
		"HTTP/1.1 200 OK\nServer: bare line feeds\n\n",
		"HTTP/1.1 200 \x1b[31m\xff\r\n\r\n",
		"HTTP/1.1 -20 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 99 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"SSH-2.0-OpenSSH_9.2\r\n", "\x16\x03\x01\x00", "\r\n\r\n", "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		whole := strings.NewReader(string(data))
		a, err := readAnswer(whole, "")
		b, pieceErr := readAnswer(iotest.OneByteReader(strings.NewReader(string(data))), "")
		// The evidence of an accepted answer is whatever had come by then.
		if a.code != b.code || a.status != b.status || (err == nil) != (pieceErr == nil) {
			t.Errorf("at once %+v %v, byte by byte %+v %v", a, err, b, pieceErr)
		}
		if read := len(data) - whole.Len(); read > maxHead {
			t.Errorf("%d bytes read", read)
		}
		if err != nil {
			expectLogLine(t, cause(err))
			return
		}
		if a.code < 200 && a.code != 101 || a.code > 999 {
			t.Errorf("status %d accepted", a.code)
		}
		if !strings.HasPrefix(string(data), "HTTP/1.") {
			t.Errorf("accepted %q", data)
		}
		expectLogLine(t, a.status)
	})
}

func expectLogLine(t *testing.T, s string) {
	t.Helper()
	if s == "" || utf8.RuneCountInString(s) > 80 {
		t.Errorf("%d runes in %q, want 1 to 80", utf8.RuneCountInString(s), s)
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			t.Errorf("%q in %q", r, s)
		}
	}
}
