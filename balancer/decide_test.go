package balancer

import (
	"strings"
	"testing"
	"time"

	"relais/balancer/h1"
	"relais/internal/config"
	"relais/stats"
)

// farmOf returns a farm whose servers a, b, c … have the given weights.
func farmOf(weights ...int) *farm {
	f := newFarm(&stats.BackendCounters{}, func(bool) {})
	var servers []*Server
	for i, w := range weights {
		s := newServer("app", string(rune('a'+i)), f)
		s.settings.Store(&settings{sid: i + 1, Server: config.Server{Weight: w}, pool: h1.NewPool(nil, 0)})
		servers = append(servers, s)
	}
	settings, err := newFarmSettings(config.NewBackend())
	if err != nil {
		panic(err)
	}
	f.set(servers, settings, time.Time{})
	return f
}

// next is the server that the next request would get.
func (f *farm) next(tried ...*Server) *Server {
	s, _ := f.pick(&waiter{tried: tried}, time.Now())
	return s
}

func picks(f *farm, n int) string {
	var b strings.Builder
	for range n {
		if s := f.next(); s != nil {
			b.WriteString(s.Name)
		} else {
			b.WriteString("-")
		}
	}
	return b.String()
}

func TestRoundRobin(t *testing.T) {
	for _, test := range []struct {
		name    string
		weights []int
		down    string
		want    string
	}{
		{"equal, first declared first", []int{1, 1, 1}, "", "abcabcabc"},
		{"weights are spread, not bunched", []int{5, 1, 1}, "", "aabacaaaabacaa"},
		{"two to one", []int{2, 1}, "", "abaaba"},
		{"down servers are skipped", []int{1, 1, 1}, "b", "acacac"},
		{"weight 0 gets nothing", []int{0, 1}, "", "bbb"},
		{"one", []int{7}, "", "aaa"},
		{"none usable", []int{1, 1}, "ab", "--"},
		{"no servers", nil, "", "-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := farmOf(test.weights...)
			for _, s := range f.servers {
				s.SetUp(!strings.Contains(test.down, s.Name))
			}
			if got := picks(f, len(test.want)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A server that comes back takes its turn again without a burst.
func TestRoundRobinAfterAnAbsence(t *testing.T) {
	f := farmOf(1, 1, 1)
	picks(f, 4)
	f.servers[1].SetUp(false)
	picks(f, 101)
	f.servers[1].SetUp(true)
	if got := picks(f, 30); strings.Count(got, "a") != 10 || strings.Count(got, "b") != 10 || strings.Contains(got, "bb") {
		t.Errorf("got %s", got)
	}
}

func TestPickGoesElsewhereFirst(t *testing.T) {
	f := farmOf(1, 1)
	first := f.next()
	second := f.next(first)
	if first == second {
		t.Error("the same server again although there is another one")
	}
	if f.next(first, second) == nil {
		t.Error("no server although two are usable")
	}
}

func TestRetryPolicy(t *testing.T) {
	policy, err := newRetryPolicy(3, []string{"conn-failure", "empty-response"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		a    attempt
		want bool
	}{
		{"refused", attempt{failure: failConnect, replayable: true}, true},
		{"refused for the last time", attempt{failure: failConnect, replayable: true, number: 3}, false},
		{"connect timeout", attempt{failure: failConnectTimeout, replayable: true}, true},
		{"we are short of descriptors", attempt{failure: failShortage, replayable: true}, true},
		{"refused after some of the body is gone", attempt{failure: failConnect}, false},
		{"empty answer, idempotent", attempt{failure: failEmpty, replayable: true, processed: true, idempotent: true}, true},
		{"empty answer, not idempotent", attempt{failure: failEmpty, replayable: true, processed: true}, false},
		{"empty answer, certainly not processed", attempt{failure: failEmpty, replayable: true}, true},
		{"went down, idempotent", attempt{failure: failDown, replayable: true, processed: true, idempotent: true}, true},
		{"went down, not idempotent", attempt{failure: failDown, replayable: true, processed: true}, false},
		{"the client has some of an answer", attempt{failure: failEmpty, replayable: true, idempotent: true, answered: true}, false},
		{"timeout", attempt{failure: failTimeout, replayable: true, processed: true, idempotent: true}, false},
		{"junk", attempt{failure: failJunk, replayable: true, processed: true, idempotent: true}, false},
		{"cut before the client got any of it", attempt{failure: failCut, replayable: true, processed: true, idempotent: true}, true},
		{"cut, not idempotent", attempt{failure: failCut, replayable: true, processed: true}, false},
		{"cut later", attempt{failure: failCut, replayable: true, processed: true, idempotent: true, answered: true}, false},
		{"the client left", attempt{failure: failClientGone, replayable: true, idempotent: true}, false},
	} {
		if got := policy.again(test.a); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

func BenchmarkPick(b *testing.B) {
	for _, n := range []int{3, 1000} {
		b.Run(map[int]string{3: "3", 1000: "1000"}[n], func(b *testing.B) {
			weights := make([]int, n)
			for i := range weights {
				weights[i] = 1
			}
			f := farmOf(weights...)
			now := time.Now()
			var w waiter
			b.ReportAllocs()
			for b.Loop() {
				f.pick(&w, now)
			}
		})
	}
}

func BenchmarkRetry(b *testing.B) {
	policy, err := newRetryPolicy(3, []string{"conn-failure", "empty-response", "503"})
	if err != nil {
		b.Fatal(err)
	}
	var spent budget
	now := time.Now()
	limits := config.NewBackend().RetryBudget
	b.ReportAllocs()
	for b.Loop() {
		if policy.again(attempt{failure: failStatus, replayable: true, processed: true, idempotent: true}) {
			spent.retry(now, limits)
		}
	}
}
