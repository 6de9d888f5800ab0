package healthcheck

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOurShortageIsNoFailureOfTheServer runs this test binary again, as a balancer that runs out
// of descriptors while it checks a server that is well.
func TestOurShortageIsNoFailureOfTheServer(t *testing.T) {
	if address := os.Getenv("RELAIS_TEST_SHORTAGE"); address != "" {
		runShort(t, address)
		return
	}
	address := serve(t, "127.0.0.1", says("HTTP/1.1 200 OK\r\n\r\n"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestOurShortageIsNoFailureOfTheServer$", "-test.v")
	child.Env = append(os.Environ(), "RELAIS_TEST_SHORTAGE="+address)
	output, err := child.CombinedOutput()
	if err != nil || !strings.Contains(string(output), "well, short, well") {
		t.Errorf("%v\n%s", err, output)
	}
}

// runShort checks the server by address and by name, with all kinds of probes: well, then short
// of descriptors, then well again.
func runShort(t *testing.T, address string) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	expectResult(t, run(t, TCP(DialTCP(address)), 10*time.Second), Result{OK: true, Status: L4OK})
	release := exhaust(t)
	// The first look-up of this process: not even the resolver's settings can be read.
	if r := run(t, TCP(DialTCP("server.invalid:80")), 10*time.Second); r.Status != SocketError {
		t.Errorf("a name that cannot be looked up for want of descriptors: %+v", r)
	}
	release()

	probes := map[string]Probe{
		"http":    HTTP(HTTPOptions{Address: address}),
		"tcp":     TCP(DialTCP(address)),
		"by name": HTTP(HTTPOptions{Address: "localhost:" + port}),
	}
	changes := make(chan Transition, 1000)
	s := NewSet(Options{OnTransition: func(c Transition) { changes <- c }})
	defer s.Stop()
	var want []Spec
	for name, p := range probes {
		want = append(want, Spec{
			Backend: "app", Server: name, Probe: p, Rise: 1, Fall: 1,
			Inter: 10 * time.Millisecond, Timeout: 10 * time.Second,
		})
	}
	s.Reconcile(want)
	await(t, s, probes, func(r Result) bool { return r.OK })

	release = exhaust(t)
	await(t, s, probes, func(r Result) bool {
		return r.Status == SocketError && strings.Contains(r.Detail, "too many open files")
	})
	<-time.After(300 * time.Millisecond) // some thirty checks more
	release()

	await(t, s, probes, func(r Result) bool { return r.OK })
	select {
	case c := <-changes:
		t.Errorf("a server went up %v after %s", c.Up, c.Reason)
	default:
		fmt.Println("well, short, well")
	}
}

// await waits until the last result of each server is as wanted.
func await(t *testing.T, s *Set, names map[string]Probe, wanted func(Result) bool) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for name := range names {
		for last := (Result{}); !wanted(last); <-time.After(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: last result %+v", name, last)
			}
			st, _ := s.Status("app", name)
			last = st.Last
		}
	}
}

// exhaust lets this process open nothing more.
func exhaust(t *testing.T) (release func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	limit := func(l syscall.Rlimit) {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
			t.Fatal(err)
		}
	}
	limit(syscall.Rlimit{Cur: 0, Max: before.Max})
	return func() { limit(before) }
}

func TestShortages(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want bool
	}{
		{syscall.EMFILE, true},
		{syscall.ENFILE, true},
		{syscall.ENOBUFS, true},
		{syscall.ENOMEM, true},
		{syscall.EADDRNOTAVAIL, true},
		{&net.DNSError{Err: "dial udp 127.0.0.11:53: socket: too many open files", Name: "web1", IsTemporary: true}, true},
		{&net.DNSError{Err: "server misbehaving", Name: "web1", IsTemporary: true}, false},
		{syscall.ECONNREFUSED, false},
		{syscall.EHOSTUNREACH, false},
		{nil, false},
	} {
		var err error
		if tc.err != nil {
			err = &net.OpError{Op: "dial", Net: "tcp", Err: tc.err}
		}
		if got := shortage(err); got != tc.want {
			t.Errorf("%v: shortage %v, want %v", err, got, tc.want)
		}
	}
}
