package why

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit/golden"
)

// counting counts for servers of a Memory, a step every 10 s.
type counting struct {
	m      *Memory
	sample Sample
}

func newCounting() *counting {
	return &counting{New(Options{}), Sample{At: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Servers: map[string]Tally{}}}
}

// step counts something of each server and takes a sample.
func (c *counting) step(count map[string]Tally) {
	c.count(count)
	c.sample.At = c.sample.At.Add(SampleInterval)
	c.m.Count(c.sample)
}

func (c *counting) count(count map[string]Tally) {
	for name, t := range count {
		all := c.sample.Servers[name]
		all.add(t, Tally{})
		c.sample.Servers[name] = all
	}
}

// note notes a situation that begins now.
func (c *counting) note(s *Situation) {
	s.Since = c.sample.At
	c.m.Note(s)
}

func picks(p Pick, n uint64) Tally {
	var t Tally
	t.Picks[p] = n
	return t
}

// fiveMinutes are those in which web1 was down for 140 s and some clients of web3 had its cookie.
func fiveMinutes() *counting {
	c := newCounting()
	c.note(app("roundrobin", "web1", "web2", "web3", "spare backup"))
	c.m.Count(c.sample)
	for i := range 30 {
		switch i {
		case 13:
			c.note(app("roundrobin", "web1 down (connection refused)", "web2 drain", "web3", "spare backup"))
			c.count(map[string]Tally{"app/web1": {Failed: 12, Away: 12}, "app/web3": picks(ByAlgorithm, 12)})
		case 27:
			c.note(app("roundrobin", "web1", "web2", "web3", "spare backup"))
		}
		out := i >= 13 && i < 27
		web3 := picks(ByAlgorithm, 333)
		if out {
			web3 = picks(OnlyOne, 990)
		}
		web3.Picks[ByCookie] = 9
		each := map[string]Tally{"app/web3": web3, "static/web1": picks(ByHash, 5000), "app2/web1": picks(ByHash, 7)}
		if !out {
			each["app/web1"], each["app/web2"] = picks(ByAlgorithm, 333), picks(ByAlgorithm, 334)
		}
		c.step(each)
	}
	return c
}

func TestShares(t *testing.T) {
	c := fiveMinutes()
	s := c.m.Shares("app", c.sample.At.Add(-5*time.Minute), c.sample)
	if s.Algorithm != "roundrobin" || s.To.Sub(s.From) != 5*time.Minute || len(s.Servers) != 4 {
		t.Fatalf("got %+v", s)
	}
	web3 := s.Servers[0]
	if want := uint64(12 + 16*333 + 14*990 + 30*9); web3.Server != "web3" || web3.Requests != want || web3.Picks[OnlyOne] != 14*990 || web3.Weight != 1 || web3.Weights != 3 {
		t.Errorf("web3 has %+v, want %d requests", web3, want)
	}
	// Of the requests, those that came while web1 and web2 were out are due to web3 alone.
	alone := 14.0 * 999
	if due := (alone + (float64(s.Requests)-alone)/3) / float64(s.Requests); math.Abs(web3.Due-due) > 0.001 {
		t.Errorf("web3 is due %.4f, want %.4f", web3.Due, due)
	}
	for _, share := range s.Servers {
		if share.Server == "web1" && (len(share.Out) != 1 || share.Out[0].Why != "down (connection refused)" || share.Out[0].To.Sub(share.Out[0].From) != 140*time.Second || share.Away != 12) {
			t.Errorf("web1 has %+v", share)
		}
	}
	if s := c.m.Shares("nobody", c.sample.At.Add(-5*time.Minute), c.sample); s.Requests != 0 || len(s.Servers) != 0 {
		t.Errorf("a backend that is not there has %+v", s)
	}
}

func TestSharesInWords(t *testing.T) {
	c := fiveMinutes()
	even := newCounting()
	even.note(app("leastconn", "web1 x2", "web2"))
	even.m.Count(even.sample)
	even.step(map[string]Tally{"app/web1": picks(ByAlgorithm, 2000), "app/web2": picks(ByAlgorithm, 1001)})
	even.sample.At = even.sample.At.Add(3 * time.Second)
	many := newCounting()
	many.m.Count(many.sample)
	counts := map[string]Tally{}
	var servers []string
	for i := range 1000 {
		name := fmt.Sprint("web", i+1)
		counts["app/"+name] = picks(ByHash, uint64(1000-i))
		servers = append(servers, name+map[bool]string{true: " drain"}[i%10 == 4])
	}
	many.step(counts)
	many.note(app("uri", servers...))
	many.step(nil)
	for name, test := range map[string]struct {
		*counting
		server string
	}{"down": {c, ""}, "one": {c, "web1"}, "even": {even, ""}, "many": {many, ""}, "none": {newCounting(), ""}} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			s := test.m.Shares("app", test.sample.At.Add(-5*time.Minute), test.sample)
			if err := WriteShares(&b, s, test.server); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "shares-"+name+".txt", b.String())
		})
	}
}

// TestSamples looks at what becomes of counters that begin anew, of servers that come and go, and
// of what is too old.
func TestSamples(t *testing.T) {
	c := newCounting()
	c.sample.Servers["app/web1"] = picks(ByAlgorithm, 1e6) // before anybody looked
	c.m.Count(c.sample)
	requests := func() uint64 { return c.m.Shares("app", c.sample.At.Add(-time.Hour), c.sample).Requests }
	expect := func(what string, want uint64) {
		t.Helper()
		if got := requests(); got != want {
			t.Errorf("%s: %d requests, want %d", what, got, want)
		}
	}
	expect("at the beginning", 0)
	c.step(map[string]Tally{"app/web1": picks(ByAlgorithm, 5)})
	expect("after a step", 5)
	c.count(map[string]Tally{"app/web1": picks(ByAlgorithm, 3)})
	expect("between two steps", 8)
	c.step(nil)
	expect("after another step", 8)
	c.sample.Servers["app/web1"] = picks(ByAlgorithm, 2)
	c.step(nil)
	expect("after the counters have begun anew", 10)
	delete(c.sample.Servers, "app/web1")
	c.step(map[string]Tally{"app/web2": picks(ByAlgorithm, 4)})
	expect("after another server has come", 14)
	c.step(map[string]Tally{"app/web1": picks(ByAlgorithm, 7)})
	expect("after the first one is back", 21)
	delete(c.sample.Servers, "app/web1")
	for range 100 {
		c.step(nil)
	}
	expect("after 1000 s", 0)
	if n := len(c.m.samples.servers); n != 1 {
		t.Errorf("%d servers are remembered", n)
	}
	c.step(map[string]Tally{"app/web3": picks(ByAlgorithm, 9)})
	expect("after a third has come", 9)
}

// The samples of 10,000 servers take no more than they may, and reach back less far.
func TestSamplesAreBounded(t *testing.T) {
	c := newCounting()
	for range 100 {
		each := map[string]Tally{}
		for i := range 10_000 {
			each[fmt.Sprint("app/web", i)] = Tally{Picks: [Picks]uint64{300, 300, 300, 300, 300, 300}, Failed: 300, Away: 300}
		}
		c.step(each)
	}
	if size, n := c.m.samples.size, len(c.m.samples.list); size > samplesSize || n == 0 {
		t.Errorf("%d samples take %d bytes", n, size)
	}
}
