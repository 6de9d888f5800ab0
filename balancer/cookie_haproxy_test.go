package balancer_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"relais/internal/config"
	"relais/internal/testkit"
)

// cookieCase is a request to a backend whose server s1 takes requests, s2 is down and s3 drains.
type cookieCase struct {
	name, mode string
	method     string   // GET unless it says another one
	cookies    []string // Cookie fields of the client
	status     int      // of the answer; 0: 200
	answer     []string // fields of the answer
}

var cookieCases = []cookieCase{
	{name: "no cookie", mode: "insert"},
	{name: "other cookies", mode: "insert", cookies: []string{"a=1; XSRV=w1; srv=w1"}},
	{name: "valid", mode: "insert", cookies: []string{"SRV=w1"}},
	{name: "valid among others", mode: "insert", cookies: []string{"a=1; SRV=w1; b=2"}},
	{name: "valid, first", mode: "insert", cookies: []string{"SRV=w1; a=1; b=2"}},
	{name: "valid, last", mode: "insert", cookies: []string{"a=1; b=2; SRV=w1"}},
	{name: "valid, in a line of its own", mode: "insert", cookies: []string{"a=1", "SRV=w1", "b=2"}},
	{name: "draining", mode: "insert", cookies: []string{"SRV=w3"}},
	{name: "down", mode: "insert", cookies: []string{"a=1; SRV=w2"}},
	{name: "foreign", mode: "insert", cookies: []string{"SRV=w9; a=1"}},
	{name: "empty", mode: "insert", cookies: []string{"SRV=; a=1"}},
	{name: "no value", mode: "insert", cookies: []string{"SRV; a=1"}},
	{name: "longer", mode: "insert", cookies: []string{"SRV=w11"}},
	{name: "within quotes", mode: "insert", cookies: []string{`a="x; SRV=w3"; b=2`}},
	{name: "twice, both alive", mode: "insert", cookies: []string{"SRV=w3; SRV=w1; a=1"}},
	{name: "twice, in two lines", mode: "insert", cookies: []string{"SRV=w3; a=1", "SRV=w1"}},
	{name: "twice, the first is foreign", mode: "insert", cookies: []string{"SRV=x; a=1; SRV=w3"}},
	{name: "twice, the first is down", mode: "insert", cookies: []string{"SRV=w2; SRV=w3"}},
	{name: "down, then foreign", mode: "insert", cookies: []string{"SRV=w2; SRV=x"}},
	{name: "with HAProxy's dates", mode: "insert", cookies: []string{"SRV=w9|Y0abc|Y0abc"}},
	{name: "the server sets one too", mode: "insert", answer: []string{"Set-Cookie: SRV=own; Path=/", "Set-Cookie: a=1"}},
	{name: "the server sets one too, the client knows", mode: "insert", cookies: []string{"SRV=w1"}, answer: []string{"Set-Cookie: SRV=own; Path=/", "Set-Cookie: a=1"}},
	{name: "HEAD", mode: "insert", method: "HEAD"},
	{name: "POST", mode: "insert", method: "POST"},
	{name: "not found", mode: "insert", status: 404},
	{name: "not cacheable by status", mode: "insert", status: 500},
	{name: "not cacheable by word", mode: "insert", answer: []string{"Cache-Control: max-age=5, no-store"}},
	{name: "private already", mode: "insert", answer: []string{"Cache-Control: private"}},
	{name: "public", mode: "insert", method: "POST", answer: []string{"Cache-Control: public, max-age=5"}},
	{name: "cacheable by word", mode: "insert", answer: []string{"Cache-Control: max-age=5"}},

	{name: "no cookie", mode: "prefix", cookies: []string{"a=x~y"}, answer: []string{"Set-Cookie: SRV=id; Path=/; HttpOnly"}},
	{name: "none set", mode: "prefix", answer: []string{"Set-Cookie: a=1"}},
	{name: "valid", mode: "prefix", cookies: []string{"a=1; SRV=w1~id; b=2"}, answer: []string{"Set-Cookie: SRV=id2; Path=/"}},
	{name: "draining", mode: "prefix", cookies: []string{"SRV=w3~id"}},
	{name: "down", mode: "prefix", cookies: []string{"SRV=w2~id~x; a=1"}, answer: []string{"Set-Cookie: SRV=id"}},
	{name: "of nobody", mode: "prefix", cookies: []string{"SRV=w9~id"}},
	{name: "not prefixed", mode: "prefix", cookies: []string{"SRV=id; a=1"}},
	{name: "nothing behind", mode: "prefix", cookies: []string{"SRV=w1~"}},
	{name: "deleted", mode: "prefix", cookies: []string{"SRV=w1~id"}, answer: []string{"Set-Cookie: SRV=; Max-Age=0"}},

	{name: "no cookie", mode: "rewrite", answer: []string{"Set-Cookie: SRV=x; Path=/", "Set-Cookie: a=SRV"}},
	{name: "none set", mode: "rewrite", answer: []string{"Set-Cookie: a=1; SRV=2"}},
	{name: "valid", mode: "rewrite", cookies: []string{"a=1; SRV=w1; b=2"}},
	{name: "draining, set again", mode: "rewrite", cookies: []string{"SRV=w3"}, answer: []string{"Set-Cookie: SRV=; Path=/"}},
	{name: "down", mode: "rewrite", cookies: []string{"SRV=w2"}, answer: []string{"Set-Cookie: SRV=x"}},
}

var cookieModes = []string{"insert", "prefix", "rewrite"}

// A cookie that HAProxy has set is worth the same to Relais and the other way round, so that no
// session moves on the day of the switch.
func TestCookieIsHAProxys(t *testing.T) {
	program := testkit.Program(t, "haproxy")
	servers := []*cookieServer{newCookieServer(t), newCookieServer(t), newCookieServer(t)}
	process, addrs := startCookieHAProxy(t, program, servers)
	logged := 0
	farms := map[string]*farm{}
	for _, mode := range cookieModes {
		farms[mode] = newFarm(t, cookieFarm(mode), servers[0].Addr, servers[1].Addr, servers[2].Addr)
	}
	lines := map[string]int{}
	for i, c := range cookieCases {
		t.Run(c.mode+": "+c.name, func(t *testing.T) {
			theirs := visit(t, addrs[c.mode], i, servers)
			testkit.Eventually(t, "HAProxy logs the request", func() bool {
				return strings.Count(process.Stdout.String(), "\n") > logged
			})
			theirs += "\nstate " + strings.Split(process.Stdout.String(), "\n")[logged]
			logged++
			f := farms[c.mode]
			ours := visit(t, f.addr, i, servers)
			ours += "\nstate " + f.line(lines[c.mode]).Termination
			lines[c.mode]++
			if ours != theirs {
				t.Errorf("Relais:\n%s\nHAProxy:\n%s", ours, theirs)
			}
		})
	}
}

func cookieFarm(mode string) func(*config.Config) {
	return func(c *config.Config) {
		be := c.Backends[0]
		be.Cookie = config.NewCookie()
		be.Cookie.Name, be.Cookie.Mode = "SRV", mode
		for i, s := range be.Servers {
			s.Cookie = fmt.Sprintf("w%d", i+1)
		}
		be.Servers[1].Disabled, be.Servers[2].Weight = true, 0
	}
}

// cookieServer answers as the case says that the request's path names.
type cookieServer struct {
	*testkit.Server
	heads chan string
}

func newCookieServer(t *testing.T) *cookieServer {
	s := &cookieServer{heads: make(chan string, 1)}
	s.Server = testkit.RawServer(t, func(conn *testkit.Conn) {
		for head := conn.Head(); head != ""; head = conn.Head() {
			var method string
			var i int
			fmt.Sscanf(head, "%s /%d", &method, &i)
			c := cookieCases[i]
			s.heads <- head
			// Without a validator HAProxy 2.6 takes no answer to be cacheable; later ones do.
			conn.Answer(max(c.status, 200), "", append([]string{`ETag: "1"`}, c.answer...)...)
		}
	})
	return s
}

// visit makes the request of a case and tells who saw which cookies.
func visit(t *testing.T, addr string, i int, servers []*cookieServer) string {
	t.Helper()
	c := cookieCases[i]
	if c.method == "" {
		c.method = "GET"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s /%d HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n", c.method, i)
	for _, field := range c.cookies {
		b.WriteString("Cookie: " + field + "\r\n")
	}
	conn := testkit.Dial(t, addr)
	conn.Send(b.String() + "\r\n")
	answer := conn.Head()
	_, _ = conn.Rest()
	for n, s := range servers {
		select {
		case head := <-s.heads:
			return fmt.Sprintf("server %d gets %q, client %q", n+1, fieldsOf(head, "cookie"), fieldsOf(answer, "set-cookie", "cache-control"))
		default:
		}
	}
	return "no server; the client got " + answer
}

// fieldsOf returns the fields of the given names, which come in lower case.
func fieldsOf(head string, names ...string) (found []string) {
	for line := range strings.SplitSeq(head, "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		for _, n := range names {
			if strings.EqualFold(name, n) {
				found = append(found, n+": "+strings.TrimSpace(value))
			}
		}
	}
	return found
}

// startCookieHAProxy runs HAProxy with a frontend for each mode, which says on stdout how each
// request ended.
func startCookieHAProxy(t *testing.T, program string, servers []*cookieServer) (*testkit.Process, map[string]string) {
	t.Helper()
	addrs := map[string]string{}
	var files []*os.File
	cfg := "global\n nbthread 1\n log stdout format raw local0\ndefaults\n mode http\n log global\n log-format %tsc\n" +
		" timeout client 20s\n timeout server 20s\n timeout connect 5s\n"
	for i, mode := range cookieModes {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		files, addrs[mode] = append(files, file), ln.Addr().String()
		ln.Close()
		options := ""
		if mode == "insert" {
			options = " indirect nocache httponly attr SameSite=Lax"
		}
		cfg += fmt.Sprintf("listen %s\n bind fd@%d\n cookie SRV %s%s\n", mode, i+3, mode, options)
		for n, s := range servers {
			cfg += fmt.Sprintf(" server s%d %s cookie w%d%s\n", n+1, s.Addr, n+1, []string{"", " disabled", " weight 0"}[n])
		}
	}
	path := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(path, []byte(cfg), 0o600); err != nil {
		t.Fatal(err)
	}
	process := testkit.Start(t, func(c *exec.Cmd) { c.ExtraFiles = files }, program, "-db", "-f", path)
	for _, f := range files {
		f.Close()
	}
	return process, addrs
}
