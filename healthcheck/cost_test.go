package healthcheck

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFiveThousandServers tells what a Set of 5,000 real HTTP checks costs: memory, and the
// share of one core at inter 2 s. One operation is a second of running. The servers are another
// process, this test binary once more.
func BenchmarkFiveThousandServers(b *testing.B) {
	const servers, warmUp = 5000, 5 * time.Second
	if os.Getenv("RELAIS_TEST_SERVERS") != "" {
		serveMany(b)
		return
	}
	addresses := startServers(b)
	var changes atomic.Int64
	s := NewSet(Options{OnTransition: func(Transition) { changes.Add(1) }})
	defer s.Stop()
	want := checksOf(addresses, servers)

	memory := memoryInUse()
	begin := time.Now()
	s.Reconcile(want)
	<-s.Answered()
	firstRound := time.Since(begin)
	<-time.After(warmUp)
	memory = memoryInUse() - memory

	used := processorTime(b)
	var late time.Duration
	for b.Loop() {
		<-time.After(time.Second)
		late = max(late, latest(s, want))
	}
	b.ReportMetric(float64(late.Milliseconds()), "ms-late")
	b.ReportMetric(float64(firstRound.Milliseconds()), "ms-first-round")
	b.ReportMetric(float64(memory)/servers/1024, "KiB/server")
	b.ReportMetric(100*float64(processorTime(b)-used)/float64(b.Elapsed()), "%core")
	if n := changes.Load(); n > 0 {
		b.Errorf("%d transitions of servers that are well", n)
	}
}

// TestChecksOfManyServersAreOnTime makes 5,000 real HTTP checks at inter 2 s, fewer under the race
// detector. The servers are another process, as in the benchmark. Once they have drifted apart,
// none begins 100 ms later than it is due.
func TestChecksOfManyServersAreOnTime(t *testing.T) {
	servers := 5000
	if raceDetector {
		servers = 500
	}
	addresses := startServers(t)
	var changes atomic.Int64
	s := NewSet(Options{OnTransition: func(Transition) { changes.Add(1) }})
	defer s.Stop()
	want := checksOf(addresses, servers)
	s.Reconcile(want)
	<-s.Answered()

	const round, patience = 2 * time.Second, 20 // rounds: others use this machine as well
	tick := time.NewTicker(round)
	defer tick.Stop()
	var late time.Duration
	for range patience {
		<-tick.C
		used := processorTime(t)
		<-tick.C
		used = processorTime(t) - used
		if late = latest(s, want); late < 100*time.Millisecond {
			t.Logf("%d checks at inter 2 s: the latest by %v, %.0f%% of a core", servers, late, 100*float64(used)/float64(round))
			break
		}
	}
	if late >= 100*time.Millisecond {
		t.Errorf("a check began %v late", late)
	}
	if n := changes.Load(); n > 0 {
		t.Errorf("%d transitions of servers that are well", n)
	}
}

// checksOf makes many checks of few addresses.
func checksOf(addresses []string, servers int) (want []Spec) {
	for i := range servers {
		want = append(want, Spec{
			Backend: "app", Server: fmt.Sprint("web", i), Probe: HTTP(HTTPOptions{Address: addresses[i%len(addresses)], Path: "/health"}),
			Inter: 2 * time.Second, Timeout: 2 * time.Second, Rise: 2, Fall: 3,
		})
	}
	return want
}

// latest is by how much the last check of any server was late.
func latest(s *Set, want []Spec) (late time.Duration) {
	for _, spec := range want {
		st, _ := s.Status(spec.Backend, spec.Server)
		late = max(late, st.Late)
	}
	return late
}

// startServers returns the addresses of many listeners in a child process.
func startServers(b testing.TB) (addresses []string) {
	b.Helper()
	child := exec.Command(os.Args[0], "-test.run=^$", "-test.bench=^BenchmarkFiveThousandServers$")
	child.Env = append(os.Environ(), "RELAIS_TEST_SERVERS=1")
	stdin, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close() // the child's sign to end
		_ = child.Wait()
	})
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if _, list, ok := strings.Cut(lines.Text(), "addresses "); ok {
			return strings.Fields(list)
		}
	}
	b.Fatal("no servers")
	return nil
}

// serveMany answers on many addresses until stdin ends.
func serveMany(b *testing.B) {
	var addresses []string
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		addresses = append(addresses, l.Addr().String())
		go accept(l, says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
	}
	fmt.Println("addresses", strings.Join(addresses, " "))
	_, _ = bufio.NewReader(os.Stdin).ReadString(0)
}

func memoryInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

func processorTime(b testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
