package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// runAsProgram makes the test binary behave as the stack command, and as what that starts.
const runAsProgram = "STACK_TEST_RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// program is the stack command with args, in a process group of its own.
func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), runAsProgram+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// run runs the command to its end.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := program(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	return exitStatus(t, cmd.Run()), out.String(), errs.String()
}

func exitStatus(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case !errors.As(err, &exit):
		t.Fatal(err)
	}
	return exit.ExitCode()
}

// running is a stack as a user has it.
type running struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *testkit.Output
	stderr *testkit.Output
	data   string
	ended  chan struct{} // closed when the command has been waited for
	err    error         // to be read after ended

	pid      int            // of the stack, which is not the command's with go run
	children map[string]int // the pids in the overview
	app      string         // HOST:PORT
	stats    string
	web      []string
}

// startUp runs stack up on free ports and waits until everything is up.
func startUp(t *testing.T, data string, flags ...string) *running {
	t.Helper()
	r := launch(t, program(upArgs(data, flags...)...), data)
	r.awaitUp(testkit.Patience)
	return r
}

func upArgs(data string, flags ...string) []string {
	return append([]string{"up", "--data", data, "--port", "0", "--stats-port", "0", "--first-web-port", "0"}, flags...)
}

// launch starts a command. When the test ends, neither the command nor a child of it is left.
func launch(t *testing.T, cmd *exec.Cmd, data string) *running {
	t.Helper()
	cmd.Env = append(cmd.Environ(), "GORACE=atexit_sleep_ms=0") // by default, the race detector holds up each exit for a second
	r := &running{t: t, cmd: cmd, stdout: &testkit.Output{}, stderr: &testkit.Output{}, data: data, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = r.stdout, r.stderr, testkit.Patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.pid = cmd.Process.Pid
	go func() {
		defer close(r.ended)
		r.err = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-r.ended
		if t.Failed() {
			t.Logf("%v\n%s%s", cmd.Args, r.stdout, r.stderr)
		}
	})
	return r
}

func (r *running) awaitUp(patience time.Duration) {
	r.t.Helper()
	deadline := time.Now().Add(patience)
	for !strings.Contains(r.stdout.String(), "Ctrl-C stops everything") {
		select {
		case <-r.ended:
			r.t.Fatalf("the stack ended: %v", r.err)
		default:
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("not up within %v", patience)
		}
		pauseFor(2 * time.Millisecond)
	}
	r.readOverview()
}

// readOverview takes addresses and process ids from what a user sees.
func (r *running) readOverview() {
	r.children = map[string]int{}
	for _, row := range regexp.MustCompile(`(?m)^  (\w+)(?: page)? +http://([^/]+)/\S*(?: +pid (\d+))?`).FindAllStringSubmatch(r.stdout.String(), -1) {
		name, address := row[1], row[2]
		switch {
		case name == "Application":
			r.app = strings.Replace(address, "localhost", "127.0.0.1", 1)
		case name == "Stats":
			r.stats = address
		case strings.HasPrefix(name, "web"):
			r.web = append(r.web, address)
		}
		if pid, err := strconv.Atoi(row[3]); err == nil {
			r.children[name] = pid
		}
	}
}

// processes are the pids of the stack and its children.
func (r *running) processes() []int {
	return append(childrenOf(r.pid), r.pid)
}

// signal sends a signal to the stack's process alone.
func (r *running) signal(sig syscall.Signal) {
	r.t.Helper()
	if err := syscall.Kill(r.pid, sig); err != nil {
		r.t.Fatal(err)
	}
}

// exit waits for the end of the command and returns its exit code.
func (r *running) exit() int {
	r.t.Helper()
	select {
	case <-r.ended:
	case <-time.After(2 * testkit.Patience):
		r.t.Fatal("it does not end")
	}
	return exitStatus(r.t, r.err)
}

// stop ends the stack as Ctrl-C does.
func (r *running) stop() {
	r.t.Helper()
	r.signal(syscall.SIGINT)
	if code := r.exit(); code != 0 {
		r.t.Errorf("exit code %d, want 0", code)
	}
}

// expectGone fails when one of the processes lives, or when somebody listens.
func (r *running) expectGone(pids []int) {
	r.t.Helper()
	for _, pid := range pids {
		testkit.Eventually(r.t, fmt.Sprintf("process %d is gone", pid), func() bool { return !alive(pid) })
	}
	for _, address := range append([]string{r.app, r.stats}, r.web...) {
		r.awaitClosed(address)
	}
}

// awaitClosed waits: a process that was killed closes its sockets last.
func (r *running) awaitClosed(address string) {
	r.t.Helper()
	testkit.Eventually(r.t, "nobody listens on "+address, func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func (r *running) expectOutput(text string) {
	r.t.Helper()
	testkit.Eventually(r.t, fmt.Sprintf("the output holds %q", text), func() bool {
		return strings.Contains(r.stdout.String(), text)
	})
}

func get(client *http.Client, url string) (status int, server, body string, err error) {
	answer, err := client.Get(url)
	if err != nil {
		return 0, "", "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header.Get("X-Server-Id"), string(text), err
}

func newClient() *http.Client {
	return &http.Client{Timeout: testkit.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
}

func (r *running) get(url string) (server, body string) {
	r.t.Helper()
	status, server, body, err := get(newClient(), url)
	if err != nil || status != http.StatusOK {
		r.t.Fatalf("GET %s: %d, %v\n%s", url, status, err, body)
	}
	return server, body
}

// post sends the form of the page.
func (r *running) post(text string) {
	r.t.Helper()
	answer, err := newClient().PostForm("http://"+r.app+"/messages", url.Values{"text": {text}})
	if err != nil {
		r.t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK { // the page to which the form leads
		r.t.Fatalf("the form was answered with %s", answer.Status)
	}
}

// alive tells whether a process runs; one that PID 1 has not waited for does not.
func alive(pid int) bool {
	state, _ := status(pid)
	return state != "" && state != "Z"
}

func childrenOf(parent int) (pids []int) {
	processes, _ := os.ReadDir("/proc")
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		if _, its := status(pid); its == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// status returns the state of a process and its parent; "" for none.
func status(pid int) (state string, parent int) {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	if len(f) < 2 {
		return "", 0
	}
	parent, _ = strconv.Atoi(f[1])
	return f[0], parent
}

func commandLine(pid int) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return strings.TrimSuffix(strings.ReplaceAll(string(text), "\x00", " "), " ")
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func pauseFor(d time.Duration) { <-time.After(d) }
