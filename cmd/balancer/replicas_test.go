package main_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/testkit"
	"relais/internal/testkit/dns"
)

// replicas are web servers on one port, each on an address of its own, such as the containers of
// a service that is scaled.
type replicas struct {
	port string
	all  []*replica
}

// replica is 127.0.1.1 and so on. It says who it is.
type replica struct {
	addr    string
	conns   atomic.Int64 // open
	served  atomic.Int64
	early   atomic.Int64 // requests before the first check had passed
	checked atomic.Bool
	ill     atomic.Bool // fails its checks
	slow    chan string // gets addr when a slow request has come in
	end     chan struct{}
}

func startReplicas(t *testing.T, n int) *replicas {
	t.Helper()
	const tries = 20
	for range tries {
		if r := (&replicas{}); r.listen(t, n) {
			return r
		}
	}
	t.Fatalf("no port is free on %d addresses, %d tries", n, tries)
	return nil
}

func (r *replicas) listen(t *testing.T, n int) bool {
	slow, end := make(chan string, 10), make(chan struct{}, 10)
	var servers []*httptest.Server
	port := "0"
	for i := range n {
		addr := fmt.Sprint("127.0.1.", i+1)
		ln, err := net.Listen("tcp", addr+":"+port)
		if err != nil {
			for _, s := range servers {
				s.Close()
			}
			return false
		}
		_, port, _ = net.SplitHostPort(ln.Addr().String())
		one := &replica{addr: addr, slow: slow, end: end}
		s := &httptest.Server{Listener: ln, Config: &http.Server{Handler: one, ConnState: one.count}}
		s.Start()
		servers, r.all = append(servers, s), append(r.all, one)
	}
	r.port = port
	for _, s := range servers {
		t.Cleanup(s.Close)
	}
	return true
}

func (r *replica) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		r.conns.Add(1)
	case http.StateClosed, http.StateHijacked:
		r.conns.Add(-1)
	}
}

// ServeHTTP implements http.Handler.
func (r *replica) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	_, _ = io.Copy(io.Discard, q.Body)
	if q.URL.Path == "/health" {
		if r.ill.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		r.checked.Store(true)
		return
	}
	if r.served.Add(1); !r.checked.Load() {
		r.early.Add(1)
	}
	if q.URL.Path == "/slow" {
		r.slow <- r.addr
		select {
		case <-r.end:
		case <-q.Context().Done(): // nobody waits for it any more
		}
	}
	_, _ = io.WriteString(w, r.addr)
}

// addrs returns the addresses of replicas from one number to another.
func (r *replicas) addrs(from, to int) (addrs []string) {
	for _, one := range r.all[from-1 : to] {
		addrs = append(addrs, one.addr)
	}
	return addrs
}

func (r *replicas) at(addr string) *replica {
	return r.all[slices.IndexFunc(r.all, func(one *replica) bool { return one.addr == addr })]
}

// wantPatience checks that no replica got traffic before it had passed a check.
func (r *replicas) wantPatience(t *testing.T) {
	t.Helper()
	for _, one := range r.all {
		if n := one.early.Load(); n > 0 {
			t.Errorf("%s got %d requests before its first check had passed", one.addr, n)
		}
	}
}

// inBackground asks for a URL. Its outcome, empty for success, comes from done.
func inBackground(url string) (done chan string) {
	done = make(chan string, 1)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	go func() { done <- ask(client, url) }()
	return done
}

// comes returns what comes from c.
func comes(t *testing.T, what string, c chan string) string {
	t.Helper()
	select {
	case s := <-c:
		return s
	case <-time.After(testkit.Patience):
		t.Fatalf("still not so after %v: %s", testkit.Patience, what)
		return ""
	}
}

// resolveInterval is that of the names of tests.
const resolveInterval = 200 * time.Millisecond

// naming is a configuration whose backend has the given servers, and asks a name server. more is
// put into the backend.
func naming(t *testing.T, s *dns.Server, more string, servers ...string) (config, socket string) {
	t.Helper()
	socket = t.TempDir() + "/s"
	config = strings.Replace(farm(more), "stats:", fmt.Sprintf("resolvers: {nameservers: [%q], timeout: 300ms}\nadmin_socket: %s\nstats:", s.Addr(), socket), 1)
	for _, server := range servers {
		config += fmt.Sprintf("      - {%s, resolve_interval: %v}\n", server, resolveInterval)
	}
	return config, socket
}

// orderAt gives the balancer behind a socket a runtime command.
func orderAt(t *testing.T, socket string, words ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*testkit.Patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, balancerPath, append([]string{"ctl", "--socket", socket}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("ctl %s: %v: %s", strings.Join(words, " "), err, out)
	}
	return string(out)
}

// row is what the CSV says of a server.
type row struct{ name, status, addr, weight, stot string }

// rows returns the servers of the backend app.
func (r *running) rows(t *testing.T) (rows []row) {
	t.Helper()
	_, csv := r.get(t, "/haproxy-stats;csv")
	lines := strings.Split(csv, "\n")
	columns := strings.Split(strings.TrimPrefix(lines[0], "# "), ",")
	for _, line := range lines[1:] {
		fields := strings.Split(line, ",")
		if fields[0] != "app" || fields[1] == "BACKEND" {
			continue
		}
		field := func(name string) string { return fields[slices.Index(columns, name)] }
		rows = append(rows, row{fields[1], field("status"), field("addr"), field("weight"), field("stot")})
	}
	return rows
}

// names returns the servers by address, without the port.
func (r *running) names(t *testing.T) map[string]string {
	names := map[string]string{}
	for _, row := range r.rows(t) {
		host, _, _ := net.SplitHostPort(row.addr)
		names[host] = row.name
	}
	return names
}

// logs waits for a text in the log.
func (r *running) logs(t *testing.T, text string) {
	t.Helper()
	testkit.Eventually(t, "the log says "+text, func() bool { return strings.Contains(r.Stderr.String(), text) })
}

// becomes waits until the backend's servers have exactly the given addresses and are up, and
// returns how long it took until those were there and the others got nothing new.
func (r *running) becomes(t *testing.T, addrs ...string) (there time.Duration) {
	t.Helper()
	began := time.Now()
	testkit.Eventually(t, fmt.Sprint("the servers are ", addrs), func() bool {
		in, up, draining := 0, 0, 0
		for _, row := range r.rows(t) {
			host, _, _ := net.SplitHostPort(row.addr)
			switch {
			case slices.Contains(addrs, host):
				in++
				if row.status == "UP" {
					up++
				}
			case row.status == "DRAIN":
				draining++
			default:
				return false
			}
		}
		if in == len(addrs) && there == 0 {
			there = time.Since(began)
		}
		return up == len(addrs) && draining == 0
	})
	return there
}
