package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var errMoved = errors.New("database file is no longer at its path")

// SQLite is a database in one file, shared by the web servers of one machine. The directory of
// Path must exist.
type SQLite struct {
	Path string
}

func (s SQLite) String() string { return "sqlite " + s.Path }

// open leaves the waiting for another server's transaction to commit's retries: SQLite's own
// busy handler sleeps up to 100 ms between looks, and a server that sleeps so long starves
// beside two busy ones. Readers never wait for a writer in WAL mode, they wait for recovery.
func (s SQLite) open(time.Duration) (*pools, error) {
	writer, err := s.pool(1, url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(1)", "journal_mode(WAL)", "synchronous(NORMAL)"},
	})
	if err != nil {
		return nil, err
	}
	reader, err := s.pool(4, url.Values{"_pragma": {"busy_timeout(1000)", "query_only(1)"}})
	if err != nil {
		return nil, err
	}
	return &pools{writer: writer, reader: reader, schema: writer, unmoved: watchFile(s.Path)}, nil
}

func (s SQLite) pool(size int, options url.Values) (*sql.DB, error) {
	options.Set("_time_format", "sqlite")
	path := (&url.URL{Path: s.Path}).EscapedPath()
	connector, err := sqlite.NewConnector("file:" + path + "?" + options.Encode())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

// lock begins the transaction that holds the whole upgrade.
func (SQLite) lock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `BEGIN IMMEDIATE`)
	return err
}

func (SQLite) unlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, `COMMIT`)
	return err
}

func (SQLite) migrations() []string {
	return []string{
		`CREATE TABLE visits (
			id         INTEGER PRIMARY KEY,
			server     TEXT NOT NULL,
			visited_at DATETIME NOT NULL
		)`,
		`CREATE TABLE visit_counts (
			server TEXT NOT NULL PRIMARY KEY,
			visits INTEGER NOT NULL
		) WITHOUT ROWID`,
		`CREATE TABLE messages (
			id         INTEGER PRIMARY KEY,
			text       TEXT NOT NULL,
			server     TEXT NOT NULL,
			created_at DATETIME NOT NULL
		)`,
	}
}

func (SQLite) countVisits() string {
	return `INSERT INTO visit_counts (server, visits) VALUES (?, ?) ON CONFLICT (server) DO UPDATE SET visits = visits + ?`
}

func (SQLite) retryable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

func (s SQLite) explain(err error) string {
	if errors.Is(err, errMoved) {
		return "the file was deleted, moved or replaced: what is at SQLITE_PATH now is used from here on"
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_READONLY:
		return "the file is read-only: check its owner and mode, and its directory's"
	case sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return "the file cannot be opened: check that the directory of SQLITE_PATH exists and is writable"
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return "the file is not a database or is damaged: restore it from a backup"
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return "the file cannot be written: check the space left on its disk"
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return "another program holds the file locked"
	}
	return explainCommon(err)
}

// sqliteCode returns the primary result code: the low byte of the extended one.
func sqliteCode(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return sqlite3.SQLITE_OK
}

// watchFile returns a check that the file at path is the one of the first call. A deleted file
// can be written to as long as it is open, and everything in it is lost.
func watchFile(path string) func() error {
	var opened os.FileInfo
	return func() error {
		now, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", errMoved, err)
		case opened == nil:
			opened = now
		case !os.SameFile(opened, now):
			return errMoved
		}
		return nil
	}
}
