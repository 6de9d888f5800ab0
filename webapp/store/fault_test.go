package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit/mariadb"
)

func TestMySQLLate(t *testing.T) {
	server := mariadb.New(t)
	var log lines
	s := openLogged(t, MySQL{Host: "127.0.0.1", Port: server.Port, Database: "late", User: "tester", Password: "s3cret"}, "1", &log)
	awaitLine(t, &log, "cannot be reached")
	if _, err := s.Visit(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Visit before the database runs: %v, want ErrUnavailable", err)
	}
	server.Start()
	awaitLine(t, &log, "check MYSQL_USER and MYSQL_PASSWORD")
	newMySQL(server, "late")
	awaitUp(t, s)
	if view, err := s.Visit(t.Context()); err != nil || view.Visits != 1 {
		t.Errorf("Visit() = %+v, %v", view, err)
	}
	for _, hint := range []string{"cannot be reached", "check MYSQL_USER", "database up"} {
		if n := log.count(hint); n != 1 {
			t.Errorf("the log says %d times %q, want once:\n%s", n, hint, &log)
		}
	}
	if log.count("s3cret") > 0 {
		t.Errorf("the log holds the password:\n%s", &log)
	}
}

// While one server upgrades the schema, another one waits.
func TestMySQLSchemaLock(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	db := newMySQL(server, "locked")
	root := server.Root("locked")
	defer root.Close()
	upgrading, err := root.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer upgrading.Close()
	if err := db.lock(t.Context(), upgrading); err != nil {
		t.Fatal(err)
	}
	s := openPatient(t, db, "1")
	count := func(from string) (n int) {
		if err := root.QueryRow("SELECT COUNT(*) FROM information_schema." + from).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	await(t, "the store to wait for the lock", func() bool { return count("processlist WHERE state = 'User lock'") == 1 })
	if n := count("tables WHERE table_schema = 'locked'"); n != 0 || s.Up() {
		t.Errorf("%d tables were made without the lock", n)
	}
	if err := db.unlock(t.Context(), upgrading); err != nil {
		t.Fatal(err)
	}
	awaitUp(t, s)
}

func TestMySQLKilledUnderLoad(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	var log lines
	s := openLogged(t, newMySQL(server, "killed"), "1", &log)
	awaitUp(t, s)
	l := startLoad(s)
	for round := range 2 {
		before := l.acknowledged()
		await(t, "acknowledged messages", func() bool { return l.acknowledged() > before+50 })
		server.Kill()
		awaitDown(t, s)
		server.Start()
		awaitUp(t, s)
		if n := log.count("database lost"); n != round+1 {
			t.Errorf("the log says %d times that the database is lost, want %d:\n%s", n, round+1, &log)
		}
	}
	l.end(t, s)
}

func TestMySQLHangs(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	s := openLogged(t, newMySQL(server, "hangs"), "1", new(lines))
	awaitUp(t, s)
	server.Pause()
	start := time.Now()
	if _, err := s.Visit(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Visit of a hanging database: %v, want ErrUnavailable", err)
	}
	if took := time.Since(start); took > commitTimeout+5*time.Second {
		t.Errorf("Visit took %v", took)
	}
	start = time.Now()
	if _, err := s.Messages(t.Context(), 1); !errors.Is(err, ErrUnavailable) || time.Since(start) >= commitTimeout {
		t.Errorf("Messages of a database known to hang: %v after %v, want ErrUnavailable at once", err, time.Since(start))
	}
	server.Resume()
	awaitUp(t, s)
	if _, err := s.Visit(t.Context()); err != nil {
		t.Errorf("Visit after the database came back: %v", err)
	}
}

// A database may begin to hang inside any statement, the commit and the rollback included.
func TestMySQLHangsUnderLoad(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	s := openLogged(t, newMySQL(server, "hangs"), "1", new(lines))
	awaitUp(t, s)
	l := startLoad(s)
	for range 5 {
		before := l.acknowledged()
		await(t, "acknowledged messages", func() bool { return l.acknowledged() > before+20 })
		server.Pause()
		awaitDown(t, s)
		server.Resume()
		awaitUp(t, s)
	}
	l.end(t, s)
}

func TestMySQLReadOnly(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	var log lines
	s := openLogged(t, newMySQL(server, "readonly"), "1", &log)
	awaitUp(t, s)
	server.Exec("SET GLOBAL read_only = 1")
	awaitDown(t, s) // without any request
	awaitLine(t, &log, "the database is read-only")
	server.Exec("SET GLOBAL read_only = 0")
	awaitUp(t, s)
}

func TestMySQLUnknownDatabase(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	db := newMySQL(server, "known")
	db.Database, db.User, db.Password = "unknown", "root", ""
	var log lines
	openLogged(t, db, "1", &log)
	awaitLine(t, &log, "no such database: check MYSQL_DATABASE")
}

func TestSQLiteLate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	var log lines
	s := openLogged(t, SQLite{Path: filepath.Join(dir, "web.db")}, "1", &log)
	awaitLine(t, &log, "check that the directory of SQLITE_PATH exists")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	awaitUp(t, s)
	if view, err := s.Visit(t.Context()); err != nil || view.Visits != 1 {
		t.Errorf("Visit() = %+v, %v", view, err)
	}
}

func TestSQLiteNotADatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("a diary, not a database\n", 100)), 0o644); err != nil {
		t.Fatal(err)
	}
	var log lines
	s := openLogged(t, SQLite{Path: path}, "1", &log)
	awaitLine(t, &log, "is not a database")
	if s.Up() {
		t.Error("the store is up on a file that is no database")
	}
}

// A writer that holds the file longer than a request may wait takes the database away, and its
// end brings it back; so does the death of one server beside another.
func TestSQLiteLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	var log lines
	s := openLogged(t, SQLite{Path: path}, "1", &log)
	awaitUp(t, s)
	l := startLoad(s)
	await(t, "acknowledged messages", func() bool { return l.acknowledged() > 50 })
	release := lockFile(t, path)
	awaitDown(t, s)
	awaitLine(t, &log, "another program holds the file locked")
	release()
	awaitUp(t, s)
	l.end(t, s)
}

// A file that is deleted while it is open takes writes as before, and nobody would see them again.
func TestSQLiteFileReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	var log lines
	s := openLogged(t, SQLite{Path: path}, "1", &log)
	awaitUp(t, s)
	if _, err := s.Post(t.Context(), "into the old file"); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Post(t.Context(), "into nothing"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("Post into a deleted file: %v, want ErrUnavailable", err)
	}
	awaitUp(t, s)
	awaitLine(t, &log, "deleted, moved or replaced")
	want, err := s.Post(t.Context(), "into the new file")
	if err != nil {
		t.Fatal(err)
	}
	other := openPatient(t, SQLite{Path: path}, "2")
	awaitUp(t, other)
	if kept, err := other.Messages(t.Context(), 10); err != nil || len(kept) != 1 || kept[0] != want {
		t.Errorf("another server reads %v, %v; want %v", kept, err, want)
	}
}

func lockFile(t *testing.T, path string) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err == nil {
		_, err = conn.ExecContext(t.Context(), `BEGIN IMMEDIATE`)
	}
	if err != nil {
		t.Fatalf("lock %s: %v", path, err)
	}
	return func() {
		if _, err := conn.ExecContext(context.Background(), `ROLLBACK`); err != nil {
			t.Errorf("unlock %s: %v", path, err)
		}
		conn.Close()
		db.Close()
	}
}
