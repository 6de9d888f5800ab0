package app

import (
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"relais/internal/config"
	"relais/internal/logqueue"
	"relais/internal/syslog"
)

// openSyslog puts a queue of messages in front of a sender, and in front of that what makes
// messages of lines.
func (l *logs) openSyslog(sender *syslog.Sender, c *config.Syslog, note logqueue.Note) syslogLines {
	l.senders = append(l.senders, sender)
	header := syslogHeader(c)
	if plain := note; plain != nil {
		note = func(dst []byte, dropped uint64) []byte {
			return header.Append(dst, syslog.Warning, time.Now(), plain(nil, dropped))
		}
	}
	return syslogLines{syslog.NewFramer(l.queue(sender, note), header)}
}

func syslogHeader(c *config.Syslog) syslog.Header {
	h := syslog.Header{
		Facility: slices.Index(config.SyslogFacilities(), c.Facility),
		RFC5424:  c.Format == "rfc5424",
		Host:     c.Hostname, Tag: c.Tag, PID: os.Getpid(), Len: int(c.Len),
	}
	if h.RFC5424 && h.Host == "" {
		h.Host, _ = os.Hostname() // without it there is "-" in its place
	}
	return h
}

// syslogLines gives messages the severity of their lines. It implements zerolog.LevelWriter.
type syslogLines struct{ *syslog.Framer }

// WriteLevel implements zerolog.LevelWriter.
func (s syslogLines) WriteLevel(level zerolog.Level, line []byte) (int, error) {
	return s.WriteSeverity(severityOf(level), line)
}

func severityOf(level zerolog.Level) syslog.Severity {
	switch level {
	case zerolog.TraceLevel, zerolog.DebugLevel:
		return syslog.Debug
	case zerolog.WarnLevel:
		return syslog.Warning
	case zerolog.ErrorLevel:
		return syslog.Error
	case zerolog.FatalLevel, zerolog.PanicLevel:
		return syslog.Critical
	}
	return syslog.Info
}
