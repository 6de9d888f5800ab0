package healthcheck

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
)

// Step is one part of a conversation over TCP: it sends something or expects something.
type Step struct {
	Send   string         // sent, if neither Expect nor Regex is given
	Expect string         // somewhere in what the server says
	Regex  *regexp.Regexp // matches somewhere in it
}

// maxSaid is how much of what a server says is looked at.
const maxSaid = 16 << 10

// Steps returns a probe that has a conversation over one connection. As with HAProxy's tcp-check,
// what a server has said is looked at by every expectation up to the next Send. Without steps the
// probe is that of TCP.
func Steps(dial Dial, steps []Step) Probe {
	if len(steps) == 0 {
		return TCP(dial)
	}
	return Talk(dial, func(_ context.Context, conn net.Conn) (Result, error) {
		said := make([]byte, 0, 512)
		for i := range steps {
			step := &steps[i]
			if !step.expects() {
				said = said[:0]
				if _, err := io.WriteString(conn, step.Send); err != nil {
					return Result{Detail: step.place(i + 1)}, err
				}
				continue
			}
			var err error
			said, err = step.listen(conn, said)
			if errors.Is(err, errNoMatch) {
				return Result{Status: L7Response, Detail: step.mismatch(i+1, said)}, nil
			}
			if err != nil {
				return Result{Detail: step.place(i + 1)}, err
			}
		}
		return Result{OK: true, Status: L7OK}, nil
	})
}

// errNoMatch says that a server has said all it had to say.
var errNoMatch = errors.New("no match")

func (s *Step) expects() bool { return s.Expect != "" || s.Regex != nil }

// listen adds to what the server has said until it matches.
func (s *Step) listen(conn net.Conn, said []byte) ([]byte, error) {
	buf := make([]byte, 4<<10)
	for !s.matches(said) {
		if len(said) >= maxSaid {
			return said, errNoMatch
		}
		n, err := conn.Read(buf[:min(len(buf), maxSaid-len(said))])
		said = append(said, buf[:n]...)
		switch {
		case n > 0 || err == nil:
		case errors.Is(err, io.EOF):
			return said, errNoMatch
		default:
			return said, err
		}
	}
	return said, nil
}

func (s *Step) matches(said []byte) bool {
	if s.Regex != nil {
		return s.Regex.Match(said)
	}
	return bytes.Contains(said, []byte(s.Expect))
}

// place is HAProxy's text for where in the conversation something went wrong.
func (s *Step) place(number int) string {
	switch {
	case s.Regex != nil:
		return fmt.Sprintf("at step %d of tcp-check (expect regex)", number)
	case s.Expect != "":
		return fmt.Sprintf("at step %d of tcp-check (expect string '%s')", number, shortened(s.Expect))
	}
	return fmt.Sprintf("at step %d of tcp-check (send)", number)
}

// mismatch is HAProxy's text, with what came instead.
func (s *Step) mismatch(number int, said []byte) string {
	switch {
	case len(said) == 0:
		return fmt.Sprintf("TCPCHK got an empty response at step %d", number)
	case s.Regex != nil:
		return printable(fmt.Sprintf("TCPCHK did not match content (regex) at step %d: %q", number, firstLine(said)))
	}
	return printable(fmt.Sprintf("TCPCHK did not match content '%s' at step %d: %q", shortened(s.Expect), number, firstLine(said)))
}

// shortened leaves room for more than an expectation in a line of a log.
func shortened(expect string) string {
	const longest = 16
	if len(expect) <= longest {
		return expect
	}
	return expect[:longest-3] + "..."
}
