package balancer_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
)

// retryOn makes a farm retry for the given reasons, without a limit.
func retryOn(words ...string) func(*config.Config) {
	return func(c *config.Config) {
		c.Backends[0].RetryOn = words
		c.Backends[0].RetryBudget = config.RetryBudget{Ratio: 1000, Floor: 1000}
		c.Backends[0].Timeout.Server = 100 * time.Millisecond
	}
}

// TestRetryOn has a first server fail in each way and a second one that is well.
func TestRetryOn(t *testing.T) {
	answers := map[string]func(*testkit.Conn){
		"empty":   func(*testkit.Conn) {},
		"junk":    func(c *testkit.Conn) { c.Send("SSH-2.0\r\n\r\n") },
		"silence": func(c *testkit.Conn) { _, _ = c.Rest() },
		"503":     func(c *testkit.Conn) { c.Answer(503, "sick") },
		"404":     func(c *testkit.Conn) { c.Answer(404, "gone") },
	}
	for _, test := range []struct {
		fails, on, request, want, reason string
	}{
		{"empty", "empty-response", get, "200", "s1: the server closed the connection before it answered; answered by s2"},
		{"empty", "conn-failure", get, "502", ""},
		{"junk", "junk-response", get, "200", "s1: a bad status line"},
		{"junk", "empty-response", get, "502", ""},
		{"silence", "response-timeout", get, "200", "s1: the server did not answer in time; answered by s2"},
		{"silence", "empty-response", get, "504", ""},
		{"503", "503", get, "200", "s1: answered 503; answered by s2"},
		{"503", "502 504", get, "503", ""},
		{"503", "all-retryable-errors", get, "200", "s1: answered 503; answered by s2"},
		{"404", "404", get, "200", "s1: answered 404; answered by s2"},
		{"503", "503", post, "503", ""},
		{"silence", "response-timeout", post, "504", ""},
		{"junk", "all-retryable-errors", post, "502", ""},
		{"503", "none", get, "503", ""},
	} {
		t.Run(test.fails+" on "+test.on+" "+test.request[:4], func(t *testing.T) {
			var seen atomic.Int64
			s1 := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); seen.Add(1); answers[test.fails](c) })
			s2 := testkit.RawServer(t, func(c *testkit.Conn) { c.Head(); seen.Add(1); c.Answer(200, "ok") })
			f := newFarm(t, retryOn(strings.Fields(test.on)...), s1.Addr, s2.Addr)
			c := f.dial()
			c.Send(test.request)
			if got := status(c.Head()); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
			l := f.line(0)
			if test.want == "200" && (!strings.HasPrefix(l.Reason, test.reason) || l.Server != "s2") {
				t.Errorf("the log says %q by %s", l.Reason, l.Server)
			}
			if n := seen.Load(); test.want != "200" && n != 1 {
				t.Errorf("the servers got it %d times", n)
			}
		})
	}
}

// When every server answers so, the client gets the last answer as it is.
func TestRetryOnGivesUp(t *testing.T) {
	sick := func(c *testkit.Conn) { c.Head(); c.Answer(503, "sick", "X-Why: ill") }
	f := newFarm(t, retryOn("503"), testkit.RawServer(t, sick).Addr, testkit.RawServer(t, sick).Addr)
	c := f.dial()
	c.Send(get)
	if head := c.Head(); status(head) != "503" || !strings.Contains(head, "X-Why: ill") || c.Body(4) != "sick" {
		t.Errorf("got %q", head)
	}
	if l := f.line(0); l.Retries != 3 {
		t.Errorf("%d retries, want 3", l.Retries)
	}
}

// A farm that is sick as a whole does not get more than the budget allows.
func TestRetryBudgetOnSockets(t *testing.T) {
	var seen atomic.Int64
	sick := func(c *testkit.Conn) {
		for c.Head() != "" {
			seen.Add(1)
			c.Answer(503, "")
		}
	}
	f := newFarm(t, func(c *config.Config) {
		c.Backends[0].RetryOn = []string{"503"}
		c.Backends[0].RetryBudget = config.RetryBudget{Ratio: 0.2, Floor: 0}
	}, testkit.RawServer(t, sick).Addr, testkit.RawServer(t, sick).Addr)
	const clients, each = 10, 100
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			c := f.dial()
			for range each {
				c.Send(get)
				if got := status(c.Head()); got != "503" {
					t.Errorf("got %s", got)
				}
			}
		})
	}
	wait.Wait()
	if n := seen.Load(); n > clients*each*12/10+1 || n < clients*each*11/10 {
		t.Errorf("%d requests became %d, want at most 1.2 times as many", clients*each, n)
	}
	if f.proxy.Table().Backends[0].Counters.OverBudget.Load() == 0 {
		t.Error("nothing counts what the budget refused")
	}
}

// TestMaxconn has 200 clients ask two servers for 2 at once each: never more than that are under
// way as the servers see it, and everybody is answered, in the order of arrival.
func TestMaxconn(t *testing.T) {
	var addrs []string
	var most [2]atomic.Int64
	for i := range most {
		var now atomic.Int64
		addrs = append(addrs, testkit.RawServer(t, func(c *testkit.Conn) {
			for c.Head() != "" {
				n := now.Add(1)
				for {
					m := most[i].Load()
					if n <= m || most[i].CompareAndSwap(m, n) {
						break
					}
				}
				<-time.After(2 * time.Millisecond)
				now.Add(-1)
				c.Answer(200, "")
			}
		}).Addr)
	}
	f := newFarm(t, func(c *config.Config) {
		for _, s := range c.Backends[0].Servers {
			s.Maxconn = 2
		}
	}, addrs...)
	var wait sync.WaitGroup
	for range 200 {
		wait.Go(func() {
			c := f.dial()
			for range 3 {
				c.Send(get)
				if got := status(c.Head()); got != "200" {
					t.Errorf("got %s", got)
				}
			}
		})
	}
	wait.Wait()
	for i := range most {
		if n := most[i].Load(); n != 2 {
			t.Errorf("server %d had up to %d requests at once, want 2", i+1, n)
		}
	}
}

// TestAllServersSlow has every server answer too late: the farm gets little more than the clients
// ask, and no POST twice.
func TestAllServersSlow(t *testing.T) {
	var gets atomic.Int64
	var posts sync.Map // by target: how often
	slow := func(c *testkit.Conn) {
		head := c.Head()
		if strings.HasPrefix(head, "POST") {
			n, _ := posts.LoadOrStore(strings.Fields(head)[1], new(atomic.Int64))
			n.(*atomic.Int64).Add(1)
		} else {
			gets.Add(1)
		}
		_, _ = c.Rest()
	}
	f := newFarm(t, both(retryOn("response-timeout", "empty-response"), func(c *config.Config) {
		c.Backends[0].RetryBudget = config.RetryBudget{Ratio: 0.2, Floor: 0}
	}), testkit.RawServer(t, slow).Addr, testkit.RawServer(t, slow).Addr, testkit.RawServer(t, slow).Addr)
	const clients, each = 50, 4
	var wait sync.WaitGroup
	for i := range clients {
		wait.Go(func() {
			c := f.dial()
			for j := range each {
				c.Send(get)
				head := c.Head()
				c.Body(contentLength(head))
				c.Send(fmt.Sprintf("POST /%d.%d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", i, j))
				post := c.Head()
				c.Body(contentLength(post))
				if status(head) != "504" || status(post) != "504" {
					t.Errorf("got %q and %q", head, post)
				}
			}
		})
	}
	wait.Wait()
	asked := int64(2 * clients * each) // POSTs count for the ratio, too
	if n := gets.Load() - asked/2; n > asked/5+1 {
		t.Errorf("%d of %d requests were repeated, want a fifth at most", n, asked)
	}
	posts.Range(func(target, n any) bool {
		if n.(*atomic.Int64).Load() != 1 {
			t.Errorf("POST %s was sent %d times", target, n.(*atomic.Int64).Load())
		}
		return true
	})
}
