package balancer

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relais/internal/config"
)

// change gives a farm other settings.
func (f *farm) change(edit func(*farmSettings)) {
	settings := f.settings
	edit(&settings)
	f.set(slices.Clone(f.servers), settings, time.Now())
}

func (f *farm) configure(i int, edit func(*settings)) {
	set := *f.servers[i].settings.Load()
	edit(&set)
	f.servers[i].settings.Store(&set)
	f.change(func(*farmSettings) {})
}

func (f *farm) setUp(up string) {
	for _, s := range f.servers {
		s.SetUp(strings.Contains(up, s.Name))
	}
}

func TestBackups(t *testing.T) {
	f := farmOf(1, 1, 1, 1) // a and b, and c and d behind them
	for i := 2; i < 4; i++ {
		f.configure(i, func(s *settings) { s.Backup = true })
	}
	for _, test := range []struct {
		up         string
		allBackups bool
		want       string
	}{
		{"abcd", false, "abab"},
		{"bcd", false, "bbbb"},
		{"cd", false, "cccc"},
		{"d", false, "dddd"},
		{"cd", true, "cdcd"},
		{"", true, "----"},
	} {
		f.change(func(s *farmSettings) { s.allBackups = test.allBackups })
		f.setUp("")
		f.setUp(test.up)
		if got := picks(f, 4); got != test.want {
			t.Errorf("%q are up: got %s, want %s", test.up, got, test.want)
		}
	}
}

func TestPanicThreshold(t *testing.T) {
	f := farmOf(1, 1, 1)
	var told []bool
	f.panicked = func(on bool) { told = append(told, on) }
	f.change(func(s *farmSettings) { s.panicThreshold = 50 })
	for _, test := range []struct{ up, want string }{
		{"abc", "abcabc"},
		{"ab", "ababab"},
		{"a", "abcabc"},
		{"", "abcabc"},
		{"bc", "bcbcbc"},
	} {
		f.setUp(test.up)
		got := []byte(picks(f, 6))
		slices.Sort(got)
		want := []byte(test.want)
		slices.Sort(want)
		if string(got) != string(want) {
			t.Errorf("%q are up: got %s, want %s", test.up, got, want)
		}
	}
	if !slices.Equal(told, []bool{true, false}) {
		t.Errorf("told %v", told)
	}
}

// A server that returns gets its share of the requests little by little.
func TestSlowstart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := farmOf(100, 100)
		f.change(func(s *farmSettings) { s.slowstart = 100 * time.Second })
		if s := f.servers[1]; s.Share() != 100 {
			t.Errorf("at the start: %d %%", s.Share())
		}
		f.setUp("a")
		f.setUp("ab")
		for _, want := range []int{1, 25, 50, 75, 100} {
			f.tick(time.Now())
			if got := f.servers[1].Share(); got != want {
				t.Errorf("%d %%, want %d", got, want)
			}
			n := strings.Count(picks(f, 1000), "b")
			if fair := 1000 * want / (100 + want); n < fair-20 || n > fair+20 {
				t.Errorf("at %d %%: %d of 1,000 requests, want about %d", want, n, fair)
			}
			time.Sleep(25 * time.Second)
		}
	})
}

func TestSlowstartOfMaxconn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := farmOf(1)
		f.configure(0, func(s *settings) { s.Maxconn = 10 })
		f.change(func(s *farmSettings) { s.slowstart = 100 * time.Second })
		f.setUp("")
		f.setUp("a")
		time.Sleep(35 * time.Second)
		f.tick(time.Now())
		n, last := 0, come(f)
		for ; last.served(); last = come(f) {
			n++
		}
		<-last.done
		if n != 3 {
			t.Errorf("%d requests at once, want 3 of 10", n)
		}
	})
}

func TestRetryBudget(t *testing.T) {
	limits := config.RetryBudget{Ratio: 0.2, Floor: 2}
	begin := time.Unix(1000, 0)
	var b budget
	count := func(requests, seconds int) int {
		n := 0
		for i := range requests * seconds {
			now := begin.Add(time.Duration(i) * time.Second / time.Duration(requests))
			b.request(now)
			if b.retry(now, limits) {
				n++
			}
		}
		begin = begin.Add(time.Duration(seconds) * time.Second)
		return n
	}
	if n := count(1000, 20); n < 3900 || n > 4100 {
		t.Errorf("%d retries of 20,000 requests, want 20 %%", n)
	}
	begin = begin.Add(time.Minute)
	if n := count(3, 20); n < 40 || n > 42 {
		t.Errorf("%d retries in 20 s of 3 requests each, want 2 per second", n)
	}
}

// The oldest request without an answer is known whatever ends first.
func TestOldestFlight(t *testing.T) {
	var l flights
	at := func(n int64) time.Time { return time.Unix(n, 0) }
	w := make([]waiter, 4)
	if !l.oldest().IsZero() {
		t.Error("there is none")
	}
	for i := range w {
		l.add(&w[i], at(int64(i)))
	}
	l.remove(&w[1])
	if got := l.oldest(); got != at(0) {
		t.Error(got)
	}
	w[0].flight.answer() // a tunnel, say
	if got := l.oldest(); got != at(2) {
		t.Error(got)
	}
	l.remove(&w[0])
	l.remove(&w[2])
	if got := l.oldest(); got != at(3) {
		t.Error(got)
	}
	l.remove(&w[3])
	if !l.oldest().IsZero() || l.first != nil || l.last != nil {
		t.Error("something is left")
	}
}
