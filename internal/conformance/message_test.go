package conformance

import (
	"bufio"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// message is what one side got as one message. It is read by the plain rules of RFC 9112, for
// what is read here has passed a proxy.
type message struct {
	raw  string // as it came
	tail string // what follows the last chunk, with the blank line
	head string // start line and fields, with the blank line
	body string // without framing
	cut  bool   // the end of the connection came before that of the message
}

var errCut = errors.New("message is incomplete")

// readHead reads a start line and fields. At the end of the stream it returns what there was and
// io.EOF or why the connection ended.
func (m *message) readHead(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		m.head += line
		m.raw += line
		if err != nil {
			m.cut = m.head != ""
			return err
		}
		if line == "\r\n" || line == "\n" {
			return nil
		}
	}
}

// readBody reads the body that the head announces. An answer without a length ends with the
// connection.
func (m *message) readBody(r *bufio.Reader, isAnswer, toHead bool) error {
	status := m.status()
	var err error
	switch {
	case isAnswer && (toHead || status < 200 || status == 204 || status == 304):
	case strings.EqualFold(m.field("transfer-encoding"), "chunked"):
		err = m.readChunks(r)
	case m.field("content-length") != "":
		n, _ := strconv.Atoi(m.field("content-length"))
		err = m.take(r, n, true)
	case isAnswer:
		var b []byte
		b, err = io.ReadAll(r)
		m.raw, m.body = m.raw+string(b), m.body+string(b)
	}
	m.cut = err != nil
	return err
}

func (m *message) readChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadString('\n')
		m.raw += line
		if err != nil {
			return err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 32)
		if err != nil {
			return errCut
		}
		if n == 0 {
			break
		}
		if err := m.take(r, int(n), true); err != nil {
			return err
		}
		if err := m.take(r, 2, false); err != nil {
			return err
		}
	}
	trailer := message{}
	err := trailer.readHead(r)
	m.raw, m.tail = m.raw+trailer.raw, trailer.raw
	return err
}

func (m *message) take(r *bufio.Reader, n int, data bool) error {
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	m.raw += string(b)
	if data {
		m.body += string(b)
	}
	if err == nil && len(b) < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// status is the code of an answer; 0 for a request.
func (m *message) status() int {
	if !strings.HasPrefix(m.head, "HTTP/") || len(m.head) < 12 {
		return 0
	}
	n, _ := strconv.Atoi(m.head[9:12])
	return n
}

// field is the value of the first field with a name in lower case.
func (m *message) field(name string) string {
	for line := range strings.SplitSeq(m.head, "\r\n") {
		if n, value, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.Trim(value, " \t")
		}
	}
	return ""
}

var (
	anyID   = regexp.MustCompile(`(X-Request-Id: |<code>)[0-9a-f]{32}`)
	anyAddr = regexp.MustCompile(`127\.0\.0\.[0-9]+:[0-9]+`)
)

// mask hides what is different each time.
func mask(s string) string {
	return anyAddr.ReplaceAllString(anyID.ReplaceAllString(s, "${1}ID"), "ADDR")
}
