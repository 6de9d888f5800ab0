package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"relais/internal/testkit/mariadb"
)

// suite holds what must be true on every database. Each test gets an empty one.
var suite = []struct {
	name string
	test func(*testing.T, Database)
}{
	{"visits are counted over all servers", testVisits},
	{"messages come back as they were posted", testMessages},
	{"the view shows the latest messages only", testLatest},
	{"an abandoned write leaves no row", testAbandoned},
	{"servers that start at once share one schema", testStartTogether},
	{"an older schema is upgraded", testUpgrade},
	{"a newer schema is refused", testNewerSchema},
}

func TestSQLite(t *testing.T) {
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, SQLite{Path: filepath.Join(t.TempDir(), "a database?.db")})
		})
	}
}

func TestMySQL(t *testing.T) {
	server := mariadb.New(t)
	server.Start()
	for i, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			c.test(t, newMySQL(server, fmt.Sprintf("suite%d", i)))
		})
	}
}

func newMySQL(server *mariadb.Server, name string) MySQL {
	server.CreateDatabase(name, "tester", "s3cret")
	return MySQL{Host: "127.0.0.1", Port: server.Port, Database: name, User: "tester", Password: "s3cret"}
}

func testVisits(t *testing.T, db Database) {
	stores := []*Store{openPatient(t, db, "1"), openPatient(t, db, "2"), openPatient(t, db, "3")}
	var group sync.WaitGroup
	for _, s := range stores {
		awaitUp(t, s)
		for range 8 {
			group.Go(func() {
				var last int64
				for range 25 {
					view, err := s.Visit(t.Context())
					if err != nil {
						t.Errorf("Visit: %v", err)
						return
					}
					if view.Visits <= last {
						t.Errorf("visits went from %d to %d", last, view.Visits)
					}
					last = view.Visits
				}
			})
		}
	}
	group.Wait()
	for _, s := range stores {
		if view, err := s.View(t.Context()); err != nil || view.Visits != 3*8*25 {
			t.Errorf("View() = %d visits, %v; want 600", view.Visits, err)
		}
		if n := countRows(t, s, "visits WHERE server = '"+s.server+"'"); n != 8*25 {
			t.Errorf("server %s has %d rows, want 200", s.server, n)
		}
	}
}

func testMessages(t *testing.T, db Database) {
	s := openPatient(t, db, "web-1")
	awaitUp(t, s)
	texts := []string{"plain", `quotes ' " \ and ? marks`, "two\nlines", "<b>&amp;</b>", strings.Repeat("🦊", 500)}
	var want []Message
	for _, text := range texts {
		before := time.Now().Truncate(time.Microsecond)
		m, err := s.Post(t.Context(), text)
		if err != nil {
			t.Fatalf("Post(%q): %v", text, err)
		}
		if m.Text != text || m.Server != "web-1" || m.CreatedAt.Before(before) || m.CreatedAt.Location() != time.UTC {
			t.Errorf("Post(%q) = %+v", text, m)
		}
		want = append([]Message{m}, want...)
	}
	got, err := s.Messages(t.Context(), 4)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got) != fmt.Sprint(want[:4]) {
		t.Errorf("Messages(4) = %v\nwant %v", got, want[:4])
	}
}

func testLatest(t *testing.T, db Database) {
	s := openPatient(t, db, "1")
	awaitUp(t, s)
	for i := range Latest + 3 {
		if _, err := s.Post(t.Context(), fmt.Sprint("message ", i)); err != nil {
			t.Fatal(err)
		}
	}
	view, err := s.Visit(t.Context())
	if err != nil || view.Visits != 1 || len(view.Latest) != Latest || view.Latest[0].Text != fmt.Sprint("message ", Latest+2) {
		t.Errorf("Visit() = %+v, %v", view, err)
	}
}

func testAbandoned(t *testing.T, db Database) {
	s := openPatient(t, db, "1")
	awaitUp(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if _, err := s.Visit(ctx); !errors.Is(err, ErrUnavailable) {
			t.Fatalf("Visit with an ended context: %v, want ErrUnavailable", err)
		}
	}
	view, err := s.Visit(t.Context())
	if err != nil || view.Visits != 1 || countRows(t, s, "visits") != 1 {
		t.Errorf("Visit() = %d visits, %v, %d rows; want only this one", view.Visits, err, countRows(t, s, "visits"))
	}
}

func testStartTogether(t *testing.T, db Database) {
	stores := make([]*Store, 5)
	for i := range stores {
		stores[i] = openPatient(t, db, fmt.Sprint(i))
	}
	for _, s := range stores {
		awaitUp(t, s)
	}
	if n, want := countRows(t, stores[0], "schema_version"), len(db.migrations()); n != want {
		t.Errorf("schema_version has %d rows, want %d", n, want)
	}
}

func testUpgrade(t *testing.T, db Database) {
	s := openPatient(t, db, "1")
	awaitUp(t, s)
	if _, err := s.Visit(t.Context()); err != nil {
		t.Fatal(err)
	}
	change(t, s, `DROP TABLE messages`)
	change(t, s, `DELETE FROM schema_version WHERE version = 3`)
	s = openPatient(t, db, "2")
	awaitUp(t, s)
	if _, err := s.Post(t.Context(), "after the upgrade"); err != nil {
		t.Error(err)
	}
	if view, err := s.View(t.Context()); err != nil || view.Visits != 1 {
		t.Errorf("View() = %+v, %v; the upgrade lost the visit", view, err)
	}
}

func testNewerSchema(t *testing.T, db Database) {
	s := openPatient(t, db, "1")
	awaitUp(t, s)
	change(t, s, `INSERT INTO schema_version (version, applied_at) VALUES (99, '2030-01-01 00:00:00')`)
	var log lines
	s = openLogged(t, db, "2", &log)
	awaitLine(t, &log, "a newer program upgraded the database")
	if s.Up() {
		t.Error("the store is up on a schema that it does not know")
	}
}

// openPatient is for what must not fail on a busy machine.
func openPatient(t *testing.T, db Database, server string) *Store {
	t.Helper()
	return openWith(t, db, server, time.Minute, new(lines))
}

// openLogged is for faults: it waits as long as users do.
func openLogged(t *testing.T, db Database, server string, log *lines) *Store {
	t.Helper()
	return openWith(t, db, server, commitTimeout, log)
}

func openWith(t *testing.T, db Database, server string, patience time.Duration, log *lines) *Store {
	t.Helper()
	s := open(db, server, patience, zerolog.New(log))
	t.Cleanup(func() {
		s.Close()
		if t.Failed() {
			t.Logf("log of server %s:\n%s", server, log)
		}
	})
	return s
}

// change runs one statement through the writer's connection.
func change(t *testing.T, s *Store, statement string) {
	t.Helper()
	if _, err := s.current.Load().writer.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func countRows(t *testing.T, s *Store, from string) (n int) {
	t.Helper()
	if err := s.current.Load().reader.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM "+from).Scan(&n); err != nil {
		t.Fatalf("count %s: %v", from, err)
	}
	return n
}

func awaitUp(t *testing.T, s *Store) {
	t.Helper()
	await(t, "the database to be up", s.Up)
}

func awaitDown(t *testing.T, s *Store) {
	t.Helper()
	await(t, "the database to be down", func() bool { return !s.Up() })
}

func awaitLine(t *testing.T, log *lines, part string) {
	t.Helper()
	await(t, fmt.Sprintf("a log line with %q", part), func() bool { return strings.Contains(log.String(), part) })
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !condition(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("waited a minute for %s", what)
		}
	}
}

// lines collects a log.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *lines) count(part string) int { return strings.Count(l.String(), part) }

// load posts and visits from several goroutines and remembers what was acknowledged.
type load struct {
	visits   atomic.Int64
	failed   atomic.Int64
	mu       sync.Mutex
	messages map[int64]string
	stop     chan struct{}
	group    sync.WaitGroup
}

func startLoad(s *Store) *load {
	l := &load{messages: map[int64]string{}, stop: make(chan struct{})}
	for worker := range 4 {
		l.group.Go(func() { l.run(s, worker) })
	}
	return l
}

func (l *load) run(s *Store, worker int) {
	tick := time.NewTicker(time.Millisecond) // a lost database answers at once: do not spin
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		_, visitErr := s.Visit(ctx)
		m, postErr := s.Post(ctx, fmt.Sprintf("worker %d message %d", worker, i))
		cancel()
		l.note(m, visitErr, postErr)
	}
}

func (l *load) note(m Message, visitErr, postErr error) {
	if visitErr == nil {
		l.visits.Add(1)
	}
	if postErr != nil {
		l.failed.Add(1)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages[m.ID] = m.Text
}

func (l *load) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.messages)
}

// end stops the load and checks that the database holds all that it acknowledged.
func (l *load) end(t *testing.T, s *Store) {
	t.Helper()
	close(l.stop)
	l.group.Wait()
	kept, err := readMessages(t.Context(), s.current.Load().reader, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range kept {
		if text, acknowledged := l.messages[m.ID]; acknowledged && text == m.Text {
			delete(l.messages, m.ID)
		}
	}
	if len(l.messages) > 0 {
		t.Errorf("%d acknowledged messages are lost: %v", len(l.messages), l.messages)
	}
	view, err := s.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows := countRows(t, s, "visits")
	if view.Visits != int64(rows) || view.Visits < l.visits.Load() {
		t.Errorf("%d visits counted, %d rows, %d acknowledged", view.Visits, rows, l.visits.Load())
	}
	t.Logf("%d messages kept, %d visits, %d writes failed meanwhile", len(kept), rows, l.failed.Load())
}
