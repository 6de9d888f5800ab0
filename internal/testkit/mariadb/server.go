// Package mariadb runs real MariaDB servers for tests.
package mariadb

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// A Server is one mariadbd on 127.0.0.1 with a data directory of its own. Its methods belong to
// one goroutine; what goes wrong ends the test.
type Server struct {
	Port int

	tb      testing.TB
	program string
	dir     string
	process *exec.Cmd // nil: stopped
}

// New makes a data directory and reserves a port, and starts nothing. Without MariaDB on this
// machine the test is skipped, with CI=true it fails. Everything is cleaned up with the test.
func New(tb testing.TB) *Server {
	tb.Helper()
	s := &Server{tb: tb, program: find(tb, "mariadbd"), dir: shortDir(tb), Port: freePort(tb)}
	if err := os.Mkdir(s.path("tmp"), 0o700); err != nil {
		tb.Fatal(err)
	}
	install := exec.Command(find(tb, "mariadb-install-db"), s.options("--auth-root-authentication-method=normal", "--skip-test-db")...)
	if out, err := install.CombinedOutput(); err != nil {
		tb.Fatalf("install mariadb: %v\n%s", err, out)
	}
	tb.Cleanup(func() {
		if s.process != nil {
			s.Kill()
		}
	})
	return s
}

// Start runs the server, with options such as "--read-only", and waits until it answers. After
// Kill or Stop it continues with the same data on the same port.
func (s *Server) Start(options ...string) {
	s.tb.Helper()
	options = append(options, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.Port), "--socket="+s.path("socket"),
		"--innodb-buffer-pool-size=32M", "--log-error="+s.path("error.log"))
	s.process = exec.Command(s.program, s.options(options...)...)
	if err := s.process.Start(); err != nil {
		s.process = nil
		s.tb.Fatalf("start mariadbd: %v", err)
	}
	s.awaitAnswer()
}

// Kill ends the server as a power cut of its process would, with SIGKILL.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

// Stop ends the server in an orderly way.
func (s *Server) Stop() { s.end(syscall.SIGTERM) }

// Pause makes the server hang: connections are accepted and nothing answers.
func (s *Server) Pause() {
	s.tb.Helper()
	s.signal(syscall.SIGSTOP)
	// The last of its threads stops a little later than the signal is sent.
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(s.process.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		s.tb.Fatalf("pause mariadbd: %v, status %#x", err, status)
	}
}

// Resume ends a Pause.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

// CreateDatabase makes a database and a user who may do everything in it.
func (s *Server) CreateDatabase(name, user, password string) {
	s.tb.Helper()
	s.Exec(fmt.Sprintf("CREATE DATABASE `%s`", name))
	s.Exec(fmt.Sprintf("CREATE OR REPLACE USER '%s'@'%%' IDENTIFIED BY '%s'", user, password))
	s.Exec(fmt.Sprintf("GRANT ALL ON `%s`.* TO '%s'@'%%'", name, user))
}

// Exec runs one statement as root.
func (s *Server) Exec(statement string) {
	s.tb.Helper()
	db := s.Root("")
	defer db.Close()
	if _, err := db.Exec(statement); err != nil {
		s.tb.Fatalf("%s: %v", statement, err)
	}
}

// Root opens a database as root, who has no password. The caller closes it.
func (s *Server) Root(database string) *sql.DB {
	s.tb.Helper()
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port))
	cfg.User, cfg.DBName, cfg.ParseTime, cfg.Timeout = "root", database, true, 5*time.Second
	cfg.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		s.tb.Fatal(err)
	}
	return sql.OpenDB(connector)
}

// find looks in PATH and where Debian keeps daemons, which is in no user's PATH.
func find(tb testing.TB, program string) string {
	tb.Helper()
	for _, candidate := range []string{program, "/usr/sbin/" + program} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	fail := tb.Skipf
	if os.Getenv("CI") == "true" {
		fail = tb.Fatalf
	}
	fail("%s is not installed (Debian package mariadb-server)", program)
	return ""
}

// shortDir makes a directory whose path leaves room for a socket's name: the kernel takes 107
// characters, a test's own directory may have more.
func shortDir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("", "mariadb")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func freePort(tb testing.TB) int {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

// options adds what the installation and the server share. The directory for temporary files is
// the server's own: a server that starts deletes the temporary tables that it finds there. The
// small log saves writing 96 MB of zeros.
func (s *Server) options(more ...string) []string {
	return append([]string{"--no-defaults", "--user=root", "--datadir=" + s.path("data"), "--tmpdir=" + s.path("tmp"),
		"--innodb-log-file-size=8M"}, more...)
}

func (s *Server) awaitAnswer() {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db := s.Root("")
	defer db.Close()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := db.PingContext(ctx)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			log, _ := os.ReadFile(s.path("error.log"))
			s.tb.Fatalf("mariadbd does not answer: %v\n%s", err, log)
		}
		<-tick.C
	}
}

func (s *Server) signal(sig syscall.Signal) {
	s.tb.Helper()
	if s.process == nil {
		s.tb.Fatal("mariadbd does not run")
	}
	if err := s.process.Process.Signal(sig); err != nil {
		s.tb.Fatalf("signal mariadbd: %v", err)
	}
}

func (s *Server) end(sig syscall.Signal) {
	s.tb.Helper()
	s.signal(sig)
	s.process.Wait() // its error is the signal
	s.process = nil
}
