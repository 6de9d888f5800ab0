package main_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"relais/internal/testkit"
)

// storm reloads a balancer again and again while clients of every kind use it.
type storm struct {
	*running
	dir, main, secure string // main and secure are where the frontend web listens
	authority         *testkit.Authority
	servers           []string
	text              stormConfig
}

// stormConfig makes the configurations that are in force in turn. web1 and the frontend web are
// in all of them.
type stormConfig func(round int) string

// TestReloadStorm changes servers, weights, limits, frontends and certificates every 500 ms, with
// broken and unchanged files in between, under clients of every kind: no request fails, no tunnel
// is cut, no counter goes back. scripts/soak.sh makes it last longer, with wrk among the clients.
func TestReloadStorm(t *testing.T) {
	soak := soakFromEnv(t)
	s := newStorm(t, soak.servers(t))
	clients := &load{stop: make(chan struct{})}
	clients.visit(t, s.main, s.secure, s.authority)
	tunnels := s.tunnels(t)
	wrk := soak.startWrk(t, "http://"+s.main+"/")
	requests, sessions, round := 0.0, 0, 1
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for began := time.Now(); soak.goesOn(t, time.Since(began), int64(requests)); round++ {
		<-ticker.C
		s.change(t, round)
		for _, pass := range tunnels {
			pass(fmt.Sprintf("word %d", round))
		}
		n := s.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`)
		of1, _ := strconv.Atoi(s.column(t, "app", "web1", "stot"))
		if n < requests || of1 < sessions {
			t.Errorf("round %d: the requests went from %v to %v, the sessions of web1 from %d to %d", round, requests, n, sessions, of1)
		}
		requests, sessions = n, of1
	}
	byWrk := wrk.end(t)
	clients.end(t)
	sent, counted := clients.requests.Load()+byWrk, int64(s.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`))
	t.Logf("%d requests (%d of them by wrk), %d failed; %d times SIGHUP with %d tunnels open", sent, byWrk, clients.failed.Load(), round-1, len(tunnels))
	if more := counted - sent - int64(len(tunnels)); more < 0 || more > wrk.underWay() {
		t.Errorf("the clients have sent %d requests and the balancer has counted %d", sent, counted)
	}
}

func newStorm(t *testing.T, servers []string) *storm {
	s := &storm{dir: t.TempDir(), authority: testkit.NewAuthority(t), servers: servers}
	s.text = s.configs(echoing(t), socketEcho(t))
	s.authority.Files(t, s.dir, "site", nil, "a.example")
	s.running = run(t, s.text(0), nil)
	addrs := s.frontends(t)
	s.main, s.secure = addrs[0], addrs[1]
	return s
}

func (s *storm) configs(echo, socket string) stormConfig {
	return func(round int) string {
		var b strings.Builder
		fmt.Fprintf(&b, `
access_log: off
stats: {bind: "127.0.0.1:0"}
frontends:
  - name: web
    bind: ["127.0.0.1:0", {address: "127.0.0.1:0", tls: {certificates: [{cert: %s/site.pem, key: %[1]s/site.key}]}}]
    rules: [{path_prefix: /tunnel, backend: echo}, {path_prefix: /socket, backend: socket}]
    default_backend: app
`, s.dir)
		if round%2 == 1 {
			fmt.Fprintf(&b, "  - {name: spare, bind: \"127.0.0.1:0\", maxconn: %d, default_backend: app}\n", round%5)
		}
		fmt.Fprintf(&b, `
backends:
  - {name: echo, servers: [{name: e, address: %q}]}
  - {name: socket, servers: [{name: s, address: %q}]}
  - name: app
    balance: %s
    health_check: {type: tcp, inter: %ds}
    servers:
`, echo, socket, []string{"roundrobin", "leastconn"}[round%2], 1+round%3)
		for i, server := range [][]int{{0, 1, 2}, {0, 2}, {1}}[round%3] {
			fmt.Fprintf(&b, "      - {name: web%d, address: %q, weight: %d, maxconn: %d}\n", i+1, s.servers[server], 1+(round+i)%5, 1000*(round%2))
		}
		return b.String()
	}
}

// change puts something else on disk, sound or not, and has it read.
func (s *storm) change(t *testing.T, round int) {
	t.Helper()
	certificate, want := filepath.Join(s.dir, "site.pem"), "reloaded"
	switch round % 8 {
	case 2, 7:
		s.authority.Files(t, s.dir, "site", nil, "a.example")
	case 3:
		want = "nothing to reload"
	case 4:
		want = "not reloaded"
		s.configure(t, "frontends: [{name: broken, bind: nowhere}]\n")
	case 5:
		want = "not reloaded"
		s.configure(t, s.text(round))
		sound, err := os.ReadFile(certificate)
		if err != nil {
			t.Fatal(err)
		}
		testkit.WriteFile(t, certificate, sound[:len(sound)/2])
		defer testkit.WriteFile(t, certificate, sound)
	default:
		s.configure(t, s.text(round))
	}
	before := len(s.Stderr.String())
	s.reload(t)
	if said := s.Stderr.String()[before:]; !strings.Contains(said, `"message":"`+want) {
		t.Errorf("round %d: want %q, and the log says\n%s", round, want, said)
	}
}

// tunnels opens some, and returns what sends a word there and back through each.
func (s *storm) tunnels(t *testing.T) (all []func(word string)) {
	trust := trusting(s.authority)
	for _, dial := range []dialer{plainly(s.main), overTLSTo(s.secure, trust)} {
		c, err := dial(t)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.Send("GET /tunnel HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			t.Fatalf("no tunnel but %q", head)
		}
		all = append(all, func(word string) { passes(t, c, word) })
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: trust}}
	for _, url := range []string{"ws://" + s.main + "/socket", "wss://" + s.secure + "/socket"} {
		conn, _, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPClient: client})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.CloseNow() })
		all = append(all, func(word string) {
			err := conn.Write(t.Context(), websocket.MessageText, []byte(word))
			if _, got, failure := conn.Read(t.Context()); failure != nil || string(got) != word {
				t.Fatalf("through the WebSocket came %q instead of %q: %v, %v", got, word, err, failure)
			}
		})
	}
	return all
}

// socketEcho is a server that sends back what comes through its WebSockets.
func socketEcho(t *testing.T) string {
	return testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		for err == nil {
			var word []byte
			if _, word, err = conn.Read(r.Context()); err == nil {
				err = conn.Write(r.Context(), websocket.MessageText, word)
			}
		}
	}))
}
