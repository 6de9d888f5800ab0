package main_test

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestIdleClientsOfAStop has many clients whose connections are idle when the balancer is told to
// stop, and that send at random moments before it, during it and up to 0.5 s after it: every one
// is answered, and those that come after it are told that it was the last answer.
func TestIdleClientsOfAStop(t *testing.T) {
	const clients, early, late = 200, 300 * time.Millisecond, 500 * time.Millisecond
	server := named(t, "a")
	for name, signal := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGUSR1": syscall.SIGUSR1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config, settings := overTLS(t, farm("", server))
			config = strings.Replace(config, `bind: [`, `bind: ["127.0.0.1:0", `, 1)
			r := run(t, config, nil)
			secure := r.frontends(t)[1]
			var failed, last atomic.Int64
			var ready, all sync.WaitGroup
			begin := make(chan struct{})
			ready.Add(clients)
			for i := range clients {
				c := &client{t: t, dial: plainly(r.addr), request: []string{getRequest, postRequest}[i%2]}
				if i%4 == 0 {
					c.dial = overTLSTo(secure, settings)
				}
				all.Go(func() {
					failure := c.ask()
					ready.Done()
					<-begin
					<-time.After(rand.N(early + late))
					if failure == "" {
						failure = c.ask()
					}
					if failure != "" && failed.Add(1) == 1 {
						t.Errorf("a client fails: %s", failure)
					}
					if c.conn == nil {
						last.Add(1)
					}
				})
			}
			ready.Wait()
			close(begin)
			<-time.After(early)
			r.Signal(signal)
			all.Wait()
			if code := r.ExitCode(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if failed.Load() > 0 || last.Load() < clients/3 {
				t.Errorf("of %d clients %d failed and %d were told that it was the last answer", clients, failed.Load(), last.Load())
			}
		})
	}
}

// frontends are the addresses that the balancer has said at its start.
func (r *running) frontends(t *testing.T) []string {
	t.Helper()
	_, list, found := strings.Cut(r.Stderr.String(), `"frontends":["`)
	list, _, _ = strings.Cut(list, `"]`)
	if !found {
		t.Fatal("the log says nothing of frontends")
	}
	return strings.Split(list, `","`)
}

// TestNotReadyBeforeRefused has /readyz say 503 no later than the first client is refused.
func TestNotReadyBeforeRefused(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) { close(asked); <-answer })
	r := run(t, farm("", testkit.Address(s)), nil)
	c := testkit.Dial(t, r.addr)
	c.Send(getRequest)
	<-asked
	r.Signal(syscall.SIGTERM)
	for deadline := time.Now().Add(testkit.Patience); time.Now().Before(deadline); {
		conn, err := net.Dial("tcp", r.addr)
		if err != nil {
			break
		}
		conn.Close()
	}
	if code, text := r.get(t, "/readyz"); code != 503 || text != "stopping\n" {
		t.Errorf("clients are refused and /readyz says %d %q", code, text)
	}
	if code, _ := r.get(t, "/healthz"); code != 200 {
		t.Errorf("/healthz says %d", code)
	}
	close(answer)
	if head := c.Head(); !strings.Contains(head, "200 OK") || !strings.Contains(head, "Connection: close") {
		t.Errorf("got %q", head)
	}
	if code := r.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestSecondSignal cuts what the first one waits for, whichever that was.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	asked, held := make(chan struct{}), make(chan struct{})
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-held })
	defer close(held)
	for name, first := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGUSR1": syscall.SIGUSR1} {
		t.Run(name, func(t *testing.T) {
			r := run(t, farm("", testkit.Address(s)), nil)
			c := testkit.Dial(t, r.addr)
			c.Send(getRequest)
			<-asked
			r.Signal(first)
			testkit.Eventually(t, "it stops", func() bool { return strings.Contains(r.Stderr.String(), "stopping: no new connections") })
			second := time.Now()
			r.Signal(syscall.SIGTERM)
			if code := r.ExitCode(t); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			if took := time.Since(second); took > 3*time.Second {
				t.Errorf("it took %v", took)
			}
			if _, err := io.ReadFull(c.R, make([]byte, 1)); err == nil {
				t.Error("the request was answered")
			}
			if !strings.Contains(r.Stderr.String(), "a second signal: ended at once") {
				t.Error("the log does not say why")
			}
		})
	}
}
