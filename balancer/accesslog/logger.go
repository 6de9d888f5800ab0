package accesslog

import (
	"io"
	"strconv"
	"time"

	"github.com/rs/zerolog"
)

// What clients and servers can make a line hold, in bytes of the original text.
const (
	maxTarget = 2048
	maxText   = 512 // of any other text
)

// Logger writes lines of JSON. It is safe for concurrent use.
type Logger struct{ log zerolog.Logger }

// New returns a logger that gives each line to w in one Write. Requests wait for w, so it must
// be quick and not fail: a logqueue.Queue.
func New(w io.Writer) *Logger {
	return &Logger{log: zerolog.New(w)}
}

// Log writes the line of x and keeps nothing of it. It does not allocate.
func (l *Logger) Log(x *Entry) {
	e := l.log.Log()
	timestamp(e, x.Time)
	text(e, "id", x.ID, maxText)
	optional(e, "client_id", x.ClientID)
	client(e, x)
	if x.TCP {
		e.Str("mode", "tcp")
	}
	if x.TLS {
		e.Bool("tls", true)
	}
	text(e, "frontend", x.Frontend, maxText)
	text(e, "backend", x.Backend, maxText)
	text(e, "server", x.Server, maxText)
	if !x.TCP {
		text(e, "method", x.Method, maxText)
		text(e, "host", x.Host, maxText)
		url(e, "target", x.Target, maxTarget)
		text(e, "proto", x.Proto, maxText)
		e.Int("status", x.Status)
	}
	e.Uint64("bytes_in", x.BytesIn)
	e.Uint64("bytes_out", x.BytesOut)
	x.Timers.log(e, x.TCP)
	e.Int("retries", x.Retries)
	e.Bool("redispatched", x.Redispatched)
	if !x.TCP {
		e.Bool("reused", x.Reused)
	}
	text(e, "termination", x.Termination, maxText)
	optional(e, "why", x.Why)
	optional(e, "reason", x.Reason)
	optional(e, "user_agent", x.UserAgent)
	if len(x.Referer) > 0 {
		url(e, "referer", x.Referer, maxText)
	}
	e.Send()
}

// Dropped appends the line that stands where n lines are missing, because their reader was too
// slow or the disk was full. It is a logqueue.Note.
func Dropped(dst []byte, n uint64) []byte {
	dst = append(dst, `{"time":"`...)
	dst = appendTime(dst, time.Now())
	dst = append(dst, `","dropped":`...)
	dst = strconv.AppendUint(dst, n, 10)
	return append(dst, `,"reason":"log lines were dropped: their reader is too slow, or the disk was full"}`+"\n"...)
}

// log writes the timers, of TCP mode those that it has.
func (t *Timers) log(e *zerolog.Event, tcp bool) {
	if !tcp {
		millis(e, "request_ms", t.Request)
	}
	millis(e, "queue_ms", t.Queue)
	millis(e, "connect_ms", t.Connect)
	if !tcp {
		millis(e, "response_ms", t.Response)
	}
	millis(e, "total_ms", t.Total)
}

// timestamp does not use zerolog's own, whose format is a global setting.
func timestamp(e *zerolog.Event, at time.Time) {
	var buf [32]byte
	e.Bytes("time", appendTime(buf[:0], at))
}

func client(e *zerolog.Event, x *Entry) {
	if !x.Client.IsValid() {
		return // a unix socket
	}
	var buf [128]byte
	text(e, "client", x.Client.AppendTo(buf[:0]), maxText)
}

// millis writes a time of us microseconds, always with three decimals, or -1.
func millis(e *zerolog.Event, key string, us int64) {
	if us < 0 {
		e.Int64(key, NotReached)
		return
	}
	var buf [24]byte
	b := strconv.AppendInt(buf[:0], us/1000, 10)
	b = append(b, '.')
	e.RawJSON(key, appendDigits(b, us%1000, 100))
}

// appendTime writes RFC 3339 in UTC with microseconds, for which the time package has no fast way.
func appendTime(dst []byte, at time.Time) []byte {
	dst = at.UTC().AppendFormat(dst, time.RFC3339)
	dst[len(dst)-1] = '.' // it was the Z
	dst = appendDigits(dst, int64(at.Nanosecond()/1000), 100_000)
	return append(dst, 'Z')
}

// appendDigits writes n with leading zeros; first is the power of ten of its first digit.
func appendDigits(dst []byte, n, first int64) []byte {
	for ; first > 0; first /= 10 {
		dst = append(dst, byte('0'+n/first%10))
	}
	return dst
}
