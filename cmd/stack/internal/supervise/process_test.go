package supervise

import (
	"context"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// shell is a script that is kept running, with what it said and how it died.
type shell struct {
	*Process
	mu     sync.Mutex
	lines  []string
	deaths []Death
}

func startShell(t *testing.T, thread *Thread, script string, restart bool) *shell {
	t.Helper()
	s := &shell{}
	s.Process = Start(thread, Program{
		Name: "script", Path: "/bin/sh", Args: []string{"sh", "-c", script}, Env: os.Environ(), Dir: t.TempDir(),
		Output: func(line string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines = append(s.lines, line)
		},
	}, func(d Death) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.deaths = append(s.deaths, d)
		return restart
	})
	return s
}

func newThread(t *testing.T) *Thread {
	t.Helper()
	thread := NewThread()
	t.Cleanup(thread.Close)
	return thread
}

// said tells how often the script said something.
func (s *shell) said(line string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lines {
		if l == line {
			n++
		}
	}
	return n
}

func (s *shell) died() []Death {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Death(nil), s.deaths...)
}

func (s *shell) stop(t *testing.T, timeout time.Duration) (graceful bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	return s.Stop(ctx)
}

func TestDeadProcessIsStartedAgain(t *testing.T) {
	s := startShell(t, newThread(t), `echo up; exec sleep 60`, true)
	testkit.Eventually(t, "it runs", func() bool { return s.said("up") == 1 && s.PID() != 0 })
	first := s.PID()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it runs again", func() bool { return s.said("up") == 2 && s.PID() != 0 })
	if s.PID() == first {
		t.Error("the process id is the same")
	}
	want := Death{Name: "script", How: "killed by signal 9", Again: 200 * time.Millisecond}
	if deaths := s.died(); len(deaths) != 1 || deaths[0] != want {
		t.Errorf("deaths %v, want %v", deaths, want)
	}
	if !s.stop(t, testkit.Patience) {
		t.Error("it had to be killed")
	}
	if len(s.died()) != 1 {
		t.Error("the stop counts as a death")
	}
}

func TestLastWords(t *testing.T) {
	s := startShell(t, newThread(t), `echo out; echo error >&2; printf unfinished; exit 3`, false)
	testkit.Eventually(t, "its death", func() bool { return len(s.died()) == 1 })
	if how := s.died()[0].How; how != "exit code 3" {
		t.Errorf("how %q", how)
	}
	for _, line := range []string{"out", "error", "unfinished"} {
		if s.said(line) != 1 {
			t.Errorf("it said %q, want %q too, before its death is known", s.lines, line)
		}
	}
	if !s.stop(t, testkit.Patience) {
		t.Error("what has ended must not be killed")
	}
}

func TestNoSuchProgram(t *testing.T) {
	deaths := make(chan Death, 1)
	p := Start(newThread(t), Program{Name: "nothing", Path: "/nowhere/nothing", Args: []string{"nothing"}}, func(d Death) bool {
		deaths <- d
		return false
	})
	if how := (<-deaths).How; !strings.Contains(how, "cannot be started") || !strings.Contains(how, "no such file") {
		t.Errorf("how %q", how)
	}
	p.Stop(t.Context())
}

// Neither the process nor a child of its own outlives a stop, even when they do not listen.
func TestStubbornProcessIsKilled(t *testing.T) {
	s := startShell(t, newThread(t), `trap "" TERM; (echo child; exec sleep 60) & echo up; wait`, true)
	testkit.Eventually(t, "both run", func() bool { return s.said("up") == 1 && s.said("child") == 1 })
	group := s.PID()
	if s.stop(t, 50*time.Millisecond) {
		t.Error("it ended by itself")
	}
	testkit.Eventually(t, "the group is gone", func() bool { return syscall.Kill(-group, 0) != nil || zombies(group) })
}

// The pause before the next start does not hold up a stop.
func TestStopInThePause(t *testing.T) {
	s := startShell(t, newThread(t), `exit 1`, true)
	testkit.Eventually(t, "three deaths", func() bool { return len(s.died()) == 3 }) // now it waits for 800 ms
	began := time.Now()
	if !s.stop(t, testkit.Patience) {
		t.Error("it had to be killed")
	}
	if took := time.Since(began); took > 400*time.Millisecond {
		t.Errorf("the stop took %v", took)
	}
}

// A child lives as long as the thread, whatever becomes of the goroutine that asked for it.
func TestChildrenLiveAndDieWithTheThread(t *testing.T) {
	thread := NewThread()
	var s *shell
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // never unlocked: this thread ends here
		s = startShell(t, thread, `echo up; exec sleep 60`, false)
	}()
	<-ended
	testkit.Eventually(t, "it runs", func() bool { return s.said("up") == 1 })
	thread.Close()
	testkit.Eventually(t, "its death", func() bool { return len(s.died()) == 1 })
	if how := s.died()[0].How; how != "killed by signal 9" {
		t.Errorf("how %q", how)
	}
	s.stop(t, testkit.Patience)
}

// zombies tells whether nothing of a group is left but what PID 1 has not waited for.
func zombies(group int) bool {
	processes, _ := os.ReadDir("/proc")
	for _, p := range processes {
		stat, _ := os.ReadFile("/proc/" + p.Name() + "/stat")
		_, rest, _ := strings.Cut(string(stat), ") ") // state, parent, group
		f := strings.Fields(rest)
		if len(f) > 2 && f[2] == strconv.Itoa(group) && f[0] != "Z" {
			return false
		}
	}
	return true
}

// A program that could replace itself learns that it must not.
func TestChildrenKnowThatTheyAreSupervised(t *testing.T) {
	s := startShell(t, newThread(t), `echo "supervised: $RELAIS_SUPERVISED"; exec sleep 60`, false)
	testkit.Eventually(t, "it knows", func() bool { return s.said("supervised: 1") == 1 })
	if !s.stop(t, testkit.Patience) {
		t.Error("it had to be killed")
	}
}
