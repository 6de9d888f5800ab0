package why

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// inUse is the heap that is in use, in bytes.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// TestCapacity remembers 15 minutes of 10,000 requests per second of which 1 % are abnormal, beside
// situations that change and the counters of 1,000 servers. Of the ordinary requests a few are kept:
// they fill their part of the memory twice.
func TestCapacity(t *testing.T) {
	const abnormal, most = 90_000, 32 << 20
	for _, test := range []struct {
		name string
		make func(*traffic) *Record
	}{{"varied", (*traffic).abnormal}, {"worst", (*traffic).worst}} {
		t.Run(test.name, func(t *testing.T) {
			before := inUse()
			m, traffic := New(Options{}), newTraffic()
			var first *Record
			start := traffic.now
			for i := range abnormal {
				traffic.now = start.Add(time.Duration(i) * 10 * time.Millisecond)
				if i%1000 == 0 {
					change(m, traffic, i/1000)
				}
				r := test.make(traffic)
				if m.Keep(r); i == 0 {
					first = r
				}
				for range 2 {
					m.Keep(traffic.ordinary())
				}
			}
			took := inUse() - before
			t.Logf("%.1f MiB in use, %d bytes for each abnormal request", float64(took)/(1<<20), m.abnormal.filled()/abnormal)
			if took > most {
				t.Errorf("%d bytes are in use, want at most %d", took, most)
			}
			if found := m.Search(Query{Abnormal: true, Limit: 2 * abnormal}); len(found) != abnormal {
				t.Errorf("%d of %d abnormal requests are remembered", len(found), abnormal)
			}
			if found := m.Find(first.ID); len(found) != 1 || !found[0].Began.Equal(start) {
				t.Errorf("the first one is not found")
			}
			if got, _ := m.Reach(); !got.Equal(start.Add(first.Timers.Total)) {
				t.Errorf("abnormal requests are said to be there since %v, and not since the first one ended", got)
			}
		})
	}
}

// change changes the situation and takes a sample, as happens every 10 s.
func change(m *Memory, traffic *traffic, number int) {
	next := &Situation{Backend: "app", Algorithm: "roundrobin", Since: traffic.now}
	next.Servers = append(next.Servers, traffic.situation.Servers...)
	next.Servers[number%10].Weight++
	traffic.situation = next
	sample := Sample{At: traffic.now, Servers: map[string]Tally{}}
	large := &Situation{Backend: "large", Algorithm: "leastconn", Since: traffic.now}
	for i := range 1000 {
		name := fmt.Sprint("s", i)
		n := uint64(number * (100 + i))
		sample.Servers["large/"+name] = Tally{Picks: [Picks]uint64{n, n, n, n / 2, n / 3, n / 4}, Failed: n / 9, Away: n / 10}
		large.Servers = append(large.Servers, Candidate{Server: name, Weight: 1 + (i+number)%7})
	}
	m.Count(sample)
	m.Note(large)
}

// filled is how many bytes are written.
func (r *ring) filled() (n int) {
	for _, c := range r.chunks {
		if c != nil {
			n += len(c.data)
		}
	}
	return n
}

// Nothing is taken before there is something to remember.
func TestIdle(t *testing.T) {
	const count = 100
	before := inUse()
	var memories [count]*Memory
	for i := range memories {
		memories[i] = New(Options{})
	}
	if each := (inUse() - before) / count; each > 16<<10 {
		t.Errorf("an idle memory takes %d bytes", each)
	}
	runtime.KeepAlive(memories)
}

func TestOrdinaryOnesGoFirst(t *testing.T) {
	m, traffic := New(Options{}), newTraffic()
	want := traffic.abnormal()
	early := traffic.ordinary()
	m.Keep(want)
	m.Keep(early)
	for range 200_000 {
		traffic.now = traffic.now.Add(time.Millisecond)
		m.Keep(traffic.ordinary())
	}
	if found := m.Find(want.ID); len(found) != 1 {
		t.Error("ordinary requests have taken the place of an abnormal one")
	} else {
		same(t, &found[0], want)
	}
	if found := m.Find(early.ID); len(found) != 0 {
		t.Error("an ordinary request is still there: there is no bound")
	}
	if _, ordinary := m.Reach(); !ordinary.After(early.Began) {
		t.Errorf("ordinary requests are said to be there since %v", ordinary)
	}
}

func TestKeepTakesNoMemory(t *testing.T) {
	m, traffic := New(Options{}), newTraffic()
	for _, r := range []*Record{traffic.ordinary(), traffic.abnormal()} {
		m.Keep(r)
		if n := testing.AllocsPerRun(100, func() { m.Keep(r) }); n != 0 {
			t.Errorf("to keep %s takes memory %v times", r.ID, n)
		}
	}
}

// TestManyOrdinaryOnes: of more than OrdinaryRate in a second a part is kept, and all abnormal ones.
func TestManyOrdinaryOnes(t *testing.T) {
	m, traffic := New(Options{}), newTraffic()
	for range 3 {
		traffic.now = traffic.now.Truncate(time.Second).Add(time.Second)
		for range (len(m.ordinary) + 1) * OrdinaryRate {
			m.Keep(traffic.ordinary())
		}
		fresh := traffic.ordinary()
		fresh.Attempts[0].Situation = &Situation{Backend: "app", Since: traffic.now}
		for range len(m.ordinary) { // in whichever ring
			m.Keep(fresh)
		}
		if fresh.Attempts[0].Situation.number.Load() == 0 {
			t.Error("the situation of a request that is not kept is not known")
		}
		for range 100 {
			m.Keep(traffic.abnormal())
		}
	}
	abnormal, all := len(m.Search(Query{Abnormal: true, Limit: 100_000})), len(m.Search(Query{Limit: 100_000}))
	if ordinary := all - abnormal; abnormal != 300 || ordinary < 3*OrdinaryRate {
		t.Errorf("%d ordinary requests are kept and %d abnormal ones", ordinary, abnormal)
	}
	if most := 3 * OrdinaryRate * len(m.ordinary); all-abnormal > most {
		t.Errorf("%d ordinary requests are kept, at most %d are to be", all-abnormal, most)
	}
}

// TestSearchWhileKeeping has everybody at the memory at once; -race looks on.
func TestSearchWhileKeeping(t *testing.T) {
	m := New(Options{})
	var stop atomic.Bool
	var keepers, readers sync.WaitGroup
	for range 4 {
		keepers.Go(func() {
			traffic := newTraffic()
			for i := range 3000 {
				traffic.now = traffic.now.Add(5 * time.Millisecond)
				if i%500 == 0 {
					change(m, traffic, i)
				}
				m.Keep(traffic.ordinary())
				m.Keep(traffic.worst())
			}
		})
	}
	readers.Go(func() {
		for !stop.Load() {
			for _, r := range m.Search(Query{Backend: "app", Limit: 50}) {
				if r.Frontend != "web" || len(r.ID) != 32 {
					t.Errorf("found %s", flat(&r))
				}
			}
			m.Find([]byte("nobody"))
			m.Shares("large", began(), Sample{At: began().Add(time.Hour)})
			m.Reach()
		}
	})
	keepers.Wait()
	stop.Store(true)
	readers.Wait()
	if found := m.Search(Query{Limit: 100_000}); len(found) != 24_000 {
		t.Errorf("%d of 24,000 requests are found", len(found))
	}
}

func BenchmarkKeep(b *testing.B) {
	for _, test := range []struct {
		name string
		make func(*traffic) *Record
	}{{"ordinary", (*traffic).ordinary}, {"abnormal", (*traffic).abnormal}, {"worst", (*traffic).worst}} {
		traffic := newTraffic()
		var records [1024]*Record
		for i := range records {
			records[i] = test.make(traffic)
		}
		b.Run(test.name, func(b *testing.B) {
			m := New(Options{})
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Keep(records[i%len(records)])
			}
		})
		b.Run(test.name+"-parallel", func(b *testing.B) {
			m := New(Options{})
			b.ReportAllocs()
			var goroutines atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				for i := int(goroutines.Add(100)); pb.Next(); i++ {
					m.Keep(records[i%len(records)])
				}
			})
		})
	}
}

// BenchmarkSearch looks at all of a full memory.
func BenchmarkSearch(b *testing.B) {
	m, traffic := New(Options{}), newTraffic()
	for range 200_000 {
		m.Keep(traffic.abnormal())
		m.Keep(traffic.ordinary())
	}
	b.ResetTimer()
	for b.Loop() {
		m.Search(Query{Path: "nowhere"})
	}
}
