package app

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
	"relais/internal/testkit"
	"relais/stats"
)

// startApp starts a balancer with the backends given, each behind a frontend of its own.
func startApp(t *testing.T, backends ...*config.Backend) *App {
	t.Helper()
	cfg := config.New()
	cfg.Stats.Bind = ""
	cfg.AccessLog.Output = "off"
	for _, b := range backends {
		f := config.NewFrontend()
		f.Name, f.DefaultBackend, f.Mode = "in-"+b.Name, b.Name, b.Mode
		f.Bind = []config.Bind{{Address: "127.0.0.1:0"}}
		cfg.Frontends = append(cfg.Frontends, f)
		cfg.Backends = append(cfg.Backends, b)
	}
	var log testkit.Output
	a, err := Prepare(cfg, Options{Getenv: func(string) (string, bool) { return "", false }, Stdout: io.Discard, Stderr: &log})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Begin(nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return a
}

// newBackend has servers s1, s2 … and a check that is quick to notice things.
func newBackend(name string, addresses ...string) *config.Backend {
	b := config.NewBackend()
	b.Name, b.HealthCheck = name, config.NewHealthCheck()
	b.HealthCheck.Inter, b.HealthCheck.Rise, b.HealthCheck.Fall = 50*time.Millisecond, 1, 1
	for i, address := range addresses {
		s := config.NewServer()
		s.Name, s.Address = fmt.Sprint("s", i+1), address
		b.Servers = append(b.Servers, s)
	}
	return b
}

// awaitRow waits until the columns named in want are as they stand there.
func awaitRow(t *testing.T, a *App, backend, server string, want map[string]string) {
	t.Helper()
	var got map[string]string
	ok := func() bool {
		got = row(a, backend, server)
		for column, value := range want {
			if strings.TrimPrefix(got[column], "* ") != value {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(testkit.Patience); !ok(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			for column, value := range want {
				t.Errorf("%s/%s: %s is %q, want %q", backend, server, column, got[column], value)
			}
			return
		}
	}
}

func row(a *App, backend, server string) map[string]string {
	values := map[string]string{}
	for _, p := range a.Snapshot(time.Now()).Proxies {
		for i := range p.Rows {
			if r := &p.Rows[i]; r.Proxy == backend && r.Server == server {
				for _, c := range stats.Columns() {
					values[c.Name] = c.Of(r).String()
				}
			}
		}
	}
	return values
}

// well answers every request with the status that it holds.
type well struct {
	*httptest.Server
	status atomic.Int64
}

func newWell(t *testing.T) *well {
	w := &well{}
	w.status.Store(http.StatusOK)
	w.Server = testkit.HTTPServer(t, func(out http.ResponseWriter, _ *http.Request) { out.WriteHeader(int(w.status.Load())) })
	return w
}

func (w *well) address() string { return testkit.Address(w.Server) }

func TestCheckWithAnAddressOfItsOwn(t *testing.T) {
	authority := testkit.NewAuthority(t)
	checked := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.TLS.ServerName)
	}))
	checked.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Pair(t, "check.example")}}
	checked.StartTLS()
	t.Cleanup(checked.Close)
	port := checked.Listener.Addr().(*net.TCPAddr).Port

	plain := newBackend("plain", testkit.RefusingAddr(t))
	plain.Servers[0].TLS, plain.Servers[0].SendProxy = config.NewServerTLS(), "v2"
	plain.HealthCheck.Port = newWell(t).Listener.Addr().(*net.TCPAddr).Port

	secure := newBackend("secure", testkit.RefusingAddr(t))
	secure.HealthCheck.Address, secure.HealthCheck.Port = "127.0.0.1", port
	secure.HealthCheck.TLS = &config.ServerTLS{SNI: "check.example"}
	secure.HealthCheck.ExpectString = "check.example"

	distrusted := newBackend("distrusted", testkit.RefusingAddr(t))
	distrusted.HealthCheck.Port = port
	distrusted.HealthCheck.TLS = &config.ServerTLS{SNI: "check.example", Verify: true}

	a := startApp(t, plain, secure, distrusted)
	awaitRow(t, a, "plain", "s1", map[string]string{"status": "UP", "check_status": "L7OK"})
	awaitRow(t, a, "secure", "s1", map[string]string{"status": "UP", "check_status": "L7OK"})
	awaitRow(t, a, "distrusted", "s1", map[string]string{"status": "DOWN", "check_status": "L6RSP"})
}

func TestCheckOfTCPSteps(t *testing.T) {
	server := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Send("220 mail\r\n")
		_, _ = c.R.ReadString('\n')
		c.Send("500 what\r\n")
	})
	b := newBackend("mail", server.Addr)
	b.Mode, b.HealthCheck.Type = "tcp", "tcp"
	b.HealthCheck.Steps = []config.Step{{ExpectRegex: "^220 "}, {Send: `\x45HLO\r\n`}, {Expect: `250\x20`}}
	a := startApp(t, b)
	awaitRow(t, a, "mail", "s1", map[string]string{
		"status": "DOWN", "check_status": "L7RSP",
		"last_chk": `TCPCHK did not match content '250 ' at step 3: "500 what"`,
	})
}

func TestServersThatFollowAnother(t *testing.T) {
	server := newWell(t)
	b := newBackend("app", server.address())
	b.HealthCheck.DisableOn404 = true
	follower := newBackend("other", testkit.RefusingAddr(t), testkit.RefusingAddr(t))
	follower.Servers[0].Track, follower.Servers[1].Track = "app/s1", "other/s1"
	a := startApp(t, follower, b)
	for _, step := range []struct {
		answers int
		status  string
	}{{200, "UP"}, {404, "NOLB"}, {500, "DOWN"}, {404, "DOWN"}, {200, "UP"}} {
		server.status.Store(int64(step.answers))
		awaitRow(t, a, "app", "s1", map[string]string{"status": step.status, "check_code": fmt.Sprint(step.answers), "tracked": ""})
		for _, s := range []string{"s1", "s2"} {
			awaitRow(t, a, "other", s, map[string]string{"status": step.status, "check_status": "", "tracked": "app/s1"})
		}
	}

	plan, err := planChecks(&config.Config{Backends: []*config.Backend{newBackendThatTracks("a/s1")}}, a.proxy.Table())
	if err == nil {
		t.Errorf("a server that follows itself is planned as %v", plan)
	}
}

func newBackendThatTracks(track string) *config.Backend {
	b := newBackend("a", "127.0.0.1:1")
	b.Servers[0].Track = track
	return b
}

func TestAgentOfAServer(t *testing.T) {
	var line atomic.Pointer[string]
	says := func(s string) { line.Store(&s) }
	says("75%,maxconn:30 up\n")
	agent := testkit.RawServer(t, func(c *testkit.Conn) { c.Send(*line.Load()) })
	_, port, _ := net.SplitHostPort(agent.Addr)
	b := newBackend("app", newWell(t).address())
	b.Servers[0].Weight = 100
	b.Agent = &config.Agent{Inter: 50 * time.Millisecond}
	fmt.Sscan(port, &b.Agent.Port)

	silent := newBackend("silent", newWell(t).address())
	silent.Agent = &config.Agent{Inter: 50 * time.Millisecond, Port: testkitPort(testkit.RefusingAddr(t))}
	a := startApp(t, b, silent)

	awaitRow(t, a, "app", "s1", map[string]string{
		"status": "UP", "weight": "75", "slim": "30", "agent_status": "L7OK", "agent_health": "1",
		"last_agt": "via agent : up", "agent_desc": "Layer7 check passed",
	})
	says("drain\n")
	awaitRow(t, a, "app", "s1", map[string]string{"status": "DRAIN (agent)", "weight": "75", "agent_status": "CHECKED"})
	awaitRow(t, a, "app", "BACKEND", map[string]string{"status": "DOWN"})
	says("maint\n")
	awaitRow(t, a, "app", "s1", map[string]string{"status": "MAINT"})
	says("ready fail # disk full\n")
	awaitRow(t, a, "app", "s1", map[string]string{"status": "DOWN (agent)", "check_status": "L7OK", "agent_status": "L7STS", "last_agt": "via agent : fail (disk full)"})
	agent.Close()
	awaitRow(t, a, "app", "s1", map[string]string{"status": "DOWN (agent)", "agent_status": "L4CON"})
	awaitRow(t, a, "silent", "s1", map[string]string{"status": "UP", "weight": "1", "agent_status": "L4CON", "last_agt": "connection refused"})
}

func testkitPort(address string) (port int) {
	_, p, _ := net.SplitHostPort(address)
	fmt.Sscan(p, &port)
	return port
}

func TestTrafficTakesAServerDown(t *testing.T) {
	server := newWell(t)
	b := newBackend("app", server.address())
	b.HealthCheck.Inter, b.HealthCheck.Port = time.Hour, newWell(t).Listener.Addr().(*net.TCPAddr).Port
	b.Observe, b.ErrorLimit, b.OnError = "layer7", 3, "mark-down"
	a := startApp(t, b)
	awaitRow(t, a, "app", "s1", map[string]string{"check_status": "L7OK"})
	server.status.Store(500)
	for range 3 {
		c := testkit.Dial(t, a.Addrs()[0])
		c.Send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
		if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 500 ") {
			t.Fatalf("got %q", head)
		}
	}
	awaitRow(t, a, "app", "s1", map[string]string{
		"status": "DOWN", "check_status": "HANA", "hanafail": "1", "check_desc": "Health analyze",
		"last_chk": "Detected 3 consecutive errors, last one was: http status 500",
	})
}

// A reload that changes nothing of a check leaves its state alone.
func TestPlansOfTheSameConfigurationAreTheSame(t *testing.T) {
	b := newBackend("app", "127.0.0.1:1")
	b.HealthCheck.TLS = &config.ServerTLS{SNI: "a"}
	b.HealthCheck.Headers = map[string]string{"A": "1", "B": "2", "C": "3"}
	a := startApp(t, b)
	key := func() string {
		again := *b.HealthCheck.TLS
		b.HealthCheck.TLS = &again
		plan, err := planChecks(&config.Config{Backends: []*config.Backend{b}}, a.proxy.Table())
		if err != nil {
			t.Fatal(err)
		}
		return plan.specs[0].Key
	}
	first := key()
	if again := key(); again != first {
		t.Errorf("%s\nand then\n%s", first, again)
	}
	b.HealthCheck.TLS.SNI = "b"
	if other := key(); other == first {
		t.Errorf("another certificate is asked for under the same key %s", other)
	}
}
