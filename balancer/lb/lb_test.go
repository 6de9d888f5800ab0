package lb

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/config"
)

// start is when the tests begin.
func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// farm returns servers with the given weights, numbered from 1.
func farm(weights ...int) (servers []*Server) {
	for i, w := range weights {
		servers = append(servers, &Server{ID: i + 1, Weight: w, Share: 100})
	}
	return servers
}

func always(*Server) bool { return true }
func never(*Server) bool  { return false }

func except(refused ...*Server) func(*Server) bool {
	return func(s *Server) bool { return !slices.Contains(refused, s) }
}

// algorithms returns a new one of every kind.
func algorithms(t testing.TB) map[string]Algorithm {
	t.Helper()
	all := map[string]Algorithm{}
	for _, name := range []string{"roundrobin", "static-rr", "leastconn", "first", "random", "ewma"} {
		all[name] = mustNew(t, name, "")
	}
	for _, method := range []string{"map", "consistent"} {
		all["uri "+method] = mustNew(t, "uri", method)
	}
	bounded, err := New(config.Balance{Algorithm: "uri"}, config.Hash{Type: "consistent", Function: "sdbm", BalanceFactor: 150})
	if err != nil {
		t.Fatal(err)
	}
	all["uri bounded"] = bounded
	return all
}

func mustNew(t testing.TB, name, method string) Algorithm {
	t.Helper()
	a, err := New(config.Balance{Algorithm: name, Draws: 2}, config.Hash{Type: method, Function: "sdbm"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// keyOf returns the i-th of keys that are spread evenly.
func keyOf(i int) Key { return Key{Hash: distribute(uint32(i)), Set: true} }

// order returns the names of the servers of n picks without a key, a for the first one.
func order(a Algorithm, n int, ok func(*Server) bool) string {
	var b strings.Builder
	for range n {
		if s := a.Pick(Key{}, start(), ok); s != nil {
			b.WriteByte('a' + byte(s.ID-1))
		} else {
			b.WriteByte('-')
		}
	}
	return b.String()
}

func TestKeyed(t *testing.T) {
	for name, a := range algorithms(t) {
		if want := strings.HasPrefix(name, "uri"); a.Keyed() != want {
			t.Errorf("%s: keyed %v", name, a.Keyed())
		}
	}
}

func TestFewAndManyServers(t *testing.T) {
	for name, a := range algorithms(t) {
		t.Run(name, func(t *testing.T) {
			pick := func(i int, ok func(*Server) bool) *Server { return a.Pick(keyOf(i), start(), ok) }
			if s := pick(1, always); s != nil {
				t.Errorf("before there are servers: %v", s.ID)
			}
			one := farm(3)
			a.Reset(one)
			if s := pick(1, always); s != one[0] {
				t.Error("the only server was not picked")
			}
			if s := pick(1, never); s != nil {
				t.Error("the only server was picked although it was refused")
			}
			a.Reset(farm(0, 0))
			if s := pick(1, always); s != nil {
				t.Error("a server of weight 0 was picked")
			}
			a.Reset(nil)
			if s, unkeyed := pick(1, always), a.Pick(Key{}, start(), always); s != nil || unkeyed != nil {
				t.Error("a server was picked although none is left")
			}
			many := farm(slices.Repeat([]int{1}, 1000)...)
			a.Reset(many)
			seen := map[*Server]bool{}
			for i := range 20_000 {
				seen[pick(i, always)] = true
			}
			if want := 990; name != "first" && len(seen) < want || name == "first" && len(seen) != 1 {
				t.Errorf("%d of 1,000 servers were picked", len(seen))
			}
			last := many[999]
			if s := pick(7, func(s *Server) bool { return s == last }); s != last {
				t.Error("the only server that is not refused was not found")
			}
		})
	}
}

// Of servers that are refused one after the other each is picked once, whatever the algorithm.
func TestRefusedServersAreNotPickedAgain(t *testing.T) {
	for name, a := range algorithms(t) {
		servers := farm(1, 2, 3, 256)
		a.Reset(servers)
		var refused []*Server
		for range servers {
			s := a.Pick(keyOf(5), start(), except(refused...))
			if s == nil || slices.Contains(refused, s) {
				t.Fatalf("%s: after %d servers: %v", name, len(refused), s)
			}
			refused = append(refused, s)
		}
		if s := a.Pick(keyOf(5), start(), except(refused...)); s != nil {
			t.Errorf("%s: server %d after all were refused", name, s.ID)
		}
	}
}

// Without a key servers take turns, whatever the method.
func TestNothingToHash(t *testing.T) {
	for _, method := range []string{"map", "consistent"} {
		a := mustNew(t, "header", method)
		a.Reset(farm(1, 1, 1))
		if got := order(a, 6, always); got != "abcabc" {
			t.Errorf("%s: %s", method, got)
		}
	}
}

func TestUnknownAlgorithms(t *testing.T) {
	for _, test := range []struct {
		b    config.Balance
		h    config.Hash
		want string
	}{
		{config.Balance{Algorithm: "fastest"}, config.Hash{}, `balance "fastest": unknown`},
		{config.Balance{Algorithm: "uri"}, config.Hash{Type: "map", Function: "md5"}, `hash function "md5": unknown`},
		{config.Balance{Algorithm: "uri"}, config.Hash{Type: "tree", Function: "sdbm"}, `hash type "tree": unknown`},
	} {
		if _, err := New(test.b, test.h); !errors.Is(err, ErrUnknown) || err.Error() != test.want {
			t.Errorf("%v, want %s", err, test.want)
		}
	}
	if _, err := New(config.Balance{Algorithm: "random"}, config.Hash{}); err == nil {
		t.Error("random without draws is accepted")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	now := start()
	for name, a := range algorithms(t) {
		servers := farm(1, 2, 3, 4)
		a.Reset(servers)
		i := 0
		if n := testing.AllocsPerRun(1000, func() {
			i++
			s := a.Pick(Key{Hash: uint32(i) << 20, Set: i%2 == 0}, now, always)
			a.Done(s, time.Millisecond, i%3 == 0, now)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	target, address := []byte("/some/path?query"), netip.MustParseAddr("2001:db8::1")
	for _, function := range []string{"sdbm", "djb2", "wt6", "crc32", "none"} {
		h := NewHasher(config.Balance{Algorithm: "uri"}, config.Hash{Function: function, Avalanche: true})
		if n := testing.AllocsPerRun(1000, func() {
			h.URI(target)
			h.Header(target, true)
			h.Source(address)
		}); n != 0 {
			t.Errorf("%s: %v allocations", function, n)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{3, 1000} {
		for name, a := range algorithms(b) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				servers := farm(slices.Repeat([]int{1}, n)...)
				a.Reset(servers)
				now := start()
				for i := range servers { // everybody is known
					a.Done(servers[i], time.Millisecond, false, now)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					now = now.Add(time.Microsecond)
					s := a.Pick(keyOf(i), now, always)
					a.Done(s, time.Millisecond, false, now)
				}
			})
		}
	}
}

func BenchmarkReset(b *testing.B) {
	for name, a := range algorithms(b) {
		b.Run(name, func(b *testing.B) {
			servers := farm(slices.Repeat([]int{1}, 1000)...)
			for b.Loop() {
				a.Reset(servers)
			}
		})
	}
}

func BenchmarkHash(b *testing.B) {
	target := []byte("/some/path/of/ordinary/length/index.html")
	for _, function := range []string{"sdbm", "djb2", "wt6", "crc32"} {
		h := NewHasher(config.Balance{Algorithm: "uri"}, config.Hash{Function: function})
		b.Run(function, func(b *testing.B) {
			for b.Loop() {
				h.URI(target)
			}
		})
	}
}
