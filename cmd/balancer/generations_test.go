package main_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// withSocket adds a runtime socket to a configuration.
func withSocket(t *testing.T, config string) (with, socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "relais.sock")
	return fmt.Sprintf("admin_socket: %q\n", socket) + config, socket
}

// order gives a runtime command and returns the answer.
func order(t *testing.T, socket string, words ...string) string {
	t.Helper()
	out, err := exec.Command(balancerPath, append([]string{"ctl", "--socket", socket}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ctl %s: %v: %s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// echoing answers every request with 101, and then with what it is sent.
func echoing(t *testing.T) string {
	return testkit.RawServer(t, func(c *testkit.Conn) {
		_ = c.SetDeadline(time.Time{})
		c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.Copy(c, c)
	}).Addr
}

// tunnelTo opens a tunnel to an echoing server.
func tunnelTo(t *testing.T, addr string) *testkit.Conn {
	t.Helper()
	c := testkit.Dial(t, addr)
	c.Send("GET /tunnel HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatalf("no tunnel but %q", head)
	}
	passes(t, c, "hello")
	return c
}

// passes checks that a word comes back through a tunnel.
func passes(t *testing.T, c *testkit.Conn, word string) {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(testkit.Patience))
	c.Send(word)
	if got := c.Body(len(word)); got != word {
		t.Fatalf("through the tunnel came %q instead of %q", got, word)
	}
}

// lasted returns how long a connection stayed open from since on.
func lasted(t *testing.T, c *testkit.Conn, since time.Time) time.Duration {
	t.Helper()
	_ = c.SetDeadline(time.Now().Add(testkit.Patience))
	if !c.Closed() {
		t.Error("it is still open")
	}
	return time.Since(since)
}

// TestTunnelOfAnOldGeneration shows what holds a generation that is not in force any more, and
// ends it after hard_stop_after. What began later goes on.
func TestTunnelOfAnOldGeneration(t *testing.T) {
	t.Parallel()
	server, other := echoing(t), named(t, "other")
	config, socket := withSocket(t, farm("hard_stop_after: 2s\n", server))
	r := run(t, config, nil)
	old := tunnelTo(t, r.addr)
	r.configure(t, strings.Replace(config, "hard_stop_after: 2s\n", "hard_stop_after: 2s\n    retries: 1\n", 1))
	r.reload(t)
	retired := time.Now()
	young := tunnelTo(t, r.addr)

	generations := order(t, socket, "show", "generations")
	if want := ":app/web1\n"; !strings.Contains(generations, "1 retired 1 ") || !strings.Contains(generations, want) || !strings.Contains(generations, "2 current 1 ") {
		t.Errorf("show generations says\n%s", generations)
	}
	if sessions := order(t, socket, "show", "sess"); strings.Count(sessions, "srv=web1") != 2 {
		t.Errorf("show sess says\n%s", sessions)
	}
	if took := lasted(t, old, retired); took < 1500*time.Millisecond || took > 6*time.Second {
		t.Errorf("the tunnel of the old generation ended after %v, want about 2 s", took)
	}
	testkit.Eventually(t, "the log says why", func() bool { return strings.Contains(r.Stdout.String(), "ended by an operator, or by hard_stop_after") })
	passes(t, young, "still here")
	testkit.Eventually(t, "nothing holds the old generation", func() bool {
		return !strings.Contains(order(t, socket, "show", "generations"), "retired")
	})
	r.configure(t, strings.ReplaceAll(config, server, other)) // the server moves
	r.reload(t)
	if took := lasted(t, young, time.Now()); took > 6*time.Second {
		t.Errorf("the tunnel to an address that has gone ended after %v", took)
	}
}

// TestTunnelsOfADrainedServer has them end after hard_stop_after, and not those of its neighbour.
func TestTunnelsOfADrainedServer(t *testing.T) {
	t.Parallel()
	config, socket := withSocket(t, farm("hard_stop_after: 2s\n", echoing(t), echoing(t)))
	r := run(t, config, nil)
	var tunnels []*testkit.Conn
	for range 2 {
		tunnels = append(tunnels, tunnelTo(t, r.addr)) // in turn
	}
	order(t, socket, "set", "server", "app/web1", "state", "drain")
	drained := time.Now()
	for _, c := range tunnels {
		passes(t, c, "not at once")
	}
	if took := lasted(t, tunnels[0], drained); took < 1500*time.Millisecond || took > 6*time.Second {
		t.Errorf("its tunnel ended after %v, want about 2 s", took)
	}
	passes(t, tunnels[1], "still here")
}

// TestRemovedBind ends what runs on it within shutdown_timeout, and refuses clients at once.
func TestRemovedBind(t *testing.T) {
	t.Parallel()
	config := "shutdown_timeout: 2s\n" + farm("", echoing(t))
	r := run(t, strings.Replace(config, `bind: "127.0.0.1:0", d`, `bind: ["127.0.0.1:0", "127.0.0.1:0"], d`, 1), nil)
	addrs := r.frontends(t)
	stays, goes := tunnelTo(t, addrs[0]), tunnelTo(t, addrs[1])
	r.configure(t, config)
	r.reload(t)
	removed := time.Now()
	testkit.Eventually(t, "clients are refused", func() bool {
		c, err := net.Dial("tcp", addrs[1])
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	passes(t, goes, "not at once")
	if took := lasted(t, goes, removed); took < 1500*time.Millisecond || took > 6*time.Second {
		t.Errorf("the tunnel on it ended after %v, want about 2 s", took)
	}
	testkit.Eventually(t, "the log says why", func() bool { return strings.Contains(r.Stderr.String(), "they ran longer than shutdown_timeout") })
	passes(t, stays, "still here")
}

// TestAuthorityTakenOut ends the connections that its certificates had opened: idle ones, a
// request under way and a tunnel. Clients of the other authority notice nothing, and a reload
// that leaves the authorities alone ends nothing.
func TestAuthorityTakenOut(t *testing.T) {
	t.Parallel()
	dir, stays, goes := t.TempDir(), testkit.NewAuthority(t), testkit.NewAuthority(t)
	stays.Files(t, dir, "a", nil, "a.example")
	testkit.WriteFile(t, dir+"/ca.pem", append(bytes.Clone(stays.CertPEM), goes.CertPEM...))
	hold := make(chan struct{})
	slow := testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-hold
		}
	})
	defer close(hold)
	config := in(dir, fmt.Sprintf(`
stats: {bind: "127.0.0.1:0"}
frontends:
  - name: web
    bind: [{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}], client_ca: DIR/ca.pem}}]
    rules: [{path_prefix: /tunnel, backend: echo}]
    default_backend: app
backends:
  - {name: echo, servers: [{name: web1, address: %q}]}
  - {name: app, servers: [{name: web1, address: %q}]}
`, echoing(t), testkit.Address(slow)))
	r := run(t, config, nil)
	client := func(by *testkit.Authority, path string) *testkit.Conn {
		conn, err := tls.Dial("tcp", r.addr, &tls.Config{ServerName: "a.example", RootCAs: stays.Pool(), Certificates: []tls.Certificate{by.Pair(t, "client")}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		c := testkit.NewConn(t, conn)
		fields := ""
		if path == "/tunnel" {
			fields = "Connection: Upgrade\r\nUpgrade: echo\r\n"
		}
		c.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n")
		if path != "/slow" && !strings.HasPrefix(c.Head(), "HTTP/1.1 ") {
			t.Fatal("no answer")
		}
		return c
	}
	idle, tunnel, kept := client(goes, "/"), client(goes, "/tunnel"), client(stays, "/tunnel")
	busy := client(goes, "/slow")
	testkit.Eventually(t, "the slow request is under way", func() bool { return r.column(t, "app", "web1", "scur") == "1" })

	r.configure(t, config+"x-comment: 1\n")
	r.reload(t)
	passes(t, tunnel, "hello")
	testkit.WriteFile(t, dir+"/ca.pem", stays.CertPEM)
	r.Signal(syscall.SIGHUP)
	taken := time.Now()
	for name, c := range map[string]*testkit.Conn{"idle": idle, "tunnel": tunnel, "busy": busy} {
		if took := lasted(t, c, taken); took > 5*time.Second {
			t.Errorf("the %s connection was open for another %v", name, took)
		}
	}
	passes(t, kept, "still here")
	testkit.Eventually(t, "the log says so", func() bool {
		return strings.Contains(r.Stderr.String(), `"connections":3,`) && strings.Contains(r.Stderr.String(), `"message":"connections are closed: client_ca and verify`)
	})
}
