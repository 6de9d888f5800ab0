package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"
)

// pools are the connections to one database from the time it is found to the time it is lost.
// They differ in what they wait for.
type pools struct {
	writer *sql.DB // one connection, used by the writing goroutine only
	reader *sql.DB // some, used by everybody
	schema *sql.DB // one, whose statements may take minutes

	// unmoved fails when a new connection would reach another database than these. The writing
	// goroutine calls it after every commit.
	unmoved func() error
}

func (p *pools) Close() error {
	return errors.Join(p.writer.Close(), p.reader.Close(), p.schema.Close())
}

// Database is what differs between MySQL and SQLite.
type Database interface {
	fmt.Stringer // for the log, without secrets

	// open makes the pools and connects nothing. Nothing but a change of the schema may wait much
	// longer than patience.
	open(patience time.Duration) (*pools, error)

	// lock keeps other servers out of the schema until unlock, or until conn is closed.
	lock(ctx context.Context, conn *sql.Conn) error
	unlock(ctx context.Context, conn *sql.Conn) error

	migrations() []string
	countVisits() string // arguments: server, visits, visits again

	// retryable tells errors that rolled the transaction back and may not happen again.
	retryable(err error) bool
	// explain says in a few words what an operator can do about err.
	explain(err error) string
}

// explainCommon explains what happens to every kind of database.
func explainCommon(err error) string {
	var refused *net.OpError
	switch {
	case errors.Is(err, errNewerSchema):
		return "a newer program upgraded the database: upgrade this one, too"
	case errors.Is(err, context.DeadlineExceeded):
		return "the database does not answer in time"
	case errors.As(err, &refused):
		return "the database cannot be reached: is it running, and is its address right?"
	}
	return "the database failed"
}
