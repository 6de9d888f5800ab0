package balancer

import (
	"testing"
	"time"

	"relais/balancer/h1"
)

// told has an ordinary request end well, and returns what tells of it.
func told(t testing.TB) (tell func()) {
	f := farmOf(1, 1, 1)
	now := time.Now()
	x := &exchange{head: &h1.Head{Method: []byte("GET"), Target: []byte("/")}}
	x.frontend, x.backend, x.sight = &Frontend{Name: "web"}, &Backend{Name: "app", farm: f}, &sight{}
	x.began, x.picked, x.connected, x.answered, x.ended = now, now, now, now, now
	x.server, _ = f.take(&x.waiter, now)
	return func() {
		x.tale.Attempts = x.tale.Attempts[:0]
		x.attempting()
		x.tell()
		if x.brief() != "roundrobin 3/3" {
			t.Fatal(x.brief())
		}
	}
}

func TestVerdictCostsNoMemory(t *testing.T) {
	if n := testing.AllocsPerRun(1000, told(t)); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkVerdict is what an ordinary request pays for its record and for why in its line, but
// for what farm.pick does (BenchmarkPick).
func BenchmarkVerdict(b *testing.B) {
	tell := told(b)
	b.ReportAllocs()
	for b.Loop() {
		tell()
	}
}
