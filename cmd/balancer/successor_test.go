package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"relais/internal/testkit"
)

// dyingInItsTurn says that it is prepared, and is killed when all is its own.
const dyingInItsTurn = `#!/bin/bash
until read -r start <&3; do sleep 0.01; done
echo '{"say":"prepared"}' >&3
until read -r turn <&3; do sleep 0.01; done
kill -9 $$
`

// TestSuccessorsThatFail has the balancer hand over to files of which none can take its place: it
// goes on, nobody notices, and the log says what was wrong. The next one that is sound takes over.
func TestSuccessorsThatFail(t *testing.T) {
	t.Parallel()
	d := newRealm(t, "")
	l := d.visit(t)
	l.proceed(t, 200)
	for _, test := range []struct{ name, program, config, want string }{
		{"dies at once", "#!/bin/sh\nexit 1\n", d.text, "it ended: exit status 1"},
		{"says why", "#!/bin/sh\necho there is no luck in it >&2\nexit 1\n", d.text, "there is no luck in it"},
		{"is no program", "this is no program", d.text, "exec format error"},
		{"is another program", "#!/bin/sh\necho nonsense >&3\nexec sleep 60\n", d.text, "it does not speak the language of a hand-over"},
		{"refuses the configuration", "", strings.Replace(d.text, "shutdown_timeout", "shutdown_timeuot", 1), `unknown key \"shutdown_timeuot\"`},
		{"finds a port taken", "", strings.Replace(d.text, `stats: {bind: "127.0.0.1:0"`, `stats: {bind: "`+named(t, "other")+`"`, 1), "address already in use"},
		{"dies in its turn", dyingInItsTurn, d.text, "it ended: signal: killed"},
	} {
		if test.program != "" {
			d.replaceWith(t, test.program)
		} else {
			d.replace(t, balancerPath)
		}
		d.rewrite(t, test.config)
		before := len(d.Stderr.String())
		if err := unix.Kill(d.pid, unix.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		said := func() string { return d.Stderr.String()[before:] }
		testkit.Eventually(t, "the balancer goes on: "+test.name, func() bool { return strings.Contains(said(), "not replaced; this balancer goes on") })
		if !strings.Contains(said(), test.want) {
			t.Errorf("%s: the log does not say %q but\n%s", test.name, test.want, said())
		}
		if pid := d.serving(); pid != d.pid {
			t.Fatalf("%s: process %d serves, want %d", test.name, pid, d.pid)
		}
		d.remembers(t)
		l.proceed(t, 100)
	}
	order(t, d.socket, "set", "server", "app/light", "weight", "6") // the journal takes orders again
	order(t, d.socket, "set", "server", "app/light", "weight", "5")
	d.rewrite(t, d.text)
	d.replace(t, balancerPath)
	if code := d.exitCode(t, d.handOver(t)); code != 0 {
		t.Errorf("exit code %d", code)
	}
	d.remembers(t)
	l.proceed(t, 100)
	l.end(t)
	t.Logf("%d requests and scrapes, %d failed", l.requests.Load(), l.failed.Load())
}

// rewrite replaces the configuration and leaves the runtime socket in it.
func (d *dynasty) rewrite(t *testing.T, config string) {
	t.Helper()
	d.configure(t, fmt.Sprintf("admin_socket: %q\n", d.socket)+config)
}

// TestTunnelsOfThePredecessor has those that run when the successor takes over end in their own
// time, within shutdown_timeout.
func TestTunnelsOfThePredecessor(t *testing.T) {
	t.Parallel()
	d := newRealm(t, "")
	c := tunnelTo(t, d.web)
	old := d.handOver(t)
	passes(t, c, "the successor serves and I go on")
	began := time.Now()
	c.Close()
	if code := d.exitCode(t, old); code != 0 || time.Since(began) > 2500*time.Millisecond {
		t.Errorf("without its tunnel the old balancer ended after %v with exit code %d", time.Since(began), code)
	}
	c = tunnelTo(t, d.web)
	old = d.handOver(t)
	began = time.Now()
	passes(t, c, "one more time")
	if took := lasted(t, c, began); took < 2*time.Second || took > 8*time.Second {
		t.Errorf("the tunnel was cut after %v, want 3 s", took)
	}
	if code := d.exitCode(t, old); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestHandOverRefused says what to do where the end of the process would be the end of the service.
func TestHandOverRefused(t *testing.T) {
	t.Parallel()
	server := named(t, "a")
	for name, test := range map[string]struct {
		start func(*testing.T, *exec.Cmd)
		want  string
	}{
		"as PID 1": {func(t *testing.T, c *exec.Cmd) {
			needRoot(t)
			c.Path, c.Args = testkit.Program(t, "unshare"), append([]string{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}, c.Args...)
		}, "start a second container and move clients to it, or reload with SIGHUP"},
		"under the stack": {func(_ *testing.T, c *exec.Cmd) {
			c.Env = append(os.Environ(), "RELAIS_SUPERVISED=1")
		}, "restart the stack, or reload with SIGHUP"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, farm("", server), func(c *exec.Cmd) { test.start(t, c) })
			pid := r.Process.Process.Pid
			if name == "as PID 1" {
				pid = child(t, pid)
			}
			signal := func(s syscall.Signal) {
				if err := unix.Kill(pid, s); err != nil {
					t.Fatal(err)
				}
			}
			signal(syscall.SIGUSR2)
			testkit.Eventually(t, "the log says what to do", func() bool { return strings.Contains(r.Stderr.String(), test.want) })
			if failure := (&client{t: t, dial: plainly(r.addr), request: getRequest, fresh: true}).ask(); failure != "" {
				t.Errorf("after that: %s", failure)
			}
			signal(syscall.SIGHUP)
			testkit.Eventually(t, "it reloads", func() bool { return strings.Contains(r.Stderr.String(), "nothing to reload") })
			signal(syscall.SIGTERM)
			if code := r.ExitCode(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	switch {
	case os.Geteuid() == 0:
	case os.Getenv("CI") == "true":
		t.Fatal("only root can make a process namespace")
	default:
		t.Skip("only root can make a process namespace")
	}
}

// child is the process id of the only child of a process.
func child(t *testing.T, pid int) int {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(children)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
