package main_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// bound is a configuration whose frontend has the given binds, a list in YAML, in front of a
// server that answers with the head of the request.
func bound(t *testing.T, binds string) string {
	t.Helper()
	s := testkit.RawServer(t, func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			c.Answer(200, head)
		}
	})
	return strings.Replace(farm("", s.Addr), `bind: "127.0.0.1:0", d`, "bind: "+binds+", d", 1)
}

const plain = "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"

// forwarded returns the fields that the server got about the client.
func forwarded(t *testing.T, c *testkit.Conn, send string) string {
	t.Helper()
	c.Send(send)
	answer, _ := c.Rest()
	var fields []string
	for line := range strings.Lines(answer) {
		if name, value, _ := strings.Cut(strings.TrimSpace(line), ": "); name == "X-Forwarded-For" || name == "X-Forwarded-Proto" {
			fields = append(fields, value)
		}
	}
	return strings.Join(fields, " ")
}

// logged waits for the n-th line of the access log and returns its client.
func (r *running) logged(t *testing.T, n int) string {
	t.Helper()
	var lines []string
	testkit.Eventually(t, "a line in the access log", func() bool {
		lines = strings.Split(r.Stdout.String(), "\n")
		return len(lines) > n+1 // what follows the last line feed may be incomplete
	})
	var line struct{ Client string }
	if err := json.Unmarshal([]byte(lines[n]), &line); err != nil {
		t.Fatal(err)
	}
	return line.Client
}

func TestProxyProtocol(t *testing.T) {
	r := run(t, bound(t, `[{address: "127.0.0.1:0", accept_proxy: {from: [127.0.0.0/8]}}]`), nil)
	v2 := "\r\n\r\n\x00\r\nQUIT\n\x21\x21\x00\x24" + strings.Repeat("\x20", 32) + "\x11\x5c\x01\xbb"
	for i, test := range []struct{ header, want, client string }{
		{"PROXY TCP4 192.0.2.7 192.0.2.8 4444 80\r\n", "192.0.2.7 http", "192.0.2.7:4444"},
		{"PROXY TCP6 2001:db8::7 2001:db8::8 4444 80\r\n", "2001:db8::7 http", "[2001:db8::7]:4444"},
		{"PROXY UNKNOWN\r\n", "127.0.0.1 http", "127.0.0.1:"},
		{v2, "2020:2020:2020:2020:2020:2020:2020:2020 http", "[2020:2020:2020:2020:2020:2020:2020:2020]:4444"},
		{"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00", "127.0.0.1 http", "127.0.0.1:"},
	} {
		if got := forwarded(t, testkit.Dial(t, r.addr), test.header+plain); got != test.want {
			t.Errorf("%q: the server got %q, want %q", test.header, got, test.want)
		}
		if got := r.logged(t, i); !strings.HasPrefix(got, test.client) {
			t.Errorf("%q: the log says %q, want %q", test.header, got, test.client)
		}
	}
	for _, header := range []string{"", "PROXY TCP4 a b c d\r\n"} {
		if got, err := func() (string, error) { c := testkit.Dial(t, r.addr); c.Send(header + plain); return c.Rest() }(); got != "" {
			t.Errorf("%q: got %q, %v", header, got, err)
		}
	}
	if ereq := r.column(t, "web", "FRONTEND", "ereq"); ereq != "2" {
		t.Errorf("%s request errors, want 2", ereq)
	}
}

// Slow and silent senders of headers are cut off in time and hold up nobody.
func TestProxyProtocolTimeout(t *testing.T) {
	config := strings.Replace(bound(t, `[{address: "127.0.0.1:0", accept_proxy: {from: ["::/0", 0.0.0.0/0]}}]`), "frontends:", "defaults: {timeout: {http_request: 500ms}}\nfrontends:", 1)
	r := run(t, config, nil)
	start := time.Now()
	var slow []*testkit.Conn
	for _, part := range []string{"", "PROXY TCP4 192.0.2.7", "PROXY UNKNOWN\r\n"} {
		c := testkit.Dial(t, r.addr)
		c.Send(part)
		slow = append(slow, c)
	}
	if got := forwarded(t, testkit.Dial(t, r.addr), "PROXY TCP4 192.0.2.7 192.0.2.8 4444 80\r\n"+plain); got != "192.0.2.7 http" {
		t.Errorf("the server got %q", got)
	}
	if took := time.Since(start); took > 400*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	for _, c := range slow {
		if !c.Closed() {
			t.Error("the connection goes on")
		}
	}
	if took := time.Since(start); took < 450*time.Millisecond || took > 5*time.Second {
		t.Errorf("they were cut off after %v", took)
	}
}

func TestUnixBind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.sock")
	dial := func() *testkit.Conn {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return testkit.NewConn(t, conn)
	}
	config := bound(t, `[{address: "unix@`+path+`", mode: "0600"}]`)
	r := run(t, config, nil)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v", info, err)
	}
	if got := forwarded(t, dial(), plain); got != "http" {
		t.Errorf("the server got %q, want no address", got)
	}
	if got := r.logged(t, 0); got != "" {
		t.Errorf("the log says %q", got)
	}
	second := testkit.Start(t, nil, balancerPath, "run", "--config", r.Args[len(r.Args)-1])
	if code, got := second.ExitCode(t), second.Stderr.String(); code != 1 || !strings.Contains(got, "another program listens on "+path) {
		t.Errorf("a second balancer: exit code %d, %s", code, got)
	}
	r.Signal(syscall.SIGKILL) // leaves the file
	r.ExitCode(t)
	r = run(t, config, nil)
	if got := forwarded(t, dial(), plain); got != "http" {
		t.Errorf("the server got %q", got)
	}
	r.Signal(syscall.SIGTERM)
	if code := r.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the file outlives the balancer")
	}
}

func TestInheritedBind(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	config := bound(t, "fd@3")
	r := run(t, config, func(c *exec.Cmd) { c.ExtraFiles = []*os.File{file} })
	if r.addr != ln.Addr().String() {
		t.Errorf("it listens on %s, want %s", r.addr, ln.Addr())
	}
	if got := forwarded(t, testkit.Dial(t, r.addr), plain); got != "127.0.0.1 http" {
		t.Errorf("the server got %q", got)
	}
	without := testkit.Start(t, nil, balancerPath, "run", "--config", r.Args[len(r.Args)-1])
	if code, got := without.ExitCode(t), without.Stderr.String(); code != 1 || !strings.Contains(got, "frontend web: listen on fd@3: descriptor 3 was not inherited; ") {
		t.Errorf("without a socket: exit code %d, %s", code, got)
	}
}

func TestIPv6Bind(t *testing.T) {
	r := run(t, bound(t, `["[::]:0"]`), nil)
	_, port, _ := net.SplitHostPort(r.addr)
	for host, want := range map[string]string{"::1": "::1 http", "127.0.0.1": "127.0.0.1 http"} {
		if got := forwarded(t, testkit.Dial(t, net.JoinHostPort(host, port)), plain); got != want {
			t.Errorf("from %s the server got %q", host, got)
		}
	}
	r = run(t, bound(t, `"[::1]:0"`), nil)
	if got := forwarded(t, testkit.Dial(t, r.addr), plain); got != "::1 http" {
		t.Errorf("the server got %q", got)
	}
}

// https asks for a page and returns what the server got about the client.
func https(t *testing.T, addr string, settings *tls.Config) (string, error) {
	t.Helper()
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: testkit.Patience}, "tcp", addr, settings)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if got := forwarded(t, testkit.NewConn(t, conn), plain); got != "" {
		return got, nil
	}
	_, err = conn.Read(make([]byte, 1))
	return "", err
}

func in(dir, binds string) string { return strings.ReplaceAll(binds, "DIR", dir) }

func TestTLS(t *testing.T) {
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	ca.Files(t, dir, "b", nil, "*.b.example")
	ca.Files(t, dir, "old", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, "old.example")
	r := run(t, bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key},
        {cert: DIR/b.pem, key: DIR/b.key}, {cert: DIR/old.pem, key: DIR/old.key}]}}]`)), nil)
	for name, want := range map[string]string{"a.example": "", "x.b.example": "", "c.example": "unrecognized name", "old.example": "expired"} {
		got, err := https(t, r.addr, &tls.Config{ServerName: name, RootCAs: ca.Pool()})
		if want == "" && (err != nil || got != "127.0.0.1 https") || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: the server got %q, %v", name, got, err)
		}
	}
	if _, err := https(t, r.addr, &tls.Config{ServerName: "a.example", RootCAs: ca.Pool(), MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 gets through")
	}
	if got := r.Stderr.String(); !strings.Contains(got, "the certificate has expired; clients will refuse it") || strings.Count(got, "has expired") != 1 {
		t.Errorf("the log says %s", got)
	}
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{ServerName: "a.example", RootCAs: ca.Pool()}}}
	answer, err := client.Get("https://" + r.addr)
	if err != nil || answer.Proto != "HTTP/1.1" {
		t.Fatalf("a browser gets %v, %v", answer, err)
	}
	answer.Body.Close()
	client.CloseIdleConnections()
}

func TestTLSMinVersion(t *testing.T) {
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	r := run(t, bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}], min_version: "1.3"}}]`)), nil)
	for version, sound := range map[uint16]bool{tls.VersionTLS12: false, tls.VersionTLS13: true} {
		_, err := https(t, r.addr, &tls.Config{ServerName: "a.example", RootCAs: ca.Pool(), MaxVersion: version})
		if (err == nil) != sound {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
}

func TestClientCertificates(t *testing.T) {
	dir, ca, other := t.TempDir(), testkit.NewAuthority(t), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	testkit.WriteFile(t, dir+"/ca.pem", ca.CertPEM)
	for _, verify := range []string{"", ", verify: required", ", verify: optional"} {
		r := run(t, bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}], client_ca: DIR/ca.pem`+verify+`}}]`)), nil)
		for name, test := range map[string]struct {
			certificates []tls.Certificate
			sound        bool
		}{
			"none":    {nil, strings.Contains(verify, "optional")},
			"ours":    {[]tls.Certificate{ca.Pair(t, "client")}, true},
			"unknown": {[]tls.Certificate{other.Pair(t, "client")}, false},
		} {
			settings := &tls.Config{ServerName: "a.example", RootCAs: ca.Pool()}
			settings.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				return &append(test.certificates, tls.Certificate{})[0], nil // sent whether the server likes it or not
			}
			if _, err := https(t, r.addr, settings); (err == nil) != test.sound {
				t.Errorf("verify %q, certificate %s: %v", verify, name, err)
			}
		}
	}
}

// Hanging and hopeless handshakes hold up nobody, and none of what they cost stays.
func TestTLSHandshakesUnderAttack(t *testing.T) {
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	config := bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}]}}]`))
	r := run(t, strings.Replace(config, "frontends:", "defaults: {timeout: {http_request: 1s}}\nfrontends:", 1), nil)
	before := r.descriptors(t)
	var silent []*testkit.Conn
	for i := range 200 {
		c := testkit.Dial(t, r.addr)
		c.Send([]string{"", "\x16\x03\x01\x02\x00\x01", "GET / HTTP/1.1\r\n\r\n"}[i%3])
		silent = append(silent, c)
	}
	start := time.Now()
	for range 20 {
		if _, err := https(t, r.addr, &tls.Config{ServerName: "a.example", RootCAs: ca.Pool()}); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("20 requests took %v", took)
	}
	for _, c := range silent {
		_, _ = c.Rest()
	}
	testkit.Eventually(t, "the descriptors are given back", func() bool { return r.descriptors(t) <= before+2 })
}

// The tool that admins look with sees what they expect.
func TestTLSByOpenSSL(t *testing.T) {
	openssl := testkit.Program(t, "openssl")
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	testkit.WriteFile(t, dir+"/ca.pem", ca.CertPEM)
	r := run(t, bound(t, in(dir, `[{address: "127.0.0.1:0", tls: {certificates: [{cert: DIR/a.pem, key: DIR/a.key}]}}]`)), nil)
	for _, test := range []struct {
		args  string
		sound bool
		want  string
	}{
		{"-servername a.example -verify_return_error -alpn h2,http/1.1", true, "ALPN protocol: http/1.1"},
		{"-noservername", true, "CN = test"},
		{"-servername b.example", false, "unrecognized name"},
		{"-servername a.example -tls1_2", true, "TLSv1.2, Cipher is ECDHE-ECDSA-"},
		{"-servername a.example -tls1_2 -cipher ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", false, "handshake failure"},
		{"-servername a.example -tls1_1 -cipher ALL:@SECLEVEL=0", false, "alert protocol version"},
		{"-servername a.example -tls1 -cipher ALL:@SECLEVEL=0", false, "alert protocol version"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
		cmd := exec.CommandContext(ctx, openssl, append([]string{"s_client", "-connect", r.addr, "-CAfile", dir + "/ca.pem"}, strings.Fields(test.args)...)...)
		cmd.Stdin = strings.NewReader("")
		out, err := cmd.CombinedOutput()
		cancel()
		if (err == nil) != test.sound || !strings.Contains(string(out), test.want) {
			t.Errorf("%s: %v\n%s", test.args, err, out)
		}
	}
}

// check reads the files of TLS, relative to the configuration.
func TestCheckOfCertificates(t *testing.T) {
	dir, ca := t.TempDir(), testkit.NewAuthority(t)
	ca.Files(t, dir, "a", nil, "a.example")
	ca.Files(t, dir, "b", nil, "b.example")
	path := filepath.Join(dir, "balancer.yml")
	for pair, want := range map[string]string{
		"cert: a.pem, key: a.key":  "",
		"cert: a.pem, key: b.key":  path + `:3: frontends[web].bind[0].tls.certificates[0].key: the key in "` + dir + `/b.key" does not fit the certificate in "` + dir + `/a.pem" (`,
		"cert: no.pem, key: a.key": path + `:3: frontends[web].bind[0].tls.certificates[0].cert: cannot read "` + dir + `/no.pem": no such file or directory; `,
	} {
		testkit.WriteFile(t, path, []byte(bound(t, `[{address: "127.0.0.1:0", tls: {certificates: [{`+pair+`}]}}]`)))
		p := testkit.Start(t, nil, balancerPath, "check", "--config", path)
		code, got := p.ExitCode(t), p.Stderr.String()
		if (code == 0) != (want == "") || !strings.HasPrefix(got, want) || strings.Count(got, "\n") > 1 {
			t.Errorf("%s: exit code %d, %s", pair, code, got)
		}
	}
}
