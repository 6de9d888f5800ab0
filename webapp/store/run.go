package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	checkInterval  = 2 * time.Second  // between writes that prove an idle database
	connectTimeout = time.Second      // for a database to answer at all
	migrateTimeout = 10 * time.Minute // an upgrade may rewrite large tables
	firstBackoff   = 100 * time.Millisecond
	lastBackoff    = 2 * time.Second
	retryPause     = time.Millisecond // short beside a transaction, so that no server starves beside busier ones
)

// run is the life of the writing goroutine: connect, serve until the database is lost, again.
func (s *Store) run(ctx context.Context) {
	defer close(s.done)
	said := ""
	for ctx.Err() == nil {
		p := s.connect(ctx, said)
		if p == nil {
			return
		}
		err := s.serve(ctx, p)
		s.current.Store(nil)
		s.refuseWaiting(err)
		err = errors.Join(err, p.Close())
		if ctx.Err() == nil {
			said = s.database.explain(err)
			s.log.Warn().Err(err).Str("hint", said).Msg("database lost")
		}
	}
}

// connect tries until the database is ready and returns nil when ctx ends. It tells why the
// database is not ready once per reason: what was said before is not said again.
func (s *Store) connect(ctx context.Context, said string) *pools {
	for backoff := firstBackoff; ctx.Err() == nil; backoff = min(2*backoff, lastBackoff) {
		p, err := s.prepare(ctx)
		if err == nil {
			s.current.Store(p)
			s.log.Info().Msg("database up")
			return p
		}
		// The hint is compared: the error may hold a port that changes with every attempt.
		if hint := s.database.explain(err); hint != said && ctx.Err() == nil {
			s.log.Warn().Err(err).Str("hint", hint).Msg("database not ready, will keep trying")
			said = hint
		}
		pause(ctx, backoff/2+rand.N(backoff/2))
	}
	return nil
}

func (s *Store) prepare(ctx context.Context) (*pools, error) {
	p, err := s.database.open(s.patience)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	if err := s.makeReady(ctx, p); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (s *Store) makeReady(ctx context.Context, p *pools) error {
	quick, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	err := retry(quick, s.database, func() error { return p.writer.PingContext(quick) })
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	patient, cancel := context.WithTimeout(ctx, migrateTimeout)
	defer cancel()
	if err := migrate(patient, p.schema, s.database); err != nil {
		return err
	}
	return s.commit(ctx, p, nil)
}

// serve writes groups until one fails.
func (s *Store) serve(ctx context.Context, p *pools) error {
	idle := time.NewTimer(checkInterval)
	defer idle.Stop()
	for {
		var group []write
		select {
		case first := <-s.writes:
			group = s.gather(first)
		case <-idle.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := s.commit(ctx, p, group); err != nil {
			return err
		}
		idle.Reset(checkInterval)
	}
}

// refuseWaiting answers the writes that were queued when the database was lost.
func (s *Store) refuseWaiting(err error) {
	for {
		select {
		case w := <-s.writes:
			w.done <- outcome{err: err}
		default:
			return
		}
	}
}

// retry repeats an attempt that lost against another server's until it wins or fails otherwise.
func retry(ctx context.Context, database Database, attempt func() error) error {
	err := attempt()
	for err != nil && database.retryable(err) && pause(ctx, retryPause) {
		err = attempt()
	}
	return err
}

// pause waits for d and returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
