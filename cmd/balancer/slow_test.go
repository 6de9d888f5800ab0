package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// TestSlowClients has 5,000 clients that send a head byte by byte, and again when they are
// refused, and 2,000 that read a few bytes of a large answer per second, beside others that ask
// for something at a fixed rate: those notice little of it. What the machine does to everybody
// is seen by a second balancer, which has no slow clients, and there are more rounds than three
// when the medians of three are not good. RELAIS_SLOW sets how long each of the two phases of a
// round lasts.
//
// Slow clients cost some processor time. Where other programs leave none, everything waits for
// it, and there the test wants an end of the waiting only.
func TestSlowClients(t *testing.T) {
	const heads, readers, patience = 5000, 2000, 3 * time.Second
	lasting := patience
	if s := os.Getenv("RELAIS_SLOW"); s != "" {
		lasting, _ = time.ParseDuration(s)
	}
	config := fmt.Sprintf("access_log: off\ndefaults: {timeout: {http_request: %v}}\n", patience) + farm("", answering(t))
	r, calm := run(t, config, nil), run(t, config, nil)
	pacedLoad(t, time.Second, r, calm) // opens what stays open
	files, goroutines := r.descriptors(t), r.gauge(t, "go_goroutines")
	idle, _ := testkit.Memory(t, r.Process.Process.Pid)

	var without, with, beside []time.Duration
	var ends refusals
	most := func() time.Duration {
		usual := max(median(without), median(beside))
		if usual > 5*time.Millisecond {
			return time.Second // a busy machine
		}
		return usual*3/2 + 2*time.Millisecond
	}
	for len(with) < 3 || len(with) < 6 && median(with) > most() {
		without = append(without, pacedLoad(t, lasting, r, calm)[0])
		slowReaders, slowHeads := gather(t, r.addr, readers, slowReader), gather(t, r.addr, heads, ends.slowHead())
		slowReaders.await()
		slowHeads.await()
		now := pacedLoad(t, lasting, r, calm)
		with, beside = append(with, now[0]), append(beside, now[1])
		_, peak := testkit.Memory(t, r.Process.Process.Pid)
		t.Logf("p99 %v without, %v with, %v elsewhere at that time; %d descriptors, %d MiB at most, %d KiB for each slow connection",
			without[len(without)-1], now[0], now[1], r.descriptors(t), peak>>20, (peak-idle)/(heads+readers)>>10)
		if peak-idle > (heads+readers)*128<<10 {
			t.Errorf("a slow connection took %d KiB", (peak-idle)/(heads+readers)>>10)
		}
		slowHeads.leave()
		slowReaders.leave()
	}
	ends.check(t, patience, heads)
	t.Logf("median p99 %v without, %v with, %v elsewhere: at most %v will do", median(without), median(with), median(beside), most())
	if median(with) > most() {
		t.Errorf("the median p99 is %v with slow clients, want %v at most", median(with), most())
	}
	testkit.Eventually(t, "goroutines and descriptors are given back", func() bool {
		return r.descriptors(t) <= files+healthy && r.gauge(t, "go_goroutines") <= goroutines+healthy
	})
	t.Logf("descriptors %d -> %d, goroutines %v -> %v", files, r.descriptors(t), goroutines, r.gauge(t, "go_goroutines"))
}

// answering starts a server that has nothing to say, but for a large answer to some.
func answering(t *testing.T) string {
	large := make([]byte, 1<<20)
	return testkit.RawServer(t, func(c *testkit.Conn) {
		_ = c.Conn.(*net.TCPConn).SetWriteBuffer(16 << 10) // what the system takes off is not slow
		for head := c.Head(); head != ""; head = c.Head() {
			_ = c.SetDeadline(time.Time{})
			if strings.HasPrefix(head, "GET /large") {
				c.Send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", len(large)))
				_, _ = c.Write(large)
				return
			}
			c.Answer(200, "")
		}
	}).Addr
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[len(sorted)/2]
}

// slowReader asks for a large answer, and reads 8 bytes of it per second.
var slowReader = conduct{
	hello:   "GET /large HTTP/1.1\r\nHost: h\r\n\r\n",
	receive: 4096,
	every:   time.Second,
	act:     func(fd int) { _, _ = syscall.Read(fd, make([]byte, 8)) },
}

// refusals are the ends of slow heads.
type refusals struct {
	ages []time.Duration // at the first byte of a 408
	odd  []string
}

// slowHead sends the beginning of a head, and then one byte every two seconds.
func (r *refusals) slowHead() conduct {
	return conduct{
		hello: "GET /x HTTP/1.1\r\nHost: h\r\nX-Slow: ",
		every: 2 * time.Second,
		act:   func(fd int) { _, _ = syscall.Write(fd, []byte("x")) },
		heard: func(age time.Duration, data string) {
			switch {
			case strings.HasPrefix(data, "HTTP/1.1 408 "):
				r.ages = append(r.ages, age)
			case data != "":
				r.odd = append(r.odd, data)
			}
		},
	}
}

func (r *refusals) check(t *testing.T, patience time.Duration, atLeast int) {
	t.Helper()
	if slices.Sort(r.ages); len(r.ages) < atLeast || len(r.odd) > 0 {
		t.Fatalf("%d slow heads got a 408, %d something else: %.200q", len(r.ages), len(r.odd), r.odd)
	}
	first, median, last := r.ages[0], r.ages[len(r.ages)/2], r.ages[len(r.ages)-1]
	t.Logf("%d slow heads got their 408 after %v to %v, half of them within %v", len(r.ages), first, last, median)
	if first < patience-crowdTick || median > patience+500*time.Millisecond || last > patience+5*time.Second {
		t.Errorf("408 came after %v to %v, median %v, want %v", first, last, median, patience)
	}
}

const healthy = 32 // connections of a paced load

// pacedLoad asks each balancer 800 times per second, whether answers come or not, and returns
// the 99th percentiles of the times from when a request was due to the end of its answer.
func pacedLoad(t *testing.T, lasting time.Duration, balancers ...*running) []time.Duration {
	t.Helper()
	const interval = 40 * time.Millisecond // of a connection
	times := make([][]time.Duration, len(balancers))
	var mu sync.Mutex
	var clients sync.WaitGroup
	for i := range healthy * len(balancers) {
		clients.Go(func() {
			delay := interval * time.Duration(i) / time.Duration(healthy*len(balancers))
			one, failure := pacedRequests(t, balancers[i%len(balancers)].addr, delay, interval, lasting)
			if failure != "" {
				t.Errorf("a healthy request failed: %s", failure)
			}
			mu.Lock()
			defer mu.Unlock()
			times[i%len(balancers)] = append(times[i%len(balancers)], one...)
		})
	}
	clients.Wait()
	var percentiles []time.Duration
	for _, all := range times {
		if len(all) == 0 {
			t.Fatal("no healthy request was answered")
		}
		slices.Sort(all)
		percentiles = append(percentiles, all[len(all)*99/100])
	}
	return percentiles
}

func pacedRequests(t *testing.T, addr string, delay, interval, lasting time.Duration) (times []time.Duration, failure string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err.Error()
	}
	defer conn.Close()
	c := testkit.NewConn(t, conn)
	for due, end := time.Now().Add(delay), time.Now().Add(lasting); due.Before(end); due = due.Add(interval) {
		<-time.After(time.Until(due))
		_ = c.SetDeadline(due.Add(testkit.Patience))
		if _, err := io.WriteString(c, "GET /healthy HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
			return times, err.Error()
		}
		if head := c.Head(); !strings.HasPrefix(head, "HTTP/1.1 200 ") || !strings.Contains(head, "Content-Length: 0\r\n") {
			return times, fmt.Sprintf("%.60q", head)
		}
		times = append(times, time.Since(due))
	}
	return times, ""
}

// TestIdleClients opens 10,000 connections, or as many as the open files allow, that stay open
// after a request each, and states what one costs.
func TestIdleClients(t *testing.T) {
	s := testkit.HTTPServer(t, func(http.ResponseWriter, *http.Request) {})
	r := run(t, "access_log: off\n"+farm("", testkit.Address(s)), nil)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	size := min(10_000, int(limit.Cur)/2-200)
	before, _ := testkit.Memory(t, r.Process.Process.Pid)
	var answered, other atomic.Int64
	c := gather(t, r.addr, size, conduct{
		hello: "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
		heard: func(_ time.Duration, data string) {
			if strings.HasPrefix(data, "HTTP/1.1 200 ") {
				answered.Add(1)
			} else {
				other.Add(1)
			}
		},
	})
	c.await()
	testkit.Eventually(t, "all are answered", func() bool { return answered.Load()+other.Load() >= int64(size) })
	after, peak := testkit.Memory(t, r.Process.Process.Pid)
	t.Logf("%d idle connections: %.1f KiB each (%d MiB, %d MiB before, %d MiB at most)",
		size, float64(after-before)/float64(size)/1024, after>>20, before>>20, peak>>20)
	if after-before > int64(size)*16<<10 {
		t.Errorf("an idle connection takes %d bytes", (after-before)/int64(size))
	}
	c.leave()
	if other.Load() > 0 {
		t.Errorf("%d of %d were not answered as they should, or closed", other.Load(), size)
	}
}

// descriptors counts the open files of the balancer.
func (r *running) descriptors(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.Process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}
