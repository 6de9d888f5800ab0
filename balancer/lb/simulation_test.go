package lb

import (
	"container/heap"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// nature is how a simulated server behaves.
type nature struct {
	weight int
	takes  time.Duration // 0: for ever
	fails  bool
	noisy  bool // takes is the mean of an exponential distribution
}

// simulation is clients that send one request after the other to a farm, in a time of its own.
type simulation struct {
	algorithm Algorithm
	natures   []nature
	servers   []*Server
	random    *rand.Rand
	now       time.Time
	flying    flights
	picked    []int // requests of each server
	succeeded int
}

// flight is a request under way.
type flight struct {
	server    *Server
	began, at time.Time
}

type flights []flight

func (f flights) Len() int           { return len(f) }
func (f flights) Less(i, j int) bool { return f[i].at.Before(f[j].at) }
func (f flights) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)        { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

func simulate(t *testing.T, name string, natures ...nature) *simulation {
	t.Helper()
	s := &simulation{algorithm: mustNew(t, name, ""), natures: natures, now: start(), picked: make([]int, len(natures))}
	s.random = rand.New(rand.NewPCG(3, 4))
	if r, ok := s.algorithm.(*random); ok {
		r.rand = rand.New(rand.NewPCG(5, 6))
	}
	for i, n := range natures {
		s.servers = append(s.servers, &Server{ID: i + 1, Weight: n.weight, Share: 100})
	}
	s.algorithm.Reset(s.servers)
	return s
}

// run sends requests, so many at a time, and forgets the counts of before.
func (s *simulation) run(clients, requests int) {
	s.picked, s.succeeded = make([]int, len(s.natures)), 0
	for sent := 0; sent < requests; {
		if len(s.flying) < clients {
			s.send()
			sent++
			continue
		}
		s.land()
	}
}

func (s *simulation) send() {
	server := s.algorithm.Pick(Key{}, s.now, always)
	n := s.natures[server.ID-1]
	takes := n.takes
	if takes == 0 {
		takes = 1000 * time.Hour
	}
	if n.noisy {
		takes = time.Duration(float64(takes) * s.random.ExpFloat64())
	}
	server.Served++
	s.picked[server.ID-1]++
	heap.Push(&s.flying, flight{server, s.now, s.now.Add(takes)})
	s.oldest(server)
}

func (s *simulation) land() {
	f := heap.Pop(&s.flying).(flight)
	s.now = f.at
	f.server.Served--
	s.oldest(f.server)
	failed := s.natures[f.server.ID-1].fails
	if !failed {
		s.succeeded++
	}
	s.algorithm.Done(f.server, f.at.Sub(f.began), failed, s.now)
}

func (s *simulation) oldest(server *Server) {
	server.Oldest = time.Time{}
	for _, f := range s.flying {
		if f.server == server && (server.Oldest.IsZero() || f.began.Before(server.Oldest)) {
			server.Oldest = f.began
		}
	}
}

// share is the part of the requests that the i-th server got.
func (s *simulation) share(i int) float64 {
	total := 0
	for _, n := range s.picked {
		total += n
	}
	return float64(s.picked[i]) / float64(total)
}

// Servers of the same kind get requests by weight, whether there is one request at a time or many.
// Shares are within 0.02 of the weights, those of random within 0.05.
func TestDistributionByWeight(t *testing.T) {
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "ewma", "random"} {
		for _, clients := range []int{1, 60} {
			s := simulate(t, name, nature{weight: 1, takes: 20 * time.Millisecond}, nature{weight: 2, takes: 20 * time.Millisecond}, nature{weight: 3, takes: 20 * time.Millisecond})
			s.run(clients, 6000)
			tolerance := 0.02
			if name == "random" {
				tolerance = 0.05
			}
			for i := range s.servers {
				if want := float64(i+1) / 6; math.Abs(s.share(i)-want) > tolerance {
					t.Errorf("%s, %d clients: %v", name, clients, s.picked)
					break
				}
			}
		}
	}
}

// The draws pass a chi-square test at the 0.1% level.
func TestRandomDrawsByWeight(t *testing.T) {
	s := simulate(t, "random", nature{weight: 1, takes: 1}, nature{weight: 2, takes: 1}, nature{weight: 3, takes: 1}, nature{weight: 14, takes: 1})
	s.run(1, 20_000) // nobody has anything to do, so the first draw decides
	chi := 0.0
	for i, n := range s.natures {
		want := 20_000 * float64(n.weight) / 20
		chi += math.Pow(float64(s.picked[i])-want, 2) / want
	}
	if chi > 16.27 { // 3 degrees of freedom, 0.1%
		t.Errorf("chi-square %.1f for %v", chi, s.picked)
	}
}

// A server that answers 500 at once gets no more than its share, with few clients and with many,
// whether the others are steady or not.
func TestFailingServerAttractsNoTraffic(t *testing.T) {
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "ewma", "random"} {
		for _, clients := range []int{1, 2, 10, 100} {
			for _, noisy := range []bool{false, true} {
				good := nature{weight: 10, takes: 50 * time.Millisecond, noisy: noisy}
				s := simulate(t, name, good, good, nature{weight: 10, takes: time.Millisecond, fails: true}, good)
				s.run(clients, 20_000)
				t.Logf("%s, %d clients, noisy %v: %.3f", name, clients, noisy, s.share(2))
				if s.share(2) > 0.27 {
					t.Errorf("%s, %d clients, noisy %v: %v", name, clients, noisy, s.picked)
				}
			}
		}
	}
}

// A server that hangs stops attracting traffic: it never holds much more than the others do.
func TestHungServerAttractsNoTraffic(t *testing.T) {
	for _, name := range []string{"leastconn", "ewma", "random"} {
		good := nature{weight: 1, takes: 10 * time.Millisecond}
		s := simulate(t, name, good, good, nature{weight: 1}, good)
		s.run(40, 100)
		s.run(40, 20_000)
		t.Logf("%s: %v, %d in flight", name, s.picked, s.servers[2].Served)
		if s.picked[2] > 20 || s.servers[2].Served > 20 {
			t.Errorf("%s: the server that hangs got %d of 20,000 requests and holds %d", name, s.picked[2], s.servers[2].Served)
		}
	}
}

// A server that is five times slower gets a fifth of the others' requests at most, also when there
// is one request at a time, where only its latency shows it.
func TestEWMAPrefersFastServers(t *testing.T) {
	for _, clients := range []int{1, 30} {
		s := simulate(t, "ewma", nature{weight: 1, takes: 10 * time.Millisecond}, nature{weight: 1, takes: 50 * time.Millisecond}, nature{weight: 1, takes: 10 * time.Millisecond})
		s.run(clients, 20_000)
		if s.share(1) > 0.1 {
			t.Errorf("%d clients: %v", clients, s.picked)
		}
	}
}

// A server that was slow is tried again, and is one of many once it has recovered.
func TestEWMAForgets(t *testing.T) {
	fast, slow := nature{weight: 1, takes: 10 * time.Millisecond}, nature{weight: 1, takes: time.Second}
	s := simulate(t, "ewma", fast, slow, fast)
	s.run(3, 5000)
	if s.share(1) > 0.05 {
		t.Fatalf("while it is slow: %v", s.picked)
	}
	s.natures[1] = fast
	s.run(3, 30_000) // 100 s
	s.run(3, 3000)
	if math.Abs(s.share(1)-1./3) > 0.05 {
		t.Errorf("after it has recovered: %v", s.picked)
	}
}

// A server that is new, or returns, is neither flooded nor left out, however slow it was before.
func TestEWMAStartsColdServersAtTheMean(t *testing.T) {
	fast := nature{weight: 1, takes: 10 * time.Millisecond, noisy: true}
	s := simulate(t, "ewma", fast, fast, nature{weight: 1, takes: time.Second})
	s.algorithm.Reset(s.servers[:2])
	s.run(20, 5000)
	s.natures[2] = fast
	s.algorithm.Reset(s.servers)
	s.run(20, 300)
	if s.share(2) < 0.2 || s.share(2) > 0.5 {
		t.Errorf("first requests: %v", s.picked)
	}
	s.natures[2] = nature{weight: 1, takes: time.Second}
	s.run(20, 2000)
	s.algorithm.Reset(s.servers[:2])
	s.natures[2] = fast
	s.run(20, 1000)
	for s.flying.Len() > 0 {
		s.land()
	}
	s.algorithm.Reset(s.servers)
	s.run(20, 300)
	if s.share(2) < 0.2 || s.share(2) > 0.5 {
		t.Errorf("after its return: %v", s.picked)
	}
}

// What the oldest request in flight has waited counts before its answer is there.
func TestEWMAHearsSilence(t *testing.T) {
	a, servers := mustNew(t, "ewma", ""), farm(1, 1)
	a.Reset(servers)
	now := start()
	for _, s := range servers {
		a.Done(s, 10*time.Millisecond, false, now)
	}
	servers[0].Served, servers[1].Served = 1, 3
	for age, want := range map[time.Duration]*Server{5 * time.Millisecond: servers[0], time.Minute: servers[1]} {
		servers[0].Oldest = now.Add(-age)
		if s := a.Pick(Key{}, now, always); s != want {
			t.Errorf("the oldest request is %v old: server %d", age, s.ID)
		}
	}
}

// One long download or tunnel does not make its server the slowest for minutes.
func TestEWMABoundsOutliers(t *testing.T) {
	fast := nature{weight: 1, takes: 10 * time.Millisecond}
	s := simulate(t, "ewma", fast, fast)
	s.run(20, 2000)
	s.algorithm.Done(s.servers[0], time.Hour, false, s.now)
	s.run(20, 60_000) // 30 s
	s.run(20, 2000)
	if s.share(0) < 0.4 {
		t.Errorf("got %v", s.picked)
	}
}

// A failure counts as load for as long as an ordinary request takes.
func TestFailureIsLoadForOneLatency(t *testing.T) {
	a, servers := mustNew(t, "leastconn", ""), farm(1, 1)
	a.Reset(servers)
	now := start()
	a.Done(servers[1], 100*time.Millisecond, false, now)
	a.Done(servers[0], time.Millisecond, true, now)
	for after, want := range map[time.Duration]bool{0: false, 95 * time.Millisecond: false, 105 * time.Millisecond: true} {
		got := map[*Server]bool{}
		for range 4 {
			got[a.Pick(Key{}, now.Add(after), always)] = true
		}
		if got[servers[0]] != want {
			t.Errorf("after %v the server that has failed is picked: %v", after, !want)
		}
	}
}

// Equals take turns by weight; a full server is passed over.
func TestLeastConn(t *testing.T) {
	a, servers := mustNew(t, "leastconn", ""), farm(1, 1, 2)
	a.Reset(servers)
	if got := order(a, 8, always); got != "cabccabc" {
		t.Errorf("idle servers: %s", got)
	}
	servers[0].Served, servers[1].Served, servers[2].Served = 2, 1, 3
	if got := order(a, 2, always); got != "bb" {
		t.Errorf("least load: %s", got)
	}
	if got := order(a, 2, except(servers[1])); got != "cc" {
		t.Errorf("least load by weight: %s", got)
	}
}
