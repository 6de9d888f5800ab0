package main_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// dialer opens a connection for one client.
type dialer func(t *testing.T) (*testkit.Conn, error)

func plainly(addr string) dialer { return over("tcp", addr) }

func over(network, addr string) dialer {
	return func(t *testing.T) (*testkit.Conn, error) {
		conn, err := net.DialTimeout(network, addr, testkit.Patience)
		if err != nil {
			return nil, err
		}
		return testkit.NewConn(t, conn), nil
	}
}

func overTLSTo(addr string, settings *tls.Config) dialer {
	return func(t *testing.T) (*testkit.Conn, error) {
		conn, err := tls.DialWithDialer(&net.Dialer{Timeout: testkit.Patience}, "tcp", addr, settings)
		if err != nil {
			return nil, err
		}
		return testkit.NewConn(t, conn), nil
	}
}

func trusting(a *testkit.Authority) *tls.Config {
	return &tls.Config{ServerName: "a.example", RootCAs: a.Pool()}
}

// client is one that keeps its connection and, unlike Go's, never asks twice for the same.
type client struct {
	t       *testing.T
	dial    dialer
	request string
	fresh   bool          // a new connection for each request
	conn    *testkit.Conn // nil: none
}

const (
	getRequest  = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
	postRequest = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
)

// ask sends one request and returns what went wrong.
func (c *client) ask() (failure string) {
	if c.conn == nil {
		conn, err := c.dial(c.t)
		if err != nil {
			return "connect: " + err.Error()
		}
		c.conn = conn
	}
	_ = c.conn.SetDeadline(time.Now().Add(testkit.Patience))
	c.conn.Send(c.request)
	answer, err := http.ReadResponse(c.conn.R, nil)
	if err == nil {
		_, err = io.Copy(io.Discard, answer.Body)
	}
	if err != nil || answer.Close || c.fresh {
		c.conn.Close()
		c.conn = nil
	}
	switch {
	case err != nil:
		return fmt.Sprintf("%.10q: %v", c.request, err)
	case answer.StatusCode != http.StatusOK:
		return answer.Status
	}
	return ""
}

// attend has somebody ask again and again until the load ends, idle for up to so long in between.
func (l *load) attend(idle time.Duration, ask func() (failure string)) {
	l.workers.Go(func() {
		for {
			select {
			case <-l.stop:
				return
			case <-time.After(rand.N(idle + 1)):
			}
			start := time.Now()
			if failure := ask(); failure != "" {
				l.failed.Add(1)
				l.firstFailure.CompareAndSwap(nil, &failure)
			}
			l.requests.Add(1)
			l.mu.Lock()
			l.times = append(l.times, time.Since(start))
			l.mu.Unlock()
		}
	})
}

// visit has clients come to a plain address and one with TLS: busy ones on connections that they
// keep and on new ones, and others that POST on connections that have been idle.
func (l *load) visit(t *testing.T, main, secure string, trusted *testkit.Authority) {
	trust := trusting(trusted)
	for i := range 4 {
		l.attend(2*time.Millisecond, (&client{t: t, dial: plainly(main), request: []string{getRequest, postRequest}[i%2]}).ask)
	}
	for _, dial := range []dialer{plainly(main), overTLSTo(secure, trust)} {
		l.attend(5*time.Millisecond, (&client{t: t, dial: dial, request: getRequest, fresh: true}).ask)
		for range 12 {
			l.attend(700*time.Millisecond, (&client{t: t, dial: dial, request: postRequest}).ask)
		}
	}
}

// echoClient asks a TCP service that sends back what it gets, on a new connection each time.
func echoClient(t *testing.T, dial dialer) func() (failure string) {
	return func() string {
		c, err := dial(t)
		if err != nil {
			return "connect: " + err.Error()
		}
		defer c.Close()
		const word = "over and out"
		c.Send(word)
		if got := c.Body(len(word)); !strings.HasPrefix(got, word) {
			return fmt.Sprintf("the echo of %q is %q", word, got)
		}
		return ""
	}
}
