package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

// stateOf is what three orders and a server that was added leave in the state file.
func stateOf(t *testing.T, config, added string) []byte {
	t.Helper()
	o := operate(t, config)
	o.do(t, `set server app/web2 state drain reason "disk swap"`, "set weight app/web1 50", "set maxconn frontend web 77")
	if got := o.say(t, "add server app/new "+added); got != "New server registered." {
		t.Fatal(got)
	}
	o.Signal(syscall.SIGKILL)
	o.ExitCode(t)
	state, err := os.ReadFile(o.state())
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// orders are what holds of stateOf, in its order.
func (o *operated) orders(t *testing.T) (held []bool) {
	t.Helper()
	all := o.say(t, "show orders") + o.say(t, "show servers state")
	for _, words := range []string{"frontend web\tmaxconn 77\t", "app/web1\tweight 50\t", "app/web2\tstate drain\t", " new "} {
		held = append(held, strings.Contains(all, words))
	}
	return held
}

// TestStateFileCut cuts the state file at places in every line. The balancer starts each time,
// has what stands in the lines that are whole, says what was lost and keeps the rest aside.
func TestStateFileCut(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	config := farm("", a.addr, a.addr)
	state := stateOf(t, config, b.addr)
	lines := strings.SplitAfter(strings.TrimSuffix(string(state), "\n"), "\n")
	if len(lines) != 5 {
		t.Fatalf("the state file is\n%s", state)
	}
	begins := 0
	for number, line := range lines {
		for _, cut := range []int{begins, begins + 1, begins + len(line)/2, begins + len(line) - 2} {
			t.Run(fmt.Sprintf("line %d, %d bytes", number+1, cut), func(t *testing.T) {
				dir := t.TempDir()
				testkit.WriteFile(t, filepath.Join(dir, "state"), state[:cut])
				o := operateIn(t, dir, config)
				held := o.orders(t)
				for i, holds := range held {
					if want := i+1 < number; holds != want {
						t.Errorf("%v holds, of %d whole lines", held, number)
						break
					}
				}
				if got := o.body("/"); got != "a" {
					t.Errorf("a request got %q", got)
				}
				o.lost(t, state[:cut], max(0, number-1))
			})
		}
		begins += len(line)
	}
}

// lost looks for what the balancer says of a state file of which it could use so many entries, and
// for where it is kept.
func (o *operated) lost(t *testing.T, state []byte, used int) {
	t.Helper()
	aside, _ := filepath.Glob(o.state() + ".damaged-*")
	if len(state) == 0 {
		o.logged(t, "the state file is empty: no orders hold")
		if aside != nil {
			t.Errorf("an empty file was kept as %v", aside)
		}
		return
	}
	words := "nothing of it is used"
	if line, _, whole := strings.Cut(string(state), "\n"); whole && strings.HasSuffix(line, "}") {
		words = fmt.Sprintf("%d entries are lost, %d hold", 4-used, used)
	}
	o.logged(t, words)
	if len(aside) != 1 {
		t.Fatalf("the damaged file is kept as %v", aside)
	}
	o.logged(t, "it is kept as "+aside[0])
	if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != string(state) {
		t.Errorf("what is kept aside is not what was there: %v", err)
	}
	o.again(t, syscall.SIGKILL)
	if log := o.Stderr.String(); strings.Contains(log, "damaged") {
		t.Errorf("the next start still says\n%s", log)
	}
}

// TestStateFileWhole: what was not cut comes back as it was.
func TestStateFileWhole(t *testing.T) {
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	config := farm("", a.addr, a.addr)
	state, dir := stateOf(t, config, b.addr), t.TempDir()
	testkit.WriteFile(t, filepath.Join(dir, "state"), state)
	o := operateIn(t, dir, config)
	for _, holds := range o.orders(t) {
		if !holds {
			t.Errorf("not everything holds:\n%s\n%s", o.say(t, "show orders"), o.say(t, "show servers state"))
			break
		}
	}
	if log := o.Stderr.String(); strings.Contains(log, "damaged") || !strings.Contains(log, "still holds: server app/web2: state drain") {
		t.Errorf("the log says\n%s", log)
	}
}

// TestStateFileUnusable: with something else in the place of the state file the balancer starts and
// says so, and does not touch it. Changes are made, with a warning where they are not kept.
func TestStateFileUnusable(t *testing.T) {
	a := newOrigin(t, "a")
	for _, test := range []struct {
		name, words string
		make        func(path string) error
		kept        bool // changes are, over a restart
	}{
		{"a loop of links", "too many levels of symbolic links", func(path string) error { return os.Symlink(path, path) }, false},
		{"of another program", "nothing of it is used", func(path string) error {
			return os.WriteFile(path, []byte("1\n# be_id be_name srv_id srv_name\n3 app 1 web1 127.0.0.1 2 0 1 1\n"), 0o600)
		}, true},
		{"a large one", "another program's", func(path string) error {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				return err
			}
			return os.Truncate(path, 64<<20)
		}, false},
		{"none yet", "", func(string) error { return nil }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "state")
			if err := test.make(path); err != nil {
				t.Fatal(err)
			}
			before, _ := os.Lstat(path)
			o := operateIn(t, dir, farm("", a.addr))
			if test.words != "" {
				o.logged(t, test.words)
			}
			answer := o.say(t, "set server app/web1 state drain")
			if warned := strings.Contains(answer, "not kept over a restart"); warned == test.kept {
				t.Errorf("the answer to a change is %q", answer)
			}
			if got := o.column(t, "app", "web1", "status"); got != "DRAIN" {
				t.Errorf("web1 is %s", got)
			}
			if after, _ := os.Lstat(path); !test.kept && (after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime())) {
				t.Errorf("it was %v and is %v", before, after)
			}
			o.again(t, syscall.SIGKILL)
			if got := o.column(t, "app", "web1", "status"); (got == "DRAIN") != test.kept {
				t.Errorf("after kill -9 web1 is %s", got)
			}
		})
	}
}

// TestStateFileRefused: what can never be a state file is a fault of the configuration.
func TestStateFileRefused(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, words := range map[string]string{dir: "is a folder; write the path of a file in it", pipe: "is no regular file; write another path"} {
		config := filepath.Join(dir, "balancer.yml")
		testkit.WriteFile(t, config, []byte("state_file: "+path+"\n"+farm("", "127.0.0.1:1")))
		for _, verb := range []string{"check", "run"} {
			p := testkit.Start(t, nil, balancerPath, verb, "--config", config)
			if code := p.ExitCode(t); code != 1 {
				t.Errorf("%s with %s: exit code %d", verb, path, code)
			}
			if got := p.Stderr.String(); !strings.HasPrefix(got, config+":1: state_file: ") || !strings.Contains(got, words) {
				t.Errorf("%s says %q, want %q", verb, got, words)
			}
		}
	}
}

// TestStateFileUnreadable: so it is with a file whose mode does not let the balancer read it.
func TestStateFileUnreadable(t *testing.T) {
	setpriv := testkit.Program(t, "setpriv")
	a := newOrigin(t, "a")
	config := farm("", a.addr, a.addr)
	o := &operated{dir: t.TempDir()}
	testkit.WriteFile(t, o.state(), stateOf(t, config, a.addr))
	if err := os.Chmod(o.state(), 0); err != nil {
		t.Fatal(err)
	}
	o.running = run(t, o.with(config), func(c *exec.Cmd) { // modes are nothing to root, unless it gives that up
		if os.Geteuid() == 0 {
			c.Args = append([]string{setpriv, "--bounding-set=-dac_override,-dac_read_search"}, c.Args...)
			c.Path = setpriv
		}
	})
	o.logged(t, "permission denied; changes are kept in memory only")
	if got := o.body("/"); got != "a" {
		t.Errorf("a request got %q", got)
	}
	if got := o.say(t, "set server app/web1 state drain"); !strings.Contains(got, "not kept over a restart") {
		t.Errorf("the answer to a change is %q", got)
	}
	if info, err := os.Stat(o.state()); err != nil || info.Mode().Perm() != 0 {
		t.Errorf("the file is %v, %v", info, err)
	}
}
