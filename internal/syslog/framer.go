// Package syslog gives log lines to a syslog daemon, over UDP (RFC 5426) or a local socket: a
// Framer makes messages of lines as they are logged, a Sender sends them. Between the two is a
// queue, so that a daemon that is away or stuck holds up nobody.
package syslog

import (
	"io"
	"strconv"
	"sync"
	"time"
)

// Severity is how bad a message is (RFC 5424, section 6.2.1).
type Severity int

// The severities that logs have.
const (
	Critical Severity = iota + 2
	Error
	Warning
	Notice
	Info
	Debug
)

// Header says how messages begin.
type Header struct {
	Facility int    // RFC 5424, section 6.2.1
	RFC5424  bool   // else RFC 3164, as HAProxy writes it
	Host     string // of RFC 3164: empty for none; of RFC 5424: empty for "-"
	Tag      string // the program's name
	PID      int
	Len      int // bytes of a message with its header; longer ones are cut
}

// Framer makes a message of each line. It is an io.Writer for single lines with their newline,
// which it gives to the next writer as single lines too. It is safe for concurrent use.
type Framer struct {
	out    io.Writer
	header Header
	lines  sync.Pool // of *[]byte
}

// NewFramer returns a framer that writes each message to out in one Write.
func NewFramer(out io.Writer, h Header) *Framer {
	return &Framer{out: out, header: h, lines: sync.Pool{New: func() any { return new([]byte) }}}
}

// Write implements io.Writer; the severity is Info.
func (f *Framer) Write(line []byte) (int, error) { return f.WriteSeverity(Info, line) }

// WriteSeverity does what Write does, with another severity.
func (f *Framer) WriteSeverity(s Severity, line []byte) (int, error) {
	message := f.lines.Get().(*[]byte)
	defer f.lines.Put(message)
	*message = f.header.Append((*message)[:0], s, time.Now(), line)
	if _, err := f.out.Write(*message); err != nil {
		return 0, err
	}
	return len(line), nil
}

// Append writes a message of one line that may end with a newline, and a newline behind it.
func (h *Header) Append(dst []byte, s Severity, now time.Time, line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	from := len(dst)
	dst = append(dst, '<')
	dst = strconv.AppendInt(dst, int64(h.Facility*8+int(s)), 10)
	dst = append(dst, '>')
	if h.RFC5424 {
		dst = h.appendNew(dst, now)
	} else {
		dst = h.appendOld(dst, now)
	}
	dst = append(dst, line...)
	if len(dst)-from > h.Len {
		dst = dst[:from+h.Len]
	}
	return append(dst, '\n')
}

// appendOld writes "Feb  6 12:14:14 [host ]relais[14389]: ", in local time.
func (h *Header) appendOld(dst []byte, now time.Time) []byte {
	dst = append(now.Local().AppendFormat(dst, time.Stamp), ' ')
	if h.Host != "" {
		dst = append(append(dst, h.Host...), ' ')
	}
	dst = append(append(dst, h.Tag...), '[')
	dst = strconv.AppendInt(dst, int64(h.PID), 10)
	return append(dst, "]: "...)
}

// appendNew writes "1 2009-02-06T12:14:14.655123+01:00 host relais 14389 - - ".
func (h *Header) appendNew(dst []byte, now time.Time) []byte {
	dst = append(dst, "1 "...)
	dst = append(now.Local().AppendFormat(dst, "2006-01-02T15:04:05.000000Z07:00"), ' ')
	if h.Host == "" {
		dst = append(dst, '-')
	}
	dst = append(append(dst, h.Host...), ' ')
	dst = append(append(dst, h.Tag...), ' ')
	dst = strconv.AppendInt(dst, int64(h.PID), 10)
	return append(dst, " - - "...)
}
