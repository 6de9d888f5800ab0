package accesslog

import (
	"io"
	"strconv"
	"sync"
	"time"
)

// maxRequest is how much of a request line HAProxy keeps (tune.http.logurilen, less its end mark).
const maxRequest = 1023

// What HAProxy writes where there is nothing to name.
const (
	noServer   = "<NOSRV>"
	badRequest = "<BADREQ>"
)

// HTTPLog writes the lines of HAProxy 2.6: those of "option httplog", and for connections of TCP
// mode those of "option tcplog". It is safe for concurrent use.
type HTTPLog struct {
	out   io.Writer
	lines sync.Pool // of *[]byte
}

// NewHTTPLog returns a logger that gives each line to w in one Write, as New does.
func NewHTTPLog(w io.Writer) *HTTPLog {
	return &HTTPLog{out: w, lines: sync.Pool{New: func() any { return new([]byte) }}}
}

// Log writes the line of x and keeps nothing of it. It does not allocate.
func (l *HTTPLog) Log(x *Entry) {
	line := l.lines.Get().(*[]byte)
	*line = append(appendEntry((*line)[:0], x), '\n')
	_, _ = l.out.Write(*line) // a queue, which reports no errors
	l.lines.Put(line)
}

// appendEntry writes %ci:%cp [%tr] %ft %b/%s, then what is of the mode.
func appendEntry(dst []byte, x *Entry) []byte {
	dst = appendClient(dst, x)
	dst = append(dst, " ["...)
	dst = x.Time.Local().AppendFormat(dst, "02/Jan/2006:15:04:05.000")
	dst = append(dst, "] "...)
	dst = append(dst, x.Frontend...)
	if x.TLS {
		dst = append(dst, '~')
	}
	dst = append(dst, ' ')
	dst = append(dst, or(x.Backend, x.Frontend)...)
	dst = append(dst, '/')
	dst = append(dst, or(x.Server, noServer)...)
	dst = append(dst, ' ')
	if x.TCP {
		return appendTCP(dst, x)
	}
	return appendHTTP(dst, x)
}

// appendHTTP writes %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %{+Q}r.
func appendHTTP(dst []byte, x *Entry) []byte {
	t := &x.Timers
	dst = appendMillis(dst, '/', t.Request, t.Queue, t.Connect, t.Response)
	dst = appendMillis(dst, ' ', t.Total)
	dst = strconv.AppendInt(dst, int64(statusOf(x)), 10)
	dst = append(dst, ' ')
	dst = strconv.AppendUint(dst, x.BytesOut, 10)
	dst = append(dst, " - - "...) // cookies are not captured
	dst = append(dst, x.Termination...)
	dst = append(appendCounts(dst, x), ` "`...)
	return append(appendRequest(dst, x), '"')
}

// appendTCP writes %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq.
func appendTCP(dst []byte, x *Entry) []byte {
	dst = appendMillis(dst, '/', x.Timers.Queue, x.Timers.Connect)
	dst = appendMillis(dst, ' ', x.Timers.Total)
	dst = strconv.AppendUint(dst, x.BytesOut, 10)
	dst = append(dst, ' ')
	dst = append(dst, x.Termination[:min(2, len(x.Termination))]...)
	return appendCounts(dst, x)
}

// appendClient writes an address as HAProxy does: an IPv6 one without brackets, a unix socket as
// the number of the bind, of which there is no better one than 1.
func appendClient(dst []byte, x *Entry) []byte {
	if !x.Client.IsValid() {
		return append(dst, "unix:1"...)
	}
	dst = append(x.Client.Addr().AppendTo(dst), ':')
	return strconv.AppendUint(dst, uint64(x.Client.Port()), 10)
}

// appendMillis writes times of microseconds in whole milliseconds, with after behind each.
func appendMillis(dst []byte, after byte, times ...int64) []byte {
	for _, us := range times {
		if us >= 0 {
			us /= int64(time.Millisecond / time.Microsecond)
		}
		dst = append(strconv.AppendInt(dst, us, 10), after)
	}
	return dst
}

// statusOf is -1 where HAProxy has sent none, because the client has left. If it left while it
// waited for the answer, HAProxy logs the 400 that nobody gets.
func statusOf(x *Entry) int {
	switch {
	case x.Status != clientGone:
		return x.Status
	case len(x.Termination) > 1 && x.Termination[:2] == "CH":
		return 400
	}
	return NotReached
}

// clientGone is the Status of an exchange whose client left before an answer.
const clientGone = 499

func appendCounts(dst []byte, x *Entry) []byte {
	dst = append(dst, ' ')
	for _, n := range [...]int64{x.Conns.Process, x.Conns.Frontend, x.Conns.Backend, x.Conns.Server} {
		dst = append(strconv.AppendInt(dst, n, 10), '/')
	}
	if x.Redispatched {
		dst = append(dst, '+')
	}
	dst = strconv.AppendInt(dst, int64(x.Retries), 10)
	dst = append(dst, " 0/"...) // servers have no queues of their own
	return strconv.AppendInt(dst, int64(x.Queue), 10)
}

// appendRequest writes the request line, of which only so much is kept, with HAProxy's escapes.
func appendRequest(dst []byte, x *Entry) []byte {
	if x.Timers.Request < 0 || len(x.Target) == 0 {
		return append(dst, badRequest...)
	}
	room := maxRequest
	for i, part := range [...][]byte{x.Method, x.Target, x.Proto} {
		if i > 0 && room > 0 {
			dst = append(dst, ' ')
			room--
		}
		part = part[:min(len(part), room)]
		dst = appendEncoded(dst, part)
		room -= len(part)
	}
	return dst
}

// appendEncoded writes quotes, '#' and what is not visible ASCII as '#' and two hexadecimal digits.
func appendEncoded(dst, s []byte) []byte {
	const digits = "0123456789ABCDEF"
	for _, c := range s {
		if c < ' ' || c >= 0x7f || c == '"' || c == '#' {
			dst = append(dst, '#', digits[c>>4], digits[c&15])
		} else {
			dst = append(dst, c)
		}
	}
	return dst
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
