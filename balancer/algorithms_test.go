package balancer_test

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

func algorithm(name string) func(*config.Config) {
	return func(c *config.Config) { c.Backends[0].Balance.Algorithm = name }
}

// crowd has clients ask n times each, and returns how often each server was asked.
func (f *farm) crowd(clients, n int) (shares []float64) {
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			c := f.dial()
			for range n {
				c.Send(get)
				head := c.Head()
				c.Body(contentLength(head))
			}
		})
	}
	wait.Wait()
	for i := range f.proxy.Table().Backends[0].Servers {
		shares = append(shares, float64(f.server(i).Counters.SessionsTotal.Load())/float64(clients*n))
	}
	return shares
}

// A server that fails at once gets no more than its share, whatever the algorithm. (One that
// prefers the first server, or keeps to a hash, has nothing to do with it.)
func TestAFastFailureAttractsNobody(t *testing.T) {
	sick := func(c *testkit.Conn) {
		for c.Head() != "" {
			c.Answer(500, "")
		}
	}
	well := func(c *testkit.Conn) {
		for c.Head() != "" {
			<-time.After(2 * time.Millisecond)
			c.Answer(200, "")
		}
	}
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "random", "ewma"} {
		t.Run(name, func(t *testing.T) {
			f := newFarm(t, algorithm(name), testkit.RawServer(t, sick).Addr, testkit.RawServer(t, well).Addr, testkit.RawServer(t, well).Addr)
			if shares := f.crowd(20, 100); shares[0] > 1.0/3+0.04 {
				t.Errorf("the one that fails got %.2f of the requests: %.2f", shares[0], shares)
			}
		})
	}
}

// A server that hangs gets nothing more, once it looks worse than the others.
func TestAHungServerAttractsNobody(t *testing.T) {
	for _, name := range []string{"leastconn", "random", "ewma"} {
		t.Run(name, func(t *testing.T) {
			var hung atomic.Int64
			hangs := testkit.RawServer(t, func(c *testkit.Conn) {
				c.Head()
				hung.Add(1)
				_, _ = c.Rest()
			})
			well := func(c *testkit.Conn) {
				for c.Head() != "" {
					c.Answer(200, "")
				}
			}
			f := newFarm(t, both(algorithm(name), retries(0), serverTimeout(2*time.Second)),
				hangs.Addr, testkit.RawServer(t, well).Addr, testkit.RawServer(t, well).Addr)
			f.crowd(40, 50)
			if n := hung.Load(); n > 80 {
				t.Errorf("%d of 2,000 requests went to the server that hangs", n)
			}
		})
	}
}

// What is hashed decides, and nothing else: the same key finds the same server on every
// connection, and different keys find all of them.
func TestHashesOnSockets(t *testing.T) {
	names := func(name string) func(*testkit.Conn) {
		return func(c *testkit.Conn) {
			for c.Head() != "" {
				c.Answer(200, name)
			}
		}
	}
	for _, test := range []struct {
		name    string
		change  func(*config.Config)
		request func(key int) string
	}{
		{"uri", algorithm("uri"), func(key int) string { return fmt.Sprintf("GET /%d?any HTTP/1.1\r\nHost: h\r\n\r\n", key) }},
		{"header", func(c *config.Config) {
			c.Backends[0].Balance = config.Balance{Algorithm: "header", Header: "X-User"}
			c.Backends[0].Hash = config.Hash{Type: "consistent", Function: "sdbm", Avalanche: true}
		}, func(key int) string { return fmt.Sprintf("GET / HTTP/1.1\r\nHost: h\r\nx-user: %d\r\n\r\n", key) }},
		{"source", algorithm("source"), func(key int) string {
			return fmt.Sprintf("PROXY TCP4 192.0.2.%d 192.0.2.1 1000 80\r\n%s", key, get)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFarm(t, test.change, testkit.RawServer(t, names("a")).Addr, testkit.RawServer(t, names("b")).Addr, testkit.RawServer(t, names("c")).Addr)
			if test.name == "source" {
				f.serveOn(listen.Bind{Address: "127.0.0.1:0", Proxy: &listen.Proxy{From: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
			}
			found := map[string]bool{}
			for key := range 30 {
				var all strings.Builder
				for range 3 {
					c := f.dial()
					c.Send(test.request(key))
					c.Head()
					all.WriteString(c.Body(1))
					c.Close()
				}
				got := all.String()
				if strings.Trim(got, got[:1]) != "" {
					t.Errorf("key %d found %s", key, got)
				}
				found[got[:1]] = true
			}
			if len(found) != 3 {
				t.Errorf("all keys found %v", found)
			}
		})
	}
}
