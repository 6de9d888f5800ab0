package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"

	"relais/balancer/accesslog"
	"relais/internal/config"
	"relais/internal/logqueue"
	"relais/internal/syslog"
)

// logFlush bounds how long a stop waits for the reader of a log.
const logFlush = 2 * time.Second

// logs are the balancer's own log and the access log, each behind a queue of its own: a stuck
// reader of one holds up neither traffic nor the other.
type logs struct {
	log     zerolog.Logger
	access  func(*accesslog.Entry) // nil: off
	queues  []*logqueue.Queue
	files   []*logFile
	senders []*syslog.Sender
}

func openLogs(cfg *config.Config, o Options) (*logs, error) {
	l := &logs{}
	if err := l.openOwn(&cfg.Log, o); err != nil {
		return nil, errors.Join(err, l.close())
	}
	if err := l.openAccess(&cfg.AccessLog, o); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *logs) openOwn(c *config.Log, o Options) error {
	level, err := zerolog.ParseLevel(c.Level)
	if err != nil {
		return fmt.Errorf("read log.level: %w", err)
	}
	out, err := l.open(c.Output, &c.Syslog, accesslog.Dropped, o)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	if c.Format == "console" {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.DateTime, NoColor: true}
	}
	l.log = zerolog.New(out).Level(level).With().Timestamp().Logger()
	return nil
}

func (l *logs) openAccess(c *config.AccessLog, o Options) error {
	if c.Output == "off" {
		return nil
	}
	var note logqueue.Note
	if c.Format == "json" {
		note = accesslog.Dropped // readers of HAProxy's lines would stumble over it
	}
	out, err := l.open(c.Output, &c.Syslog, note, o)
	if err != nil {
		return fmt.Errorf("open access log: %w", err)
	}
	l.access = accesslog.New(out).Log
	if c.Format == "httplog" {
		l.access = accesslog.NewHTTPLog(out).Log
	}
	if c.Sample < 1 {
		l.access = filtered(accesslog.Filter{Sample: c.Sample, Slow: c.Slow, Errors: c.Errors}, l.access)
	}
	return nil
}

// filtered passes on the entries that a filter keeps.
func filtered(f accesslog.Filter, next func(*accesslog.Entry)) func(*accesslog.Entry) {
	return func(x *accesslog.Entry) {
		if f.Keeps(x) {
			next(x)
		}
	}
}

// open opens an output of the configuration, behind a queue. note stands where lines are missing.
func (l *logs) open(output string, s *config.Syslog, note logqueue.Note, o Options) (io.Writer, error) {
	if network, address, ok := config.SyslogAddress(output); ok {
		return l.openSyslog(syslog.NewSender(network, address), s, note), nil
	}
	switch output {
	case "stdout":
		return l.queue(o.Stdout, note), nil
	case "stderr":
		return l.queue(o.Stderr, note), nil
	}
	file := &logFile{path: output}
	if err := file.reopen(); err != nil {
		return nil, err
	}
	l.files = append(l.files, file)
	return l.queue(file, note), nil
}

func (l *logs) queue(w io.Writer, note logqueue.Note) *logqueue.Queue {
	q := logqueue.New(w, logqueue.DefaultLimit, note)
	l.queues = append(l.queues, q)
	return q
}

// reopen goes on in new files if the old ones were moved away, and looks for syslog daemons anew.
func (l *logs) reopen() error {
	var errs []error
	for _, file := range l.files {
		errs = append(errs, file.reopen())
	}
	for _, sender := range l.senders {
		sender.Reopen()
	}
	return errors.Join(errs...)
}

// dropped is how many lines were lost so far.
func (l *logs) dropped() uint64 {
	var n uint64
	for _, q := range l.queues {
		n += q.Dropped()
	}
	for _, sender := range l.senders {
		n += sender.Lost()
	}
	return n
}

// close writes out what is queued, as far as the readers take it in time.
func (l *logs) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), logFlush)
	defer cancel()
	for _, q := range l.queues {
		_ = q.Close(ctx) // what was lost has been counted, and there is nobody left to tell
	}
	for _, sender := range l.senders {
		sender.Close()
	}
	var errs []error
	for _, file := range l.files {
		errs = append(errs, file.close())
	}
	return errors.Join(errs...)
}
