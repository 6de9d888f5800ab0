package balancer_test

import (
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"relais/balancer"
	"relais/balancer/accesslog"
	"relais/balancer/why"
	"relais/internal/config"
	"relais/internal/listen"
	"relais/internal/testkit"
)

// farm is a proxy on a free port in front of given servers.
type farm struct {
	t     *testing.T
	addr  string
	proxy *balancer.Proxy

	mu    sync.Mutex
	lines []accesslog.Entry
	kept  []why.Record
}

// newFarm starts a proxy with one frontend, web, and one backend, app, whose servers s1, s2 …
// are at the given addresses.
func newFarm(t *testing.T, change func(*config.Config), addrs ...string) *farm {
	t.Helper()
	f := &farm{t: t}
	cfg := farmConfig(change, addrs)
	proxy, err := balancer.New(cfg, balancer.Options{Log: f.log, Keep: f.keep, OnPanic: func(_ string, v any, stack []byte) {
		t.Logf("panic: %v\n%s", v, stack)
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.proxy = proxy
	f.serve(proxy.Table().Frontends[0])
	return f
}

func farmConfig(change func(*config.Config), addrs []string) *config.Config {
	cfg := config.New()
	fe, be := config.NewFrontend(), config.NewBackend()
	fe.Name, fe.DefaultBackend, be.Name = "web", "app", "app"
	cfg.Frontends, cfg.Backends = []*config.Frontend{fe}, []*config.Backend{be}
	for i, addr := range addrs {
		s := config.NewServer()
		s.Name, s.Address = "s"+string(rune('1'+i)), addr
		be.Servers = append(be.Servers, s)
	}
	if change != nil {
		change(cfg)
	}
	return cfg
}

func (f *farm) serve(fe *balancer.Frontend) {
	var ln *listen.Listener
	ln, err := listen.TCP("127.0.0.1:0", listen.NewSlots(1000), func(c net.Conn) net.Conn {
		client := fe.Gate.Wrap(c)
		client.OnClose = func() { ln.Release(client) }
		return client
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = ln.Addr().String()
	server := &fasthttp.Server{Handler: f.proxy.Handler(func() *balancer.Frontend { return f.proxy.Table().Frontend(fe.Name) }), NoDefaultDate: true}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(ln)
	}()
	f.t.Cleanup(func() {
		f.proxy.Stop()
		ln.Close()
		ln.CloseConns()
		_ = server.Shutdown()
		<-done
		f.proxy.Close()
	})
}

func (f *farm) log(e *accesslog.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := *e
	kept.ID, kept.Target, kept.Method = clone(e.ID), clone(e.Target), clone(e.Method)
	f.lines = append(f.lines, kept)
}

func (f *farm) keep(r *why.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := *r
	kept.ID, kept.Method, kept.Target, kept.Attempts = clone(r.ID), clone(r.Method), clone(r.Target), slices.Clone(r.Attempts)
	f.kept = append(f.kept, kept)
}

func clone(b []byte) []byte { return append([]byte(nil), b...) }

// line waits for the n-th line of the access log.
func (f *farm) line(n int) accesslog.Entry {
	f.t.Helper()
	testkit.Eventually(f.t, "a line in the access log", func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.lines) > n
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lines[n]
}

func (f *farm) dial() *testkit.Conn {
	f.t.Helper()
	return testkit.Dial(f.t, f.addr)
}

func (f *farm) server(i int) *balancer.Server { return f.proxy.Table().Backends[0].Servers[i] }

// noRetries and the like are changes to a farm's configuration.
func retries(n int) func(*config.Config) {
	return func(c *config.Config) { c.Backends[0].Retries = n }
}

func serverTimeout(d time.Duration) func(*config.Config) {
	return func(c *config.Config) { c.Backends[0].Timeout.Server = d }
}

const get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"
