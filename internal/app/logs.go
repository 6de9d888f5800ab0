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
)

// logFlush bounds how long a stop waits for the reader of a log.
const logFlush = 2 * time.Second

// logs are the balancer's own log and the access log, each behind a queue of its own: a stuck
// reader of one holds up neither traffic nor the other.
type logs struct {
	log    zerolog.Logger
	access func(*accesslog.Entry) // nil: off
	queues []*logqueue.Queue
	file   *logFile // of the access log; nil: it has none
}

func openLogs(cfg *config.Config, o Options) (*logs, error) {
	l := &logs{}
	level, err := zerolog.ParseLevel(cfg.Log.Level)
	if err != nil {
		return nil, fmt.Errorf("read log.level: %w", err)
	}
	var out io.Writer = l.queue(o.Stderr)
	if cfg.Log.Format == "console" {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: time.DateTime, NoColor: true}
	}
	l.log = zerolog.New(out).Level(level).With().Timestamp().Logger()
	if err := l.openAccess(cfg.AccessLog.Output, o); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

func (l *logs) openAccess(output string, o Options) error {
	var out io.Writer
	switch output {
	case "off":
		return nil
	case "stdout":
		out = o.Stdout
	case "stderr":
		out = o.Stderr
	default:
		l.file = &logFile{path: output}
		if err := l.file.reopen(); err != nil {
			return err
		}
		out = l.file
	}
	l.access = accesslog.New(l.queue(out)).Log
	return nil
}

func (l *logs) queue(w io.Writer) *logqueue.Queue {
	q := logqueue.New(w, logqueue.DefaultLimit, accesslog.Dropped)
	l.queues = append(l.queues, q)
	return q
}

// reopen goes on in a new file if the old one was moved away.
func (l *logs) reopen() error {
	if l.file == nil {
		return nil
	}
	return l.file.reopen()
}

// dropped is how many lines were lost so far.
func (l *logs) dropped() uint64 {
	var n uint64
	for _, q := range l.queues {
		n += q.Dropped()
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
	if l.file != nil {
		return l.file.close()
	}
	return nil
}
