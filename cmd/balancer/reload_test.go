package main_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// reload has the balancer read its configuration again, and waits until it says what came of it.
func (r *running) reload(t *testing.T) {
	t.Helper()
	count := func(what string) int { return strings.Count(r.Stderr.String(), `"message":"`+what) }
	read := func() int { return count("reloaded") + count("not reloaded") + count("nothing to reload") }
	before := read()
	r.Signal(syscall.SIGHUP)
	testkit.Eventually(t, "the balancer has read its configuration", func() bool { return read() > before })
}

// configure replaces the configuration file.
func (r *running) configure(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(r.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
}

// named answers with the name that it was given.
func named(t *testing.T, name string) string {
	return testkit.Address(testkit.HTTPServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, name)
	}))
}

// TestReloadUnderLoad changes servers, weights, limits and frontends under load, with broken files
// in between. No request fails, on new connections and on kept ones, and no counter goes back.
func TestReloadUnderLoad(t *testing.T) {
	a, b, c := named(t, "a"), named(t, "b"), named(t, "c")
	main := testkit.RefusingAddr(t)
	config := func(more string, addrs ...string) string {
		return strings.Replace(farm("health_check: {path: /, inter: 500ms}\n", addrs...), `bind: "127.0.0.1:0"`+", default", `bind: "`+main+`", default`, 1) + more
	}
	second := testkit.RefusingAddr(t)
	generations := []string{
		config("", a, b),
		config("", b, c, a),
		config("", c),
		strings.Replace(config("", a, b, c), "frontends:", `frontends:
  - {name: other, bind: "`+second+`", default_backend: app, maxconn: 5}`, 1),
		config("\n  - {name: spare, balance: roundrobin, servers: [{name: x, address: \""+a+"\", maxconn: 3}]}\n", a, b),
		"frontends: [{name: broken, bind: nowhere}]\n",
		strings.ReplaceAll(config("", a, b), "path: /, inter: 500ms", "path: /, inter: 300ms, timeout: 1s"),
	}
	r := run(t, generations[0], nil)
	kept := startLoad("http://"+r.addr+"/", 8)
	posts := startPosts("http://" + r.addr + "/")
	requests := 0.0
	for i := range 3 * len(generations) {
		r.configure(t, generations[i%len(generations)])
		r.reload(t)
		kept.proceed(t, 300)
		posts.proceed(t, 50)
		n := r.gauge(t, `haproxy_frontend_http_requests_total{proxy="web"}`)
		if n < requests {
			t.Errorf("the frontend's requests went from %v to %v", requests, n)
		}
		requests = n
	}
	kept.end(t)
	posts.end(t)
	t.Logf("%d requests and %d posts", kept.requests.Load(), posts.requests.Load())
	log := r.Stderr.String()
	if n := strings.Count(log, "not reloaded"); n != 3 {
		t.Errorf("%d of 3 broken files were refused", n)
	}
	if want := r.config + `:1: `; !strings.Contains(log, want) {
		t.Errorf("the log does not say %q", want)
	}
}

// proceed waits until so many further requests have ended.
func (l *load) proceed(t *testing.T, n int64) {
	t.Helper()
	goal := l.requests.Load() + n
	testkit.Eventually(t, "the load goes on", func() bool { return l.requests.Load() >= goal })
}

// startPosts sends POSTs, some on new connections and some on kept ones.
func startPosts(url string) *load {
	l := &load{stop: make(chan struct{})}
	for i := range 4 {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: i%2 == 0}}
		l.workers.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				l.requests.Add(1)
				answer, err := client.Post(url, "text/plain", strings.NewReader(strings.Repeat("x", 5000)))
				if err == nil {
					_, _ = io.Copy(io.Discard, answer.Body)
					answer.Body.Close()
				}
				if err != nil || answer.StatusCode != http.StatusOK {
					failure := fmt.Sprint(answer, err)
					l.failed.Add(1)
					l.firstFailure.CompareAndSwap(nil, &failure)
				}
				l.mu.Lock()
				l.times = append(l.times, 0)
				l.mu.Unlock()
			}
		})
	}
	return l
}

// TestReloadMovesTraffic looks at what a reload does, in the order in which an admin would do it.
func TestReloadMovesTraffic(t *testing.T) {
	a, b := named(t, "a"), named(t, "b")
	r := run(t, farm("", a), nil)
	body := func(addr string) string {
		answer, err := http.Get("http://" + addr + "/")
		if err != nil {
			return err.Error()
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		return string(text)
	}
	if got := body(r.addr); got != "a" {
		t.Fatal(got)
	}
	r.configure(t, farm("", b)) // web1 has another address
	r.reload(t)
	if got := body(r.addr); got != "b" {
		t.Errorf("after the server moved: %s", got)
	}
	if n := r.column(t, "app", "web1", "stot"); n != "2" {
		t.Errorf("the server's counters began anew: %s requests, want 2", n)
	}
	extra := testkit.RefusingAddr(t)
	r.configure(t, strings.Replace(farm("", b), `bind: "127.0.0.1:0",`, `bind: ["127.0.0.1:0", "`+extra+`"],`, 1))
	r.reload(t)
	if got := body(extra); got != "b" {
		t.Errorf("on the new bind: %s", got)
	}
	r.configure(t, farm("", b))
	r.reload(t)
	testkit.Eventually(t, "the bind is gone", func() bool { return strings.Contains(body(extra), "refused") })
	r.configure(t, strings.Replace(farm("", b), "web1", "other", 1))
	r.reload(t)
	if got := body(r.addr); got != "b" {
		t.Errorf("after the server got another name: %s", got)
	}
	if n := r.column(t, "app", "other", "stot"); n != "1" {
		t.Errorf("a new server begins with %s requests, want 1", n)
	}
}

// TestRefusedReloads says what stands in the way, and goes on as before.
func TestRefusedReloads(t *testing.T) {
	addr, taken := testkit.RefusingAddr(t), named(t, "a")
	at := func(bind string) string { return strings.Replace(farm("", taken), `"127.0.0.1:0",`, bind+",", 1) }
	r := run(t, at(`"`+addr+`"`), nil)
	_, port, _ := strings.Cut(addr, ":")
	for _, test := range []struct{ config, want string }{
		{at(`"` + taken + `"`), "another program has the port"},
		{at(`":` + port + `"`), "the bind " + addr + " in force has that port"},
		{at(`{address: "` + addr + `", tls: {certificates: [{cert: gone.pem}]}}`), "gone.pem"},
		{strings.Replace(at(`"`+addr+`"`), "default_backend", "error_files: {503: gone.http}, default_backend", 1), "gone.http"},
	} {
		r.configure(t, test.config)
		r.reload(t)
		lines := strings.Split(strings.TrimSpace(r.Stderr.String()), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(last, "not reloaded") || !strings.Contains(last, test.want) {
			t.Errorf("the log says\n%s\nwant %q", last, test.want)
		}
		if failure := ask(http.DefaultClient, "http://"+addr); failure != "" {
			t.Errorf("after that: %s", failure)
		}
	}
}

// TestTunnelSurvivesReloads keeps a tunnel open over ten reloads, of which some take its server
// away.
func TestTunnelSurvivesReloads(t *testing.T) {
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		c.Head()
		c.Send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		_, _ = io.Copy(c, c)
	})
	other := named(t, "other")
	r := run(t, farm("", s.Addr), nil)
	c := testkit.Dial(t, r.addr)
	c.Send("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 101 ") {
		t.Fatal(head)
	}
	for i := range 10 {
		r.configure(t, farm("", []string{s.Addr, other}[i%2]))
		r.reload(t)
		word := fmt.Sprintf("word %d", i)
		c.Send(word)
		if got := c.Body(len(word)); got != word {
			t.Fatalf("after %d reloads: %q", i+1, got)
		}
	}
}

// TestCertificateSwap changes the certificate of a bind under load: no handshake fails, and
// clients see the new one from then on. A kept connection goes on.
func TestCertificateSwap(t *testing.T) {
	dir, server := t.TempDir(), named(t, "a")
	authority := testkit.NewAuthority(t)
	authority.Files(t, dir, "site", nil, "site.example")
	r := run(t, strings.Replace(farm("", server), `bind: "127.0.0.1:0",`, `bind: [{address: "127.0.0.1:0", tls: {certificates: [{cert: "`+
		filepath.Join(dir, "site.pem")+`", key: "`+filepath.Join(dir, "site.key")+`"}]}}],`, 1), nil)
	settings := &tls.Config{RootCAs: authority.Pool(), ServerName: "site.example"}
	serial := func() string {
		conn, err := tls.Dial("tcp", r.addr, settings)
		if err != nil {
			return err.Error()
		}
		defer conn.Close()
		return conn.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	kept, err := tls.Dial("tcp", r.addr, settings)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: settings.Clone(), DisableKeepAlives: true}}
	clients := &load{stop: make(chan struct{})}
	for range 4 {
		clients.workers.Go(func() { clients.work(client, "https://"+r.addr+"/") })
	}
	for range 10 {
		old := serial()
		authority.Files(t, dir, "site", nil, "site.example")
		r.reload(t)
		if now := serial(); now == old {
			t.Error("clients still see the old certificate")
		}
		clients.proceed(t, 100)
	}
	clients.end(t)
	t.Logf("%d handshakes", clients.requests.Load())
	_ = kept.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(kept, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	if line, _ := bufio.NewReader(kept).ReadString('\n'); !strings.HasPrefix(line, "HTTP/1.1 200 ") {
		t.Errorf("on the connection made before: %q", line)
	}
}
