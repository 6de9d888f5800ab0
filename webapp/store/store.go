// Package store keeps visits and messages in an SQL database: MySQL, MariaDB or SQLite.
//
// One goroutine writes. It gathers the writes that wait at a moment into one transaction, a
// group, and answers all of them once it has committed: what was answered without an error is
// on disk. The database may be late, go away and come back; meanwhile every call fails at once
// with ErrUnavailable and the same goroutine tries to connect again.
package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// ErrUnavailable says that the database did not answer, or not in time. Whether a write that
// failed with it happened is not known.
var ErrUnavailable = errors.New("database unavailable")

// Latest is the number of messages in a View.
const Latest = 10

// A Message is one row that a visitor left. CreatedAt is UTC, in microseconds.
type Message struct {
	ID        int64     `json:"id"`
	Text      string    `json:"text"`
	Server    string    `json:"server"`
	CreatedAt time.Time `json:"created_at"`
}

// A View is what the page shows of the database at one moment: the visits to all servers and
// the latest messages, newest first. Several callers share one View: it must not be changed.
type View struct {
	Visits int64
	Latest []Message
}

// A Store writes for one server. Its methods may be called from any goroutine.
type Store struct {
	database Database
	server   string
	patience time.Duration // for one group
	log      zerolog.Logger

	current atomic.Pointer[pools] // nil: the database is down
	writes  chan write

	stop context.CancelFunc
	done chan struct{}
}

// Open starts a store for the server of this name. It does not wait for the database, nor fail
// because of it.
func Open(database Database, server string, log zerolog.Logger) *Store {
	return open(database, server, commitTimeout, log)
}

// Close ends the writing goroutine, which closes the database. Whoever still calls gets
// ErrUnavailable.
func (s *Store) Close() {
	s.stop()
	<-s.done
}

// Up tells whether the database took the last write, or the last trial of one: at most a few
// seconds old.
func (s *Store) Up() bool { return s.current.Load() != nil }

// Visit writes one visit and returns what the page shows, that visit included.
func (s *Store) Visit(ctx context.Context) (View, error) {
	out, err := s.write(ctx, write{})
	return out.view, err
}

// Post writes one message and returns its row.
func (s *Store) Post(ctx context.Context, text string) (Message, error) {
	out, err := s.write(ctx, write{text: text})
	return out.message, err
}

// View returns what the page shows and writes nothing.
func (s *Store) View(ctx context.Context) (View, error) {
	p := s.current.Load()
	if p == nil {
		return View{}, ErrUnavailable
	}
	view, err := readView(ctx, p.reader)
	return view, unavailable(err)
}

// Messages returns the newest messages, at most limit of them, newest first.
func (s *Store) Messages(ctx context.Context, limit int) ([]Message, error) {
	p := s.current.Load()
	if p == nil {
		return nil, ErrUnavailable
	}
	messages, err := readMessages(ctx, p.reader, limit)
	return messages, unavailable(err)
}

func open(database Database, server string, patience time.Duration, log zerolog.Logger) *Store {
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		database: database,
		server:   server,
		patience: patience,
		log:      log.With().Stringer("database", database).Logger(),
		writes:   make(chan write, maxGroup),
		stop:     stop,
		done:     make(chan struct{}),
	}
	go s.run(ctx)
	return s
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
