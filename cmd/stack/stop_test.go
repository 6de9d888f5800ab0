package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

func TestSignalsLeaveNothingBehind(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			r := startUp(t, t.TempDir())
			pids := r.processes()
			if len(pids) != 5 {
				t.Fatalf("%d processes, want 5", len(pids))
			}
			r.signal(sig)
			if code := r.exit(); code != 0 {
				t.Errorf("exit code %d, want 0", code)
			}
			r.expectGone(pids)
			if out := r.stdout.String(); strings.Contains(out, "killed") || strings.Contains(out, "died") || r.stderr.String() != "" {
				t.Error("the stop was not graceful")
			}
		})
	}
}

// Nor a lock, nor a port: the next one can start at once.
func TestKilledStackLeavesNothingBehind(t *testing.T) {
	r := startUp(t, t.TempDir())
	pids := r.processes()
	r.signal(syscall.SIGKILL)
	r.exit()
	again := launch(t, program("up", "--data", r.data, "--web", "1", "--first-web-port", "0",
		"--port", portOf(r.app), "--stats-port", portOf(r.stats)), r.data)
	again.awaitUp(testkit.Patience)
	again.stop()
	r.expectGone(pids)
}

// A request that runs when the stop begins gets its answer: the balancer finishes it while the
// web server still runs. Two signals at once, as timeout(1) sends them, are one stop.
func TestStopFinishesRequests(t *testing.T) {
	r := startUp(t, t.TempDir(), "--web", "1")
	conn := r.holdRequest()
	r.signal(syscall.SIGTERM)
	r.signal(syscall.SIGINT) // a second SIGTERM would only become one with the first
	r.awaitClosed(r.app)
	conn.Send(heldBody)
	if head := conn.Head(); !strings.HasPrefix(head, "HTTP/1.1 201 ") {
		t.Errorf("the request in flight got %q, want 201", head)
	}
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
}

func TestSecondSignalKills(t *testing.T) {
	r := startUp(t, t.TempDir(), "--web", "1")
	pids := r.processes()
	r.holdRequest()
	began := time.Now()
	r.signal(syscall.SIGTERM)
	r.awaitClosed(r.app)
	pauseFor(sameStop)
	r.signal(syscall.SIGTERM)
	if code := r.exit(); code != 0 {
		t.Errorf("exit code %d, want 0", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %v", took)
	}
	r.expectOutput("balancer was killed\n")
	r.expectGone(pids)
}

const heldBody = `{"text":"in flight"}`

// holdRequest sends a request whose body a web server waits for.
func (r *running) holdRequest() *testkit.Conn {
	r.t.Helper()
	conn := testkit.Dial(r.t, r.app)
	conn.Send(fmt.Sprintf("POST /api/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(heldBody)))
	if head := conn.Head(); !strings.HasPrefix(head, "HTTP/1.1 100 ") {
		r.t.Fatalf("want 100, got %q", head)
	}
	return conn
}

// startWithoutDatabase runs a stack that waits for its database until its patience ends.
func startWithoutDatabase(t *testing.T) *running {
	t.Helper()
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, databaseFile), 0o700); err != nil {
		t.Fatal(err)
	}
	r := launch(t, program(upArgs(data, "--web", "2")...), data)
	testkit.Eventually(t, "the web servers run", func() bool { return len(childrenOf(r.pid)) == 2 })
	return r
}

func TestFailedStartShowsLastWords(t *testing.T) {
	r := startWithoutDatabase(t)
	pids := r.processes()
	victim := pids[0]
	testkit.Eventually(t, "a web server listens", func() bool { return listensSomewhere(victim) })
	if err := syscall.Kill(victim, syscall.SIGTERM); err != nil { // it ends by itself, when nobody asked for it
		t.Fatal(err)
	}
	if code := r.exit(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, part := range []string{" could not start: exit code 0; its last lines:\n", " INFO  listening on 127.0.0.1:", " INFO  stopped\n"} {
		if !strings.Contains(r.stderr.String(), part) {
			t.Errorf("standard error lacks %q", part)
		}
	}
	if strings.Contains(r.stdout.String(), "|") {
		t.Error("the last words are shown twice")
	}
	r.expectGone(pids)
}

func TestStopWhileStarting(t *testing.T) {
	r := startWithoutDatabase(t)
	pids := r.processes()
	r.signal(syscall.SIGINT)
	if code := r.exit(); code != 0 || r.stderr.String() != "" {
		t.Errorf("exit code %d, want 0 and no complaint", code)
	}
	r.expectGone(pids)
}

// listensSomewhere tells whether a process has a listening socket.
func listensSomewhere(pid int) bool {
	table, _ := os.ReadFile("/proc/net/tcp")
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	descriptors, _ := os.ReadDir(dir)
	for _, d := range descriptors {
		target, _ := os.Readlink(filepath.Join(dir, d.Name()))
		inode, found := strings.CutPrefix(strings.TrimSuffix(target, "]"), "socket:[")
		for line := range strings.Lines(string(table)) {
			f := strings.Fields(line)
			if found && len(f) > 9 && f[3] == stateListen && f[9] == inode {
				return true
			}
		}
	}
	return false
}

// go run passes on no signal: one that ends go run alone must end the stack, too.
func TestGoRun(t *testing.T) {
	tests := []struct {
		name string
		send func(pid int) error
	}{
		{"Ctrl-C reaches go run and the stack", func(pid int) error { return syscall.Kill(-pid, syscall.SIGINT) }},
		{"SIGTERM reaches go run alone", func(pid int) error { return syscall.Kill(pid, syscall.SIGTERM) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := launch(t, goRun(t, upArgs(t.TempDir())...), "")
			r.awaitUp(2 * time.Minute) // it may have to compile everything
			r.pid = childrenOf(r.cmd.Process.Pid)[0]
			r.get("http://" + r.app + "/")
			pids := r.processes()
			if err := tt.send(r.cmd.Process.Pid); err != nil {
				t.Fatal(err)
			}
			r.exit() // with a code of go run's own
			r.expectGone(pids)
			r.expectOutput("stopped; the data is kept in ")
			if strings.Contains(r.stdout.String(), "killed") {
				t.Error("the stop was not graceful")
			}
		})
	}
}

// goRun is go run with the race detector when the test has it, so that nothing is compiled twice.
func goRun(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	goCommand, err := exec.LookPath("go")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("needs the go command")
		}
		t.Skip("needs the go command")
	}
	flags := []string{"run"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				flags = append(flags, "-race")
			}
		}
	}
	cmd := exec.Command(goCommand, append(append(flags, "."), args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}
