package main_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// manyServers is a configuration of 1,000 servers in 100 backends, which a rule leads to each.
// Every round has other weights, and other servers in one of the backends.
func manyServers(round int, addr string) string {
	var rules, backends strings.Builder
	for b := range 100 {
		fmt.Fprintf(&rules, "      - {host: b%d.example, backend: b%[1]d}\n", b)
		fmt.Fprintf(&backends, "  - name: b%d\n    health_check: {type: tcp, inter: 5s}\n    servers:\n", b)
		for s := range 10 {
			name := fmt.Sprint("s", s)
			if round > 0 && b == 1+round%99 {
				name = fmt.Sprint("s", s, "-", round)
			}
			fmt.Fprintf(&backends, "      - {name: %s, address: %q, weight: %d}\n", name, addr, 1+(round+s)%5)
		}
	}
	return "access_log: off\nstats: {bind: \"127.0.0.1:0\"}\nfrontends:\n  - name: web\n    bind: \"127.0.0.1:0\"\n    default_backend: b0\n    rules:\n" +
		rules.String() + "backends:\n" + backends.String()
}

// TestReloadOfManyServers reads 1,000 servers in 100 backends again and again. The bounds
// leave room for a loaded machine; what was measured for a reload, and for the clients of one of the
// backends meanwhile, is in the log.
func TestReloadOfManyServers(t *testing.T) {
	addr := named(t, "a")
	config, socket := withSocket(t, manyServers(0, addr))
	r := run(t, config, nil)
	testkit.Eventually(t, "all servers are up", func() bool { code, _ := r.get(t, "/readyz"); return code == 200 })
	measure := func(rounds int, reload bool) (p99 time.Duration, took []time.Duration) {
		l := &load{stop: make(chan struct{})}
		for range 4 {
			l.attend(4*time.Millisecond, (&client{t: t, dial: plainly(r.addr), request: getRequest}).ask)
		}
		for round := range rounds {
			<-time.After(250 * time.Millisecond)
			if !reload {
				continue
			}
			r.configure(t, fmt.Sprintf("admin_socket: %q\n", socket)+manyServers(round+1, addr))
			start := time.Now()
			if said := ctl(t, socket, "reload"); !strings.Contains(said, "is in force") {
				t.Errorf("reload says %q", said)
			}
			took = append(took, time.Since(start))
		}
		return l.end(t), took
	}
	calm, _ := measure(8, false)
	p99, took := measure(8, true)
	slices.Sort(took)
	median, most := took[len(took)/2], took[len(took)-1]
	t.Logf("a reload takes %v, %v at most; 99th percentile of the answers %v with reloads, %v without", median, most, p99, calm)
	if median > 400*time.Millisecond {
		t.Errorf("a reload takes %v", median)
	}
	if p99 > calm+300*time.Millisecond {
		t.Errorf("the 99th percentile goes from %v to %v", calm, p99)
	}
}

// TestManyOrders gives one order after the other, each of which is on disk before it is answered.
func TestManyOrders(t *testing.T) {
	const orders = 200
	config, socket := withSocket(t, manyServers(0, named(t, "a")))
	r := run(t, fmt.Sprintf("state_file: %q\n", filepath.Join(t.TempDir(), "state"))+config, nil)
	took := make([]time.Duration, orders)
	for i := range took {
		start := time.Now()
		if said := ctl(t, socket, fmt.Sprintf("set server b%d/s%d weight %d", i/10, i%10, 1+i%7)); strings.TrimSpace(said) != "" {
			t.Fatalf("order %d: %s", i, said)
		}
		took[i] = time.Since(start)
	}
	slices.Sort(took)
	t.Logf("an order takes %v, the 99th percentile of %d is %v", took[orders/2], orders, took[orders*99/100])
	if took[orders/2] > 200*time.Millisecond {
		t.Errorf("an order takes %v", took[orders/2])
	}
	if got := r.column(t, "b19", "s9", "weight"); got != fmt.Sprint(1+(orders-1)%7) {
		t.Errorf("the last order does not hold: weight %s", got)
	}
}

// ctl gives a runtime command without another process in between, and returns the answer.
func ctl(t *testing.T, socket, command string) string {
	t.Helper()
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	_, _ = io.WriteString(conn, command+"\n")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}
