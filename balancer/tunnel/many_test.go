package tunnel_test

import (
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"

	"relais/balancer/tunnel"
	"relais/internal/testkit"
)

// TestMany keeps 10,000 tunnels open, or as many as the open-files limit allows, that have all
// carried something: an idle one costs its two goroutines, and nothing stays behind.
func TestMany(t *testing.T) {
	var limit syscall.Rlimit // the runtime has raised the soft one
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	many := int(min(10_000, (limit.Cur-min(limit.Cur, 500))/4))
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	t.Run("tunnels", func(t *testing.T) {
		supply := &tunnel.Supply{}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var ends []net.Conn
		for range many {
			client, ours := accept(t, ln, "tcp")
			server, theirs := accept(t, ln, "tcp")
			ends = append(ends, client, ours, server, theirs)
		}
		_ = ln.Close()
		before := memory()
		rigs := make([]*rig, 0, many)
		for i := range many {
			rigs = append(rigs, run(t, ends[4*i], ends[4*i+2], ends[4*i+1], ends[4*i+3],
				func(tun *tunnel.Tunnel) { tun.Supply = supply }))
		}
		for _, r := range rigs {
			echo(r)
		}
		each := (memory() - before) / uint64(many)
		t.Logf("%d idle tunnels hold %d bytes each", many, each)
		if each > 24<<10 {
			t.Errorf("an idle tunnel holds %d bytes", each)
		}
		for _, r := range rigs {
			closeWrite(r.client)
			closeWrite(r.server)
			r.ends(tunnel.Done)
		}
		supply.Close()
	})
	testkit.Eventually(t, "goroutines and descriptors are back to where they were", func() bool {
		return runtime.NumGoroutine() <= goroutines && openFiles(t) <= files
	})
}

// echo sends something through a tunnel and back.
func echo(r *rig) {
	r.t.Helper()
	var got [4]byte
	send(r.t, r.client, "ping")
	if !readFull(r.server, got[:]) || string(got[:]) != "ping" {
		r.t.Fatalf("the server got %q", got)
	}
	send(r.t, r.server, "pong")
	if !readFull(r.client, got[:]) || string(got[:]) != "pong" {
		r.t.Fatalf("the client got %q", got)
	}
}

// memory is what the heap and the stacks hold when the garbage has been collected.
func memory() uint64 {
	runtime.GC()
	runtime.GC() // what a sync.Pool holds survives one
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc + stats.StackInuse
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
