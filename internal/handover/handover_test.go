package handover

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/testkit"
)

// service is a server that hands over, as its clients and its operator see it.
type service struct {
	dir, tcp string
	pid      int // of the process that serves
}

// startService starts a copy of the test program under a relative path.
func startService(t *testing.T) *service {
	t.Helper()
	s := &service{dir: t.TempDir()}
	s.install(t)
	s.role(t, "takes over")
	stderr, err := os.Create(filepath.Join(s.dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	// The processes after the first one are adopted by the test.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	cmd := &exec.Cmd{
		Path: "./program", Args: []string{"./program"}, Dir: s.dir, Stderr: stderr,
		// The race detector sleeps for a second at the end of a process.
		Env:         append(os.Environ(), serverVariable+"="+s.dir, "GORACE=atexit_sleep_ms=0"),
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true},
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	group := cmd.Process.Pid
	t.Cleanup(func() {
		_ = unix.Kill(-group, unix.SIGKILL)
		for err := error(nil); !errors.Is(err, unix.ECHILD); {
			_, err = unix.Wait4(-group, nil, 0, nil)
		}
		if t.Failed() {
			t.Log("stderr:\n" + s.stderr(t))
		}
	})
	testkit.Eventually(t, "the service tells its address", func() bool {
		addr, err := os.ReadFile(filepath.Join(s.dir, "tcp"))
		s.tcp, s.pid = string(addr), group
		return err == nil && len(addr) > 0
	})
	return s
}

// install replaces the file of the program, as a package of the next version does.
func (s *service) install(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(s.dir, "program.next")
	if err := os.WriteFile(next, program, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, filepath.Join(s.dir, "program")); err != nil {
		t.Fatal(err)
	}
}

// role says what the next successor does.
func (s *service) role(t *testing.T, what string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, "role"), []byte(what), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *service) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := unix.Kill(s.pid, sig); err != nil {
		t.Fatal(err)
	}
}

// ended waits for the end of a process and returns its exit code.
func ended(t *testing.T, pid int) int {
	t.Helper()
	var status unix.WaitStatus
	testkit.Eventually(t, "the process ends", func() bool {
		n, err := unix.Wait4(pid, &status, unix.WNOHANG, nil)
		if err != nil {
			t.Fatal(err)
		}
		return n == pid
	})
	return status.ExitStatus()
}

func (s *service) stderr(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ask opens a connection and returns who answers, and after how many hand-overs.
func (s *service) ask(network string) (pid, turns int, err error) {
	address := s.tcp
	if network == "unix" {
		address = filepath.Join(s.dir, "web.sock")
	}
	conn, err := net.DialTimeout(network, address, testkit.Patience)
	if err != nil {
		return 0, 0, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := io.WriteString(conn, "who"); err != nil {
		return 0, 0, err
	}
	answer, err := io.ReadAll(conn)
	if err == nil {
		_, err = fmt.Sscan(string(answer), &pid, &turns)
	}
	return pid, turns, err
}

// clients ask without a pause worth mentioning, each time on a new connection, until the returned
// function is called, which tells how often they were answered. A failure is one of the test.
func (s *service) clients(t *testing.T) (stop func() int64) {
	t.Helper()
	done := make(chan struct{})
	var answered atomic.Int64
	var running sync.WaitGroup
	for _, network := range []string{"tcp", "unix", "tcp", "unix"} {
		running.Go(func() {
			pause := time.NewTicker(time.Millisecond)
			defer pause.Stop()
			for {
				select {
				case <-done:
					return
				case <-pause.C:
				}
				if _, _, err := s.ask(network); err != nil {
					t.Errorf("after %d answers: %s: %v", answered.Load(), network, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	return func() int64 {
		close(done)
		running.Wait()
		return answered.Load()
	}
}

// Ten hand-overs in a row under clients that open a connection per request: none is refused, none
// is reset. The file of the program is replaced on the way.
func TestHandover(t *testing.T) {
	s := startService(t)
	stop := s.clients(t)
	for turn := 1; turn <= 10; turn++ {
		if turn == 5 {
			s.install(t)
		}
		old := s.pid
		s.signal(t, unix.SIGUSR2)
		if code := ended(t, old); code != 0 {
			t.Fatalf("hand-over %d: the predecessor ends with %d", turn, code)
		}
		for _, network := range []string{"tcp", "unix"} {
			pid, turns, err := s.ask(network)
			if err != nil || pid == old || turns != turn {
				t.Fatalf("hand-over %d: %s: answered by %d (before: %d) after %d hand-overs, %v", turn, network, pid, old, turns, err)
			}
			s.pid = pid
		}
	}
	t.Logf("%d requests over 10 hand-overs", stop())
	s.signal(t, unix.SIGTERM)
	if code := ended(t, s.pid); code != 0 {
		t.Errorf("the last one ends with %d", code)
	}
	if _, err := os.Stat(filepath.Join(s.dir, "web.sock")); err == nil {
		t.Error("the last one leaves the file of its socket behind")
	}
	if text := s.stderr(t); text != "" {
		t.Errorf("stderr: %s", text)
	}
}

// Whatever a successor does wrong, the predecessor goes on and says why.
func TestSuccessorFails(t *testing.T) {
	s := startService(t)
	stop := s.clients(t)
	for _, test := range []struct{ role, want string }{
		{"exits", "it ended: exit status 3; its last words on stderr: a library is missing"},
		{"refuses", "hand over to " + s.dir + "/program: balancer.yml:3: no such key\n"},
		{"is silent", `no answer in time: it did not say "prepared" within 2s`},
		{"writes garbage", "it does not speak the language of a hand-over: invalid character 'H'"},
		{"is ahead of its turn", `it says "serving" instead of "prepared"`},
		{"dies prepared", "it ended: exit status 4"},
		{"dies after its turn", "it ended: exit status 2; its last words on stderr: panic: out of luck"},
		{"hangs after its turn", "/program: context canceled\n"},
	} {
		s.role(t, test.role)
		before := len(s.stderr(t))
		s.signal(t, unix.SIGUSR2)
		said := func() string {
			_, after, _ := strings.Cut(s.stderr(t)[before:], "not handed over: ")
			return after
		}
		testkit.Eventually(t, test.role, func() bool { return strings.HasSuffix(said(), "\n") })
		if got := said(); !strings.Contains(got, test.want) {
			t.Errorf("a successor that %s: %q, want %q", test.role, got, test.want)
		}
		for _, network := range []string{"tcp", "unix"} {
			if pid, turns, err := s.ask(network); err != nil || pid != s.pid || turns != 0 {
				t.Errorf("a successor that %s: %s: answered by %d (before: %d) after %d hand-overs, %v", test.role, network, pid, s.pid, turns, err)
			}
		}
	}
	s.role(t, "takes over")
	s.signal(t, unix.SIGUSR2)
	if code := ended(t, s.pid); code != 0 {
		t.Errorf("after all failures: the predecessor ends with %d", code)
	}
	t.Logf("%d requests", stop())
}
