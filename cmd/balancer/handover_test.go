package main_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/testkit"
)

// dynasty is a balancer and those that take its place, all started as the same file.
type dynasty struct {
	*running
	program string // the file
	socket  string // of the runtime commands
	pid     int    // of the one that serves
}

// found starts the first one, from a copy of the program.
func found(t *testing.T, config string) *dynasty {
	t.Helper()
	// Who loses its parent becomes a child of the test, which so learns its exit code.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	d := &dynasty{program: filepath.Join(t.TempDir(), "balancer")}
	d.replace(t, balancerPath)
	config, d.socket = withSocket(t, config)
	d.running = run(t, config, func(c *exec.Cmd) {
		c.Path, c.Args[0] = d.program, d.program
		c.Stdout, c.Stderr = passOn(t, c.Stdout), passOn(t, c.Stderr)
	})
	d.pid = d.Process.Process.Pid
	t.Cleanup(func() { _ = unix.Kill(-d.Process.Process.Pid, unix.SIGKILL) }) // the group of all of them
	testkit.Eventually(t, "it says its process id", func() bool { return d.serving() == d.pid })
	return d
}

// passOn returns a pipe, so that the end of a process is not waited for until its successors, which
// have the same output, have ended as well.
func passOn(t *testing.T, to io.Writer) io.Writer {
	t.Helper()
	ours, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(to, ours) }()
	t.Cleanup(func() { theirs.Close() })
	return theirs
}

// replace puts a copy of another program in the place of the one that runs, as a package does.
func (d *dynasty) replace(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d.replaceWith(t, string(content))
}

func (d *dynasty) replaceWith(t *testing.T, content string) {
	t.Helper()
	if err := os.WriteFile(d.program+".new", []byte(content), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(d.program+".new", d.program); err != nil {
		t.Fatal(err)
	}
}

// serving is the process id of who answers runtime commands; 0: nobody does.
func (d *dynasty) serving() int {
	conn, err := net.Dial("unix", d.socket)
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	_, _ = io.WriteString(conn, "show info\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		if pid, ok := strings.CutPrefix(lines.Text(), "Pid: "); ok {
			n, _ := strconv.Atoi(pid)
			return n
		}
	}
	return 0
}

// handOver has another process take over, and returns the one that is still to end.
func (d *dynasty) handOver(t *testing.T) (old int) {
	t.Helper()
	old = d.pid
	if err := unix.Kill(old, unix.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a successor serves", func() bool {
		pid := d.serving()
		if pid != old && pid != 0 {
			d.pid = pid
		}
		return d.pid != old
	})
	return old
}

// exitCode waits for the end of a process whose predecessor has ended.
func (d *dynasty) exitCode(t *testing.T, pid int) int {
	t.Helper()
	if pid == d.Process.Process.Pid {
		return d.ExitCode(t)
	}
	var status unix.WaitStatus
	testkit.Eventually(t, "the old balancer ends", func() bool {
		reaped, err := unix.Wait4(pid, &status, unix.WNOHANG, nil)
		if err != nil && err != unix.EINTR {
			t.Fatalf("wait for %d: %v", pid, err)
		}
		return reaped == pid
	})
	return status.ExitStatus()
}

// realm is a dynasty with everything that can be handed over, and who uses it.
type realm struct {
	*dynasty
	text                string // of the configuration
	web, unix, tls, tcp string // addresses
	authority           *testkit.Authority
}

func newRealm(t *testing.T, more string) *realm {
	t.Helper()
	dir := t.TempDir()
	m := &realm{unix: filepath.Join(dir, "web.sock"), authority: testkit.NewAuthority(t)}
	m.authority.Files(t, dir, "site", nil, "a.example")
	echo := testkit.RawServer(t, func(c *testkit.Conn) { _, _ = io.Copy(c, c) }).Addr
	m.text = fmt.Sprintf(`%[1]sshutdown_timeout: 3s
access_log: off
stats: {bind: "127.0.0.1:0"}
frontends:
  - name: web
    bind: ["127.0.0.1:0", "unix@%[2]s", {address: "127.0.0.1:0", tls: {certificates: [{cert: %[3]s/site.pem, key: %[3]s/site.key}]}}]
    rules: [{path_prefix: /tunnel, backend: tunnels}]
    default_backend: app
  - {name: tcp, mode: tcp, bind: "127.0.0.1:0", default_backend: echo}
backends:
  - {name: echo, mode: tcp, servers: [{name: e, address: %[4]q}]}
  - {name: tunnels, servers: [{name: t, address: %[5]q}]}
  - name: app
    health_check: {type: tcp, inter: 1h, fall: 1, timeout: 1s}
    servers:
      - {name: up, address: %[6]q}
      - {name: down, address: "127.0.0.1:1"}
      - {name: light, address: %[6]q, weight: 10}
      - {name: away, address: %[6]q}
`, more, m.unix, dir, echo, echoing(t), named(t, "a"))
	m.dynasty = found(t, m.text)
	addrs := m.frontends(t)
	m.web, m.tls, m.tcp = addrs[0], addrs[2], addrs[3]
	m.operate(t)
	return m
}

// visit has clients come on new connections to every bind, others on connections that they keep,
// and scrapes of the metrics all along.
func (m *realm) visit(t *testing.T) *load {
	l := &load{stop: make(chan struct{})}
	trust := trusting(m.authority)
	for _, dial := range []dialer{plainly(m.web), plainly(m.web), over("unix", m.unix), overTLSTo(m.tls, trust)} {
		l.attend(0, (&client{t: t, dial: dial, request: postRequest, fresh: true}).ask)
		l.attend(200*time.Millisecond, (&client{t: t, dial: dial, request: postRequest}).ask)
	}
	l.attend(0, echoClient(t, plainly(m.tcp)))
	scrape := &client{t: t, dial: plainly(m.stats), request: strings.Replace(getRequest, "/ ", "/metrics ", 1), fresh: true}
	l.attend(20*time.Millisecond, scrape.ask)
	return l
}

// TestHandOvers replaces the balancer ten times by a new file under load: no connection is
// refused or reset, what is known of servers and what operators have said stays, and each old
// process ends well.
func TestHandOvers(t *testing.T) {
	t.Parallel()
	for name, rounds := range map[string]int{"without a state file": 10, "with a state file": 2} {
		t.Run(name, func(t *testing.T) {
			more := ""
			if name == "with a state file" {
				more = fmt.Sprintf("state_file: %q\n", filepath.Join(t.TempDir(), "state"))
			}
			d := newRealm(t, more)
			l := d.visit(t)
			for round := range rounds {
				l.proceed(t, 200)
				d.replace(t, balancerPath)
				if code := d.exitCode(t, d.handOver(t)); code != 0 {
					t.Errorf("round %d: the old balancer ends with exit code %d", round, code)
				}
				d.remembers(t)
			}
			l.proceed(t, 200)
			l.end(t)
			t.Logf("%d requests and scrapes, %d failed, in %d hand-overs", l.requests.Load(), l.failed.Load(), rounds)
			if log := d.Stderr.String(); strings.Contains(log, `"level":"error"`) || strings.Count(log, "DOWN") != 1 {
				t.Errorf("the log is not as it should be:\n%s", log)
			}
			if err := unix.Kill(d.pid, unix.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if code := d.exitCode(t, d.pid); code != 0 {
				t.Errorf("the last balancer ends with exit code %d", code)
			}
			if _, err := os.Stat(d.unix); !os.IsNotExist(err) {
				t.Errorf("the socket %s is still there: %v", d.unix, err)
			}
		})
	}
}

// operate waits for the first checks, and gives orders.
func (d *dynasty) operate(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the server is down", func() bool { return d.column(t, "app", "down", "status") == "DOWN" })
	order(t, d.socket, "set", "server", "app/light", "weight", "5")
	order(t, d.socket, "set", "server", "app/away", "state", "maint", "reason", "disk swap", "for", "1h")
	d.remembers(t)
}

// remembers checks what operate has done, and that the checks have not begun anew.
func (d *dynasty) remembers(t *testing.T) {
	t.Helper()
	for server, want := range map[string]string{"up": "UP", "down": "DOWN", "light": "UP", "away": "MAINT"} {
		if got := d.column(t, "app", server, "status"); got != want {
			t.Errorf("server %s is %s, want %s", server, got, want)
		}
	}
	if got := d.column(t, "app", "light", "weight"); got != "5" {
		t.Errorf("the weight is %s, want 5", got)
	}
	if orders := order(t, d.socket, "show", "orders"); !strings.Contains(orders, "app/away") || !strings.Contains(orders, "disk swap") || !strings.Contains(orders, "app/light") {
		t.Errorf("show orders says\n%s", orders)
	}
}
