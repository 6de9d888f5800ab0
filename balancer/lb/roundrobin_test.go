package lb

import (
	"strings"
	"testing"
)

func TestRoundRobin(t *testing.T) {
	for _, test := range []struct {
		name    string
		weights []int
		refused string
		want    string
	}{
		{"equal, first declared first", []int{1, 1, 1}, "", "abcabcabc"},
		{"weights are spread, not bunched", []int{5, 1, 1}, "", "aabacaaaabacaa"},
		{"two to one", []int{2, 1}, "", "abaaba"},
		{"refused servers are skipped", []int{1, 1, 1}, "b", "acacac"},
		{"weight 0 gets nothing", []int{0, 1}, "", "bbb"},
		{"one", []int{7}, "", "aaa"},
		{"all refused", []int{1, 1}, "ab", "--"},
		{"no servers", nil, "", "-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := mustNew(t, "roundrobin", "")
			a.Reset(farm(test.weights...))
			ok := func(s *Server) bool { return !strings.ContainsRune(test.refused, rune('a'+s.ID-1)) }
			if got := order(a, len(test.want), ok); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A server that comes back takes its turn again without a burst.
func TestRoundRobinAfterAnAbsence(t *testing.T) {
	a, servers := mustNew(t, "roundrobin", ""), farm(1, 1, 1)
	a.Reset(servers)
	order(a, 4, always)
	a.Reset([]*Server{servers[0], servers[2]})
	order(a, 101, always)
	a.Reset(servers)
	if got := order(a, 30, always); strings.Count(got, "a") != 10 || strings.Count(got, "b") != 10 || strings.Contains(got, "bb") {
		t.Errorf("got %s", got)
	}
}

// Slow start and changed weights count at once with the dynamic algorithm, and not with the static
// one, where 0 is all that does.
func TestWeightsAtRunTime(t *testing.T) {
	for _, test := range []struct {
		algorithm, change string
		want              int // of 120 requests for the second of two servers of weight 2
	}{
		{"roundrobin", "share", 24}, {"roundrobin", "weight", 80}, {"roundrobin", "zero", 0},
		{"static-rr", "share", 60}, {"static-rr", "weight", 60}, {"static-rr", "zero", 0},
	} {
		a, servers := mustNew(t, test.algorithm, ""), farm(2, 2)
		a.Reset(servers)
		switch test.change {
		case "share":
			servers[1].Share = 25
		case "weight":
			servers[1].Weight = 4
		case "zero":
			servers[1].Weight = 0
		}
		a.Reset(servers)
		if got := strings.Count(order(a, 120, always), "b"); got != test.want {
			t.Errorf("%s, %s: %d of 120, want %d", test.algorithm, test.change, got, test.want)
		}
	}
}

func TestFirst(t *testing.T) {
	a, servers := mustNew(t, "first", ""), farm(1, 256, 1)
	a.Reset(servers)
	room := func(s *Server) bool { return s.Served < 2 }
	var got []int
	for range 6 {
		s := a.Pick(Key{}, start(), room)
		s.Served++
		got = append(got, s.ID)
	}
	for i, want := range []int{1, 1, 2, 2, 3, 3} {
		if got[i] != want {
			t.Fatalf("got %v", got)
		}
	}
	if s := a.Pick(Key{}, start(), room); s != nil {
		t.Error("there is no room, but a server")
	}
	servers[0].Served--
	if s := a.Pick(Key{}, start(), room); s != servers[0] {
		t.Error("the first server with room was not picked")
	}
}
