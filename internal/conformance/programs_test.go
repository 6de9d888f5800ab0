package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// patience is every timeout of a lane that says nothing else.
const patience = 3 * time.Second

// lane is a frontend and a backend with one server.
type lane struct {
	server string        // address
	limit  time.Duration // of all timeouts
	report bool          // syntax: report
}

func (l lane) timeout() time.Duration {
	if l.limit == 0 {
		return patience
	}
	return l.limit
}

// startRelais runs the balancer with a frontend for each lane and returns their addresses.
func startRelais(t *testing.T, lanes []lane) []string {
	t.Helper()
	dir := t.TempDir()
	binary := filepath.Join(dir, "balancer")
	if out, err := exec.Command("go", "build", "-o", binary, "relais/cmd/balancer").CombinedOutput(); err != nil {
		t.Fatalf("build balancer: %v\n%s", err, out)
	}
	config := filepath.Join(dir, "balancer.yml")
	if err := os.WriteFile(config, []byte(relaisConfig(lanes)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := testkit.Start(t, nil, binary, "run", "--config", config)
	var started struct {
		Message   string
		Frontends []string
	}
	testkit.Eventually(t, "the balancer says that it has started", func() bool {
		for line := range strings.Lines(p.Stderr.String()) {
			if json.Unmarshal([]byte(line), &started) == nil && started.Message == "started" {
				return true
			}
		}
		return false
	})
	return started.Frontends
}

func relaisConfig(lanes []lane) string {
	var fe, be strings.Builder
	for i, l := range lanes {
		d, syntax := l.timeout(), "refuse"
		if l.report {
			syntax = "report"
		}
		fmt.Fprintf(&fe, "  - {name: f%d, bind: \"127.0.0.1:0\", syntax: %s, default_backend: b%d, timeout: {client: %v, http_request: %v, http_keep_alive: %v}}\n", i, syntax, i, d, d, d)
		fmt.Fprintf(&be, "  - {name: b%d, retries: 0, timeout: {server: %v}, servers: [{name: s, address: %q}]}\n", i, d, l.server)
	}
	return "access_log: off\nstats: {bind: \"127.0.0.1:0\"}\nfrontends:\n" + fe.String() + "backends:\n" + be.String()
}

// startHAProxy does with HAProxy what startRelais does.
func startHAProxy(t *testing.T, program string, lanes []lane) []string {
	t.Helper()
	var addrs []string
	var files []*os.File
	for range lanes {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		file, err := ln.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		addrs = append(addrs, ln.Addr().String())
		files = append(files, file)
		ln.Close()
	}
	config := filepath.Join(t.TempDir(), "haproxy.cfg")
	if err := os.WriteFile(config, []byte(haproxyConfig(lanes)), 0o600); err != nil {
		t.Fatal(err)
	}
	testkit.Start(t, func(c *exec.Cmd) { c.ExtraFiles = files }, program, "-db", "-f", config)
	for _, f := range files {
		f.Close()
	}
	return addrs
}

// haproxyConfig is the equivalent of relaisConfig. Relais tells servers about the client on its
// own; HAProxy is told to. Sockets are inherited, the first as descriptor 3.
func haproxyConfig(lanes []lane) string {
	var b strings.Builder
	b.WriteString("global\n maxconn 2000\n nbthread 1\ndefaults\n mode http\n timeout connect 5s\n retries 0\n")
	for i, l := range lanes {
		d := l.timeout().Milliseconds()
		fmt.Fprintf(&b, "frontend f%d\n bind fd@%d\n timeout client %d\n timeout http-request %d\n timeout http-keep-alive %d\n default_backend b%d\n", i, i+3, d, d, d, i)
		if l.report {
			b.WriteString(" option accept-invalid-http-request\n")
		}
		fmt.Fprintf(&b, "backend b%d\n timeout server %d\n", i, d)
		b.WriteString(" http-request del-header forwarded\n http-request del-header x-real-ip\n" +
			" http-request del-header x-ssl- -m beg\n http-request del-header x-forwarded- -m beg\n" +
			" http-request set-header X-Forwarded-For %[src]\n http-request set-header X-Forwarded-Proto http\n" +
			" http-request set-header X-Forwarded-Host %[req.hdr(host)] if { req.hdr(host) -m found }\n" +
			" http-request set-header X-Request-Id %[uuid]\n")
		fmt.Fprintf(&b, " server s %s\n", l.server)
	}
	return b.String()
}

// haproxy finds the HAProxy to compare with. exact tells whether it is the version of which the
// outcomes are recorded.
func haproxy(t *testing.T) (program string, exact bool) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("./haproxy3.sh")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil {
		return strings.TrimSpace(string(out)), true
	}
	t.Logf("NOTE: no HAProxy 3.0 (%v: %s); the installed one is run, and its outcomes are compared with nothing", err, stderr.String())
	return testkit.Program(t, "haproxy"), false
}
