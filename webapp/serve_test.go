package webapp

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit/mariadb"
	"relais/webapp/store"
)

func TestHealthCommand(t *testing.T) {
	p := startProcess(t, "SERVER_ID=1", "SQLITE_PATH="+filepath.Join(t.TempDir(), "web.db"))
	port := "PORT=" + p.port
	if code, stderr := run(t, []string{"health"}, []string{port}); code != 0 || stderr != "" {
		t.Errorf("health of a running server: exit %d, %s", code, stderr)
	}
	if code := p.terminate(); code != 0 {
		t.Errorf("SIGTERM: exit %d, want 0", code)
	}
	if code, stderr := run(t, []string{"health"}, []string{port}); code != 1 || !strings.Contains(stderr, "connection refused") {
		t.Errorf("health of a stopped server: exit %d, %s", code, stderr)
	}
}

// A server without its database is still healthy: restarting the container would not help.
func TestHealthCommandWithoutDatabase(t *testing.T) {
	p := startProcess(t, "SERVER_ID=1", "SQLITE_PATH="+filepath.Join(t.TempDir(), "missing", "web.db"))
	if code, stderr := run(t, []string{"health"}, []string{"PORT=" + p.port}); code != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestExitCodes(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	tests := []struct {
		args string
		env  []string
		code int
		part string
	}{
		{"", nil, 2, "webapp serve or webapp health"},
		{"bogus", nil, 2, `"bogus"`},
		{"serve --bogus", nil, 2, "--bogus"},
		{"serve now", nil, 2, `"now"`},
		{"--help", nil, 0, ""},
		{"serve", []string{"PORT=http"}, 1, `PORT "http"`},
		{"health", []string{"PORT=0"}, 1, "PORT is 0"},
		{"serve", []string{"LISTEN_HOST=127.0.0.1", "PORT=" + strconv.Itoa(busy.Addr().(*net.TCPAddr).Port)}, 1, "address already in use"},
	}
	for _, tt := range tests {
		code, stderr := run(t, strings.Fields(tt.args), tt.env)
		if code != tt.code || !strings.Contains(stderr, tt.part) {
			t.Errorf("webapp %s %v: exit %d, want %d, with %q:\n%s", tt.args, tt.env, code, tt.code, tt.part, stderr)
		}
	}
}

// A request that is running when the server is told to stop gets its answer.
func TestStopFinishesRequests(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	p := startProcess(t, "SERVER_ID=1", "SQLITE_PATH="+path)
	p.awaitReady()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The 100 shows that the handler is running and waits for the body.
	body := `{"text":"in flight"}`
	fmt.Fprintf(conn, "POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	answers := bufio.NewReader(conn)
	if response, err := http.ReadResponse(answers, nil); err != nil || response.StatusCode != 100 {
		t.Fatalf("want 100: %v, %v", response, err)
	}
	stopped := make(chan int)
	go func() { stopped <- p.terminate() }()
	await(t, "the listener to close", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	io.WriteString(conn, body)
	response, err := http.ReadResponse(answers, nil)
	if err != nil || response.StatusCode != http.StatusCreated {
		t.Errorf("the request in flight got %v, %v; want 201", response, err)
	}
	if code := <-stopped; code != 0 {
		t.Errorf("exit %d, want 0", code)
	}
	if kept := messagesIn(t, openSQLite(t, path)); len(kept) != 1 {
		t.Errorf("messages kept: %v", kept)
	}
}

func TestThreeServersShareOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	var servers []*process
	for i := range 3 {
		servers = append(servers, startProcess(t, fmt.Sprintf("SERVER_ID=%d", i+1), "SQLITE_PATH="+path))
	}
	for _, p := range servers {
		p.awaitReady()
	}
	var counted, uncounted atomic.Int64
	var clients sync.WaitGroup
	start := time.Now()
	for _, p := range servers {
		for range 8 {
			clients.Go(func() {
				for range 50 {
					page := p.get("/")
					if page.status != http.StatusOK {
						t.Errorf("server on %s: %d", p.port, page.status)
					}
					if strings.Contains(page.body, "unavailable") {
						uncounted.Add(1)
					} else {
						counted.Add(1)
					}
				}
			})
		}
	}
	clients.Wait()
	t.Logf("%d pages, %d without a count, %.0f/s over three servers",
		counted.Load()+uncounted.Load(), uncounted.Load(), float64(counted.Load())/time.Since(start).Seconds())
	// A machine that stands still for a second costs every client one page. A server that starves
	// beside the other two costs far more.
	if uncounted.Load() > 24 {
		t.Errorf("%d pages without a count", uncounted.Load())
	}
	rows := checkVisits(t, openSQLite(t, path), counted.Load())
	if visits := visitsOn(t, servers[0].get("/")); visits != grouped(rows+1) {
		t.Errorf("the page says %s visits after %d", visits, rows+1)
	}
}

// One server is killed and started again, twice, while clients write to it and to another one.
func TestServerKilledUnderLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.db")
	victim := startProcess(t, "SERVER_ID=1", "SQLITE_PATH="+path)
	other := startProcess(t, "SERVER_ID=2", "SQLITE_PATH="+path)
	victim.awaitReady()
	other.awaitReady()
	l := startLoad(victim.url, other.url)
	for range 2 {
		l.awaitMore(t, 100)
		victim.kill()
		victim = startProcess(t, "SERVER_ID=1", "SQLITE_PATH="+path, "PORT="+victim.port)
		victim.awaitReady()
	}
	l.awaitMore(t, 100)
	l.end()
	l.checkKept(t, openSQLite(t, path))
}

// The database is late, is killed and comes back while the server is asked for pages all along.
func TestDatabaseComesAndGoes(t *testing.T) {
	database := mariadb.New(t)
	p := startProcess(t, "SERVER_ID=1", "MYSQL_HOST=127.0.0.1", fmt.Sprintf("MYSQL_PORT=%d", database.Port),
		"MYSQL_DATABASE=shop", "MYSQL_USER=keeper", "MYSQL_PASSWORD=s3cret")
	p.get("/").want(t, http.StatusOK, "unavailable")
	database.Start()
	database.CreateDatabase("shop", "keeper", "s3cret")
	p.awaitReady()
	if visits := visitsOn(t, p.get("/")); visits != "1" {
		t.Errorf("%s visits, want 1", visits)
	}
	l := startLoad(p.url)
	for range 2 {
		l.awaitMore(t, 50)
		database.Kill()
		await(t, "the page to say so", func() bool { return strings.Contains(p.get("/").body, "unavailable") })
		p.get("/health").want(t, http.StatusOK, `"database":"down"`)
		database.Start()
		p.awaitReady()
	}
	l.awaitMore(t, 50)
	l.end()
	if worst := l.slowest.Load(); worst > int64(databaseTimeout+5*time.Second) {
		t.Errorf("a page took %v", time.Duration(worst))
	}
	if n := l.badPages.Load(); n > 0 {
		t.Errorf("%d pages were not 200 while the database was away", n)
	}
	root := database.Root("shop")
	defer root.Close()
	l.checkKept(t, root)
	if strings.Contains(p.stderr.String(), "s3cret") {
		t.Errorf("the log holds the password:\n%s", p.stderr)
	}
}

// load asks for pages and posts messages, and remembers what was acknowledged.
type load struct {
	stop     chan struct{}
	clients  sync.WaitGroup
	pages    atomic.Int64 // with a visit count
	badPages atomic.Int64 // answered, but not with 200
	slowest  atomic.Int64 // page, in nanoseconds
	mu       sync.Mutex
	messages map[int64]string
}

func startLoad(urls ...string) *load {
	l := &load{stop: make(chan struct{}), messages: map[int64]string{}}
	for client := range 6 {
		url := urls[client%len(urls)]
		l.clients.Go(func() { l.run(url, client) })
	}
	return l
}

func (l *load) run(url string, client int) {
	transport := new(http.Transport) // one connection, closed at the end
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: 10 * time.Second}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			l.visit(c, url)
			l.post(c, url, fmt.Sprintf("client %d message %d", client, i))
		}
	}
}

func (l *load) visit(c *http.Client, url string) {
	start := time.Now()
	response, err := c.Get(url + "/")
	if err != nil {
		return // the server is being killed
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
	case response.StatusCode != http.StatusOK:
		l.badPages.Add(1)
	case !strings.Contains(string(body), "unavailable"):
		l.pages.Add(1)
	}
	if took := int64(time.Since(start)); took > l.slowest.Load() {
		l.slowest.Store(took)
	}
}

func (l *load) post(c *http.Client, url, text string) {
	response, err := c.Post(url+"/api/messages", "application/json", strings.NewReader(fmt.Sprintf(`{"text":%q}`, text)))
	if err != nil {
		return
	}
	defer response.Body.Close()
	var m store.Message
	if response.StatusCode != http.StatusCreated || json.NewDecoder(response.Body).Decode(&m) != nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages[m.ID] = m.Text
}

func (l *load) awaitMore(t *testing.T, n int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.messages)
	}
	before := count()
	await(t, "acknowledged messages", func() bool { return count() >= before+n })
}

func (l *load) end() {
	close(l.stop)
	l.clients.Wait()
}

// checkKept compares what was acknowledged with what the database holds.
func (l *load) checkKept(t *testing.T, db *sql.DB) {
	t.Helper()
	kept := messagesIn(t, db)
	for id, text := range l.messages {
		if kept[id] != text {
			t.Errorf("message %d was acknowledged with %q, the database has %q", id, text, kept[id])
		}
	}
	t.Logf("%d messages acknowledged, %d kept; %d pages", len(l.messages), len(kept), l.pages.Load())
	checkVisits(t, db, l.pages.Load())
}

// checkVisits wants as many rows as are counted, and no fewer than pages that showed a count.
func checkVisits(t *testing.T, db *sql.DB, pages int64) (rows int64) {
	t.Helper()
	var counted int64
	if err := db.QueryRow(`SELECT (SELECT COUNT(*) FROM visits), (SELECT SUM(visits) FROM visit_counts)`).Scan(&rows, &counted); err != nil {
		t.Fatal(err)
	}
	if rows != counted || rows < pages {
		t.Errorf("%d visit rows, %d counted, %d pages answered", rows, counted, pages)
	}
	return rows
}

func messagesIn(t *testing.T, db *sql.DB) map[int64]string {
	t.Helper()
	rows, err := db.Query(`SELECT id, text FROM messages`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	messages := map[int64]string{}
	for rows.Next() {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			t.Fatal(err)
		}
		messages[id] = text
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return messages
}

func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
