package tunnel_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"relais/balancer/tunnel"
	"relais/internal/testkit"
)

// farEnd makes this test binary the far end of a benchmark: with "source ADDRESS SIZE" it sends
// in pieces of that size, with "sink ADDRESS" it reads.
const farEnd = "TUNNEL_TEST_FAR_END"

const bulk = 1 << 30

func TestMain(m *testing.M) {
	if role := os.Getenv(farEnd); role != "" {
		beFarEnd(role)
		return
	}
	os.Exit(m.Run())
}

func beFarEnd(role string) {
	var name, address string
	size := 1 << 20
	_, _ = fmt.Sscan(role, &name, &address, &size)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		os.Exit(1)
	}
	defer conn.Close()
	buf := make([]byte, size)
	for n := 0; name == "source" && n < bulk && err == nil; n += size {
		_, err = conn.Write(buf)
	}
	closeWrite(conn)
	for err = nil; err == nil; {
		_, err = conn.Read(buf)
	}
}

// BenchmarkBulk carries 1 GiB between two other processes, so that the processor time is that of
// the tunnel alone.
func BenchmarkBulk(b *testing.B) {
	for _, size := range []int{1 << 20, 8 << 10, 1 << 10} {
		for _, spliced := range []bool{false, true} {
			b.Run(fmt.Sprintf("pieces=%d/splice=%v", size, spliced), func(b *testing.B) {
				var total time.Duration
				for b.Loop() {
					total += carryBulk(b, size, spliced)
				}
				b.SetBytes(bulk)
				b.ReportMetric(total.Seconds()/float64(b.N), "cpu-s/op")
			})
		}
	}
}

func carryBulk(b *testing.B, size int, spliced bool) time.Duration {
	supply := tunnel.NoPipes()
	if spliced {
		supply = &tunnel.Supply{}
	}
	defer supply.Close()
	client := startFarEnd(b, "source", size)
	server := startFarEnd(b, "sink", 1<<20)
	before := processorTime(b)
	t := &tunnel.Tunnel{Supply: supply, Client: client, Server: server, Timeout: testkit.Patience}
	if result := t.Run(); result.End != tunnel.Done {
		b.Fatal(result)
	}
	return processorTime(b) - before
}

func startFarEnd(b *testing.B, role string, size int) tunnel.Conn {
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %s %d", farEnd, role, ln.Addr(), size))
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = conn.Close()
		cancel()
		_ = cmd.Wait()
	})
	return conn.(tunnel.Conn)
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
