package route

import (
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relais/internal/config"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		weights []int
		want    string
	}{
		{[]int{3, 1}, "aabaaaba"},
		{[]int{1, 1, 0}, "abababab"},
		{[]int{0, 7}, "bbbbbbbb"},
	} {
		rule := config.Rule{}
		for i, w := range test.weights {
			rule.Split = append(rule.Split, config.Split{Backend: string(rune('a' + i)), Weight: w})
		}
		table, err := Compile([]config.Rule{rule}, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		for range test.want {
			got.WriteString(table.Decide(request("GET h /"), time.Now()).Backend)
		}
		if got.String() != test.want {
			t.Errorf("%v: got %s, want %s", test.weights, got.String(), test.want)
		}
	}
}

func TestRateLimit(t *testing.T) {
	table, err := Compile([]config.Rule{{RateLimit: &config.RateLimit{Requests: 2, Per: time.Second, Burst: 3, Header: "X-Key"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ask := func(at time.Duration, source, key string) string {
		r := requestFrom(source, "GET h /")
		if key != "" {
			r.header = fields{"x-key", key, "X-Key", "another"}
		}
		d := table.Decide(r, began.Add(at))
		return fmt.Sprint(d.Kind == Limited, " ", d.RetryAfter)
	}
	const passes = "false 0s"
	for _, step := range []struct {
		at          time.Duration
		source, key string
		want        string
	}{
		{0, "192.0.2.1", "k", passes}, {0, "192.0.2.2", "k", passes}, {0, "192.0.2.3", "k", passes}, // a burst of three, wherever it comes from
		{0, "192.0.2.4", "k", "true 500ms"}, {300 * time.Millisecond, "192.0.2.4", "k", "true 200ms"},
		{500 * time.Millisecond, "192.0.2.4", "k", passes}, {500 * time.Millisecond, "192.0.2.4", "k", "true 500ms"},
		{500 * time.Millisecond, "192.0.2.4", "other", passes},
		{0, "192.0.2.1", "", passes}, {0, "192.0.2.1", "", passes}, {0, "192.0.2.1", "", passes}, // without the field: by source
		{0, "192.0.2.1", "", "true 500ms"}, {0, "192.0.2.2", "", passes},
		{0, "2001:db8::1", "", passes}, {0, "2001:db8::2", "", passes}, {0, "2001:db8::3:1", "", passes}, // one network, one client
		{0, "2001:db8::4", "", "true 500ms"}, {0, "2001:db8:0:1::1", "", passes},
		{0, "", "", passes}, {0, "", "", passes}, {0, "", "", passes}, {0, "", "", "true 500ms"}, // unix sockets
		{time.Hour, "", "", passes}, {time.Hour, "", "", passes}, {time.Hour, "", "", passes}, {time.Hour, "", "", "true 500ms"},
	} {
		if got := ask(step.at, step.source, step.key); got != step.want {
			t.Errorf("%v: %q %q: got %s, want %s", step.at, step.source, step.key, got, step.want)
		}
	}
}

// However many clients come, memory does not grow, and one who is over the limit stays so.
func TestRateLimitIsBounded(t *testing.T) {
	table, err := Compile([]config.Rule{{RateLimit: &config.RateLimit{Requests: 10, Per: time.Hour}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Second)
	greedy := request("GET h /")
	for range 11 {
		table.Decide(greedy, now)
	}
	r := request("GET h /")
	limited, before := 0, allocated()
	for i := range 4 * shards * sets * ways {
		r.source = netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		if table.Decide(r, now).Kind == Limited {
			limited++
		}
	}
	if limited != 0 {
		t.Errorf("%d clients limited that came once", limited)
	}
	if n := allocated() - before; n > 4<<20 {
		t.Errorf("%d bytes are remembered", n)
	}
	if d := table.Decide(greedy, now); d.Kind != Limited {
		t.Errorf("the flood has washed out who is over the limit: %+v", d)
	}
}

// allocated is how many bytes of memory are in use.
func allocated() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestConcurrency(t *testing.T) {
	table, err := Compile([]config.Rule{
		{Concurrency: &config.Concurrency{Requests: 4}},
		{Match: config.Match{Path: []string{"/denied"}}, Deny: 403},
		{Concurrency: &config.Concurrency{Requests: 3}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var under, most atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 2000 {
				r := request("GET h /")
				if i%3 == 0 {
					r = request("GET h /denied")
				}
				if d := table.Decide(r, time.Now()); d.Kind == Default {
					n := under.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					under.Add(-1)
				}
				r.Release()
				r.Release() // once counts
			}
		})
	}
	all.Wait()
	if n := most.Load(); n > 3 {
		t.Errorf("%d at once", n)
	}
	for i := range 3 {
		if d := table.Decide(request("GET h /"), time.Now()); d.Kind != Default {
			t.Fatalf("request %d: %+v: a slot has leaked", i, d)
		}
	}
	if d := table.Decide(request("GET h /"), time.Now()); d.Kind != Full || d.Rule != 3 {
		t.Errorf("the fourth: %+v", d)
	}
}
