package balancer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relais/balancer/why"
)

// situations of a farm as text: the servers with their weights, or why they are out.
func (f *farm) told() (all []string) {
	for _, s := range (&Backend{farm: f}).Situations() {
		var b strings.Builder
		for _, c := range s.Servers {
			fmt.Fprintf(&b, "%s:%d%s ", c.Server, c.Weight, c.Out)
		}
		all = append(all, strings.TrimSpace(b.String()))
	}
	return all
}

func TestSituationsFollowTheServers(t *testing.T) {
	f := farmOf(1, 2, 1)
	a, b := f.servers[0], f.servers[1]
	steps := []struct {
		do   func()
		want string // empty: nothing new
	}{
		{func() {}, "a:1 b:2 c:1"},
		{func() { f.changed(time.Now()) }, ""},
		{func() { a.SetUp(false) }, "a:1down b:2 c:1"},
		{func() { a.SetUp(true) }, "a:1 b:2 c:1"},
		{func() { a.SetAdvice(Advice{Weight: -1, Maxconn: -1, Down: true}) }, "a:1down (agent) b:2 c:1"},
		{func() { a.SetAdvice(Advice{Weight: -1, Maxconn: -1, Drain: true}) }, "a:1drain (agent) b:2 c:1"},
		{func() { a.SetAdvice(Advice{Weight: -1, Maxconn: -1, Maintenance: true}) }, "a:1maint (agent) b:2 c:1"},
		{func() { a.SetAdvice(Advice{Weight: 100, Maxconn: 7}) }, "a:1 b:2 c:1"},
		{func() { b.SetOrders(Orders{State: "drain", Weight: -1, Maxconn: -1}) }, "a:1 b:2drain c:1"},
		{func() { b.SetOrders(Orders{State: "maint", Weight: -1, Maxconn: -1}) }, "a:1 b:2maint c:1"},
		{func() { b.SetUp(false) }, ""}, // it is in maintenance all the same
		{func() { b.SetOrders(Orders{Weight: -1, Maxconn: -1, Leader: true}) }, "a:1 b:2maint (tracked server) c:1"},
		{func() { b.SetUp(true); b.SetOrders(Orders{Weight: 0, Maxconn: -1}) }, "a:1 b:0weight 0 c:1"},
		{func() { b.SetOrders(Orders{Weight: 9, Maxconn: -1}) }, "a:1 b:9 c:1"},
		{func() { b.SetNoLB(true) }, "a:1 b:9no load balancing c:1"},
		{func() { f.configure(2, func(s *settings) { s.Backup = true }) }, "a:1 b:9no load balancing c:1backup"},
		{func() { a.SetUp(false) }, "a:1down b:9no load balancing c:1"},
		{func() { f.set(f.servers[:2], f.settings, time.Now()) }, "a:1down b:9no load balancing"},
	}
	var want []string
	for i, step := range steps {
		step.do()
		if step.want != "" {
			want = append(want, step.want)
		}
		if got := f.told(); !slices.Equal(got, want) {
			t.Fatalf("step %d: got\n%s\nwant\n%s", i+1, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// What no request has seen and nobody has asked for is not made.
func TestSituationsThatNobodySees(t *testing.T) {
	f := farmOf(1, 1)
	var w waiter
	f.pick(&w, time.Now())
	before := w.situation
	for _, up := range []bool{false, true, false} {
		f.servers[0].SetUp(up)
	}
	f.pick(&w, time.Now())
	if w.situation == before || len(f.situations.all) != 2 {
		t.Errorf("there are %d situations, want 2", len(f.situations.all))
	}
	before = w.situation
	f.changed(time.Now())
	if f.pick(&w, time.Now()); w.situation != before {
		t.Error("nothing has changed, and there is a new situation")
	}
}

func TestSituationsAreBounded(t *testing.T) {
	for _, test := range []struct{ servers, want int }{{1, 64}, {1000, 64}, {10_000, 6}, {70_000, 1}} {
		var l situations
		for i := range 100 {
			l.add(&situation{Situation: why.Situation{Servers: make([]why.Candidate, test.servers), Since: time.Unix(int64(i), 0)}})
		}
		if last := l.all[len(l.all)-1]; len(l.all) != test.want || last != l.last || last.Since.Unix() != 99 {
			t.Errorf("of %d servers there are %d situations, want %d", test.servers, len(l.all), test.want)
		}
	}
}

// A slow start is a few situations, not one each second, though each second has its weight.
func TestSituationsOfASlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := farmOf(100, 100)
		f.change(func(s *farmSettings) { s.slowstart = 5 * time.Minute })
		f.setUp("a")
		f.setUp("ab")
		var w waiter
		for range 400 {
			f.tick(time.Now())
			f.pick(&w, time.Now())
			time.Sleep(time.Second)
		}
		got := f.told()
		if len(got) != 11 || got[0] != "a:100 b:1" || got[1] != "a:100 b:10" || got[10] != "a:100 b:100" {
			t.Errorf("got %q", got)
		}
	})
}

// BenchmarkReset is what a change of 1,000 servers costs, and its situation.
func BenchmarkReset(b *testing.B) {
	f := farmOf(slices.Repeat([]int{1}, 1000)...)
	for _, seen := range []bool{false, true} {
		b.Run(fmt.Sprintf("seen=%v", seen), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.servers[0].down.Store(!f.servers[0].down.Load())
				f.changed(time.Now())
				if seen {
					f.situation()
				}
			}
		})
	}
}
