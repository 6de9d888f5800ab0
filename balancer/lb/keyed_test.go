package lb

import (
	"math"
	"slices"
	"testing"

	"relais/internal/config"
)

// mapping returns the servers of 20,000 keys.
func mapping(a Algorithm) (servers []*Server) {
	for i := range 20_000 {
		servers = append(servers, a.Pick(keyOf(i), start(), always))
	}
	return servers
}

func moved(before, after []*Server) (n int) {
	for i := range before {
		if before[i] != after[i] {
			n++
		}
	}
	return n
}

// When one of ten servers leaves, the ring moves its keys and no others; the map moves nearly all.
// Both have the very same mapping when it is back.
func TestKeysThatMove(t *testing.T) {
	for _, method := range []string{"map", "consistent"} {
		a, servers := mustNew(t, "uri", method), farm(slices.Repeat([]int{10}, 10)...)
		a.Reset(servers)
		before := mapping(a)
		a.Reset(slices.Delete(slices.Clone(servers), 4, 5))
		without := mapping(a)
		own := 0
		for i, s := range before {
			if s == servers[4] {
				own++
			} else if method == "consistent" && without[i] != s {
				t.Fatalf("key %d of server %d has moved to %d", i, s.ID, without[i].ID)
			}
		}
		share := float64(moved(before, without)) / float64(len(before))
		t.Logf("%s: %.1f%% of the keys move", method, 100*share)
		if method == "consistent" && math.Abs(share-0.1) > 0.02 || method == "map" && share < 0.8 {
			t.Errorf("%s: %.1f%% of the keys have moved", method, 100*share)
		}
		a.Reset(servers)
		if n := moved(before, mapping(a)); n != 0 {
			t.Errorf("%s: %d keys are elsewhere after the return", method, n)
		}
	}
}

// The map gives keys exactly by weight, the ring nearly so. A retry goes to a different server, and
// to the same one for all retries of a key.
func TestKeysByWeight(t *testing.T) {
	for method, tolerance := range map[string]float64{"map": 0.01, "consistent": 0.06} {
		a, servers := mustNew(t, "uri", method), farm(10, 20, 30, 40)
		a.Reset(servers)
		counts := make([]float64, 5)
		for i, s := range mapping(a) {
			counts[s.ID]++
			next := a.Pick(keyOf(i), start(), except(s))
			if again := a.Pick(keyOf(i), start(), except(s)); next == s || again != next {
				t.Fatalf("%s: after %d the servers %d and %d", method, s.ID, next.ID, again.ID)
			}
		}
		for _, s := range servers {
			if got, want := counts[s.ID]/20_000, float64(s.Weight)/100; math.Abs(got-want) > tolerance {
				t.Errorf("%s: server %d has %.3f of the keys, want %.2f", method, s.ID, got, want)
			}
		}
	}
}

// A server in its slow start has a part of its keys, and those only.
func TestRingInSlowStart(t *testing.T) {
	a, servers := mustNew(t, "uri", "consistent"), farm(10, 10)
	a.Reset(servers)
	full := mapping(a)
	servers[1].Share = 20
	a.Reset(servers)
	own := 0
	for i, s := range mapping(a) {
		if s == servers[1] {
			own++
			if full[i] != s {
				t.Fatal("a key that is not its own")
			}
		}
	}
	if share := float64(own) / float64(len(full)); share < 0.1 || share > 0.25 {
		t.Errorf("%.2f of the keys, want about 1/6", share)
	}
}

// With a balance factor no server has more than its part of the requests in flight, by weight and
// rounded up, even if all have the same key; without load the key decides.
func TestBalanceFactor(t *testing.T) {
	a, err := New(config.Balance{Algorithm: "uri"}, config.Hash{Type: "consistent", Function: "sdbm", BalanceFactor: 125})
	if err != nil {
		t.Fatal(err)
	}
	servers := farm(1, 1, 2)
	a.Reset(servers)
	home := a.Pick(keyOf(1), start(), always)
	for total := 1; total <= 400; total++ {
		s := a.Pick(keyOf(1), start(), always)
		s.Served++
		if most := math.Ceil(math.Ceil(1.25*float64(total)) * float64(s.Weight) / 4); float64(s.Served) > most {
			t.Fatalf("server %d has %d of %d requests", s.ID, s.Served, total)
		}
	}
	for _, s := range servers {
		if s.Served == 0 || s == home && s.Served != 125*s.Weight {
			t.Errorf("server %d has %d of 400 requests", s.ID, s.Served)
		}
		s.Served = 0
	}
	if s := a.Pick(keyOf(1), start(), always); s != home {
		t.Error("without load the key is elsewhere")
	}
	home.Served = 1000
	if s := a.Pick(keyOf(1), start(), func(s *Server) bool { return s == home }); s != home {
		t.Error("no server although one is left")
	}
}
