package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

const (
	maxGroup      = 256                     // writes in one transaction
	commitTimeout = 1200 * time.Millisecond // for one group; a request waits a little longer than that
)

// A write waits to become part of a group: a message, or a visit when text is empty.
type write struct {
	ctx  context.Context // of the caller; a write that nobody waits for any more is left out
	text string
	done chan outcome // buffered: gets one outcome whether or not somebody still waits
}

// outcome holds the view for a visit and the row for a message.
type outcome struct {
	view    View
	message Message
	err     error
}

// write hands w to the writing goroutine and waits for its outcome.
func (s *Store) write(ctx context.Context, w write) (outcome, error) {
	if !s.Up() {
		return outcome{}, ErrUnavailable
	}
	w.ctx, w.done = ctx, make(chan outcome, 1)
	select {
	case s.writes <- w:
	case <-ctx.Done():
		return outcome{}, unavailable(ctx.Err())
	}
	select {
	case out := <-w.done:
		return out, unavailable(out.err)
	case <-ctx.Done():
		return outcome{}, unavailable(ctx.Err())
	}
}

// gather takes what waits now, without waiting for more: groups grow by themselves while the
// group before them commits.
func (s *Store) gather(first write) []write {
	group := make([]write, 0, len(s.writes)+1)
	for w, more := first, true; more; {
		if w.ctx.Err() == nil {
			group = append(group, w)
		}
		if len(group) == maxGroup {
			break
		}
		select {
		case w = <-s.writes:
		default:
			more = false
		}
	}
	return group
}

// commit writes a group and answers it. The empty group writes nothing new and proves that the
// database takes writes.
func (s *Store) commit(ctx context.Context, p *pools, group []write) error {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	var outcomes []outcome
	err := retry(ctx, s.database, func() (err error) {
		outcomes, err = s.transact(ctx, p, group)
		return err
	})
	if err != nil {
		s.current.Store(nil) // before anybody hears of it: the next call of a caller fails at once
	}
	for i, w := range group {
		if err != nil {
			w.done <- outcome{err: err}
			continue
		}
		w.done <- outcomes[i]
	}
	return err
}

func (s *Store) transact(ctx context.Context, p *pools, group []write) ([]outcome, error) {
	tx, err := p.writer.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after a commit
	outcomes, err := s.writeGroup(ctx, tx, group)
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit: %w", err)
	}
	return outcomes, p.unmoved()
}

func (s *Store) writeGroup(ctx context.Context, tx *sql.Tx, group []write) ([]outcome, error) {
	outcomes, visits, now := make([]outcome, len(group)), 0, time.Now().UTC().Truncate(time.Microsecond)
	for i, w := range group {
		if w.text == "" {
			visits++
			continue
		}
		m := Message{Text: w.text, Server: s.server, CreatedAt: now}
		if err := insertMessage(ctx, tx, &m); err != nil {
			return nil, err
		}
		outcomes[i].message = m
	}
	if visits == 0 && len(group) > 0 {
		return outcomes, nil
	}
	view, err := s.insertVisits(ctx, tx, visits, now)
	for i := range outcomes {
		outcomes[i].view = view
	}
	return outcomes, err
}

func insertMessage(ctx context.Context, tx *sql.Tx, m *Message) error {
	result, err := tx.ExecContext(ctx,
		`INSERT INTO messages (text, server, created_at) VALUES (?, ?, ?)`, m.Text, m.Server, m.CreatedAt)
	if err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	if m.ID, err = result.LastInsertId(); err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	return nil
}

// insertVisits adds n rows and counts them, then reads the view inside the transaction: it is
// what the database holds at the commit, these visits included, read once for all of them.
func (s *Store) insertVisits(ctx context.Context, tx *sql.Tx, n int, now time.Time) (View, error) {
	if n > 0 {
		rows := strings.Repeat(", (?, ?)", n)[2:]
		args := make([]any, 0, 2*n)
		for range n {
			args = append(args, s.server, now)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO visits (server, visited_at) VALUES `+rows, args...); err != nil {
			return View{}, fmt.Errorf("insert visits: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, s.database.countVisits(), s.server, n, n); err != nil {
		return View{}, fmt.Errorf("count visits: %w", err)
	}
	return readView(ctx, tx)
}
