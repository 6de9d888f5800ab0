package healthcheck

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// What readAnswer refuses, besides what net/http calls malformed.
var (
	errNoAnswer   = errors.New("closed without an answer")
	errCutShort   = errors.New("answer cut short")
	errLongAnswer = fmt.Errorf("answer head longer than %d KiB", maxHead>>10)
	errNotHTTP    = errors.New("not an HTTP/1 answer")
)

// maxHead is how much of an answer is read in search of the end of its head.
const maxHead = 16 << 10

// maxBody is how much of a body is looked at.
const maxBody = 16 << 10

// answer is an HTTP answer of which the head has been read, or what came of it.
type answer struct {
	code   int    // 0: none that counts
	status string // code and reason, such as "503 Service Unavailable"
	first  string // the first words, as they came
	fields http.Header

	head *head
	body io.Reader // what follows, without its framing
}

// readAnswer reads the head of the first answer from r that is not a 1xx. 101 counts as an
// answer: after it comes something that is no longer HTTP/1. method is that of the request;
// empty: GET.
func readAnswer(r io.Reader, method string) (answer, error) {
	h := &head{from: r, left: maxHead}
	buffered := bufio.NewReader(h)
	for {
		response, err := http.ReadResponse(buffered, &http.Request{Method: method})
		if h.ended != nil {
			// Whatever net/http made of it: it takes a line that breaks off for a whole one.
			err = h.explain()
		}
		if err != nil {
			return answer{first: h.first()}, err
		}
		code := response.StatusCode
		if response.ProtoMajor != 1 || code < 100 {
			return answer{first: h.first()}, fmt.Errorf("%w: %q", errNotHTTP, h.first())
		}
		if code >= 200 || code == http.StatusSwitchingProtocols {
			return answer{
				code: code, status: printable(response.Status), first: h.first(), fields: response.Header,
				head: h, body: response.Body,
			}, nil
		}
	}
}

// readBody reads the body to its end, as far as it is looked at, or until there is enough of it.
// What a server has sent before it closed too early is its body.
func (a *answer) readBody(enough func([]byte) bool) ([]byte, error) {
	a.head.left = 2 * maxBody // with its framing
	body := make([]byte, 0, maxBody)
	for len(body) < maxBody && !enough(body) {
		n, err := a.body.Read(body[len(body):maxBody])
		body = body[:len(body)+n]
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, errLongAnswer):
			return body, nil
		default:
			return body, err
		}
	}
	return body, nil
}

// head reads at most left bytes from a connection and remembers the first ones as evidence.
type head struct {
	from  io.Reader
	left  int
	seen  []byte
	ended error // why nothing more came
}

func (h *head) Read(p []byte) (int, error) {
	const evidence = 256
	if h.left == 0 {
		h.ended = errLongAnswer
		return 0, h.ended
	}
	n, err := h.from.Read(p[:min(len(p), h.left)])
	h.left -= n
	h.seen = append(h.seen, p[:min(n, evidence-len(h.seen))]...)
	if n == 0 {
		h.ended = err
	}
	return n, err
}

// first is the first line of what has come, shortened.
func (h *head) first() string { return firstLine(h.seen) }

func firstLine(seen []byte) string {
	const longest = 48
	line := seen[:min(len(seen), longest)]
	for i, c := range line {
		if c == '\r' || c == '\n' {
			return string(line[:i])
		}
	}
	return string(line)
}

// explain says in words for a log line why the head is not whole.
func (h *head) explain() error {
	switch {
	case !errors.Is(h.ended, io.EOF):
		return h.ended
	case len(h.seen) == 0:
		return errNoAnswer
	default:
		return fmt.Errorf("%w: %q", errCutShort, h.first())
	}
}
