package healthcheck

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// startRedis runs a real redis-server and returns it with its address.
func startRedis(t *testing.T, options ...string) (*testkit.Process, string) {
	t.Helper()
	program := testkit.Program(t, "redis-server")
	address := refusing(t)
	_, port, _ := net.SplitHostPort(address)
	options = append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir()}, options...)
	server := testkit.Start(t, nil, program, options...)
	testkit.Eventually(t, "redis-server listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	})
	return server, address
}

func TestRedisServer(t *testing.T) {
	server, open := startRedis(t)
	_, closed := startRedis(t, "--requirepass", "secret word")
	_, users := startRedis(t, "--user", "default", "off", "--user", "check", "on", ">password", "+ping")
	well := Result{OK: true, Status: L7OK, Detail: "Redis server is ok"}
	for _, tc := range []struct {
		name, address, user, password string
		want                          Result
	}{
		{"open", open, "", "", well},
		{"with a password", closed, "", "secret word", well},
		{"without its password", closed, "", "", Result{Status: L7Status, Detail: "-NOAUTH Authentication required."}},
		{"with another password", closed, "", "guess", Result{Status: L7Status, Detail: "-WRONGPASS*"}},
		{"with a password that it has not", open, "", "guess", Result{Status: L7Status, Detail: "-ERR AUTH*"}},
		{"with a user", users, "check", "password", well},
		{"with an unknown user", users, "nobody", "pass word", Result{Status: L7Status, Detail: "-WRONGPASS*"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			expectResult(t, run(t, Redis(DialTCP(tc.address), tc.user, tc.password), 10*time.Second), tc.want)
		})
	}

	server.Signal(syscall.SIGSTOP)
	awaitStopped(t, server.Process.Pid)
	expectResult(t, run(t, Redis(DialTCP(open), "", ""), time.Second), Result{Status: L7Timeout, Detail: "no answer within 1s"})
}

// awaitStopped waits until all threads of a process have stopped.
func awaitStopped(t *testing.T, pid int) {
	t.Helper()
	testkit.Eventually(t, "the process has stopped", func() bool {
		tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
		if err != nil {
			t.Fatal(err)
		}
		for _, task := range tasks {
			stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/task/" + task.Name() + "/status")
			if !strings.Contains(string(stat), "\nState:\tT") {
				return false
			}
		}
		return true
	})
}

func TestRedisAnswers(t *testing.T) {
	for said, want := range map[string]Result{
		"-LOADING Redis is loading the dataset in memory\r\n": {Status: L7Status, Detail: "-LOADING Redis is loading the dataset in memory"},
		"$4\r\nPONG\r\n":           {Status: L7Status, Detail: "$4"},
		"":                         {Status: L7Response, Detail: "closed without an answer"},
		"+PO":                      {Status: L7Response, Detail: `answer cut short: "+PO"`},
		"HTTP/1.1 400 No\r\n\r\nx": {Status: L7Status, Detail: "HTTP/1.1 400 No"},
	} {
		address := serve(t, "127.0.0.1", func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 100))
			_, _ = conn.Write([]byte(said))
		})
		expectResult(t, run(t, Redis(DialTCP(address), "", ""), 10*time.Second), want)
	}
	testWithoutAConnection(t, func(a string) Probe { return Redis(DialTCP(a), "", "") })
}
