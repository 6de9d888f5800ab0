package healthcheck

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestObserverCountsFailuresInARow(t *testing.T) {
	const ok, bad, none, refused = 200, 503, 0, -1
	for name, tc := range map[string]struct {
		layer7 bool
		seen   []int
		want   []string
	}{
		"well":                   {true, []int{ok, 404, 499, 501, 505, 100, 302}, nil},
		"three 5xx":              {true, []int{500, 502, bad}, []string{"Detected 3 consecutive errors, last one was: http status 503"}},
		"a good one between":     {true, []int{bad, bad, ok, bad, bad}, nil},
		"no answer":              {true, []int{none, none, none}, []string{"Detected 3 consecutive errors, last one was: no valid http response"}},
		"refused":                {true, []int{bad, none, refused}, []string{"Detected 3 consecutive errors, last one was: L4 unsuccessful connection"}},
		"begins anew":            {true, []int{bad, bad, bad, bad, bad}, []string{"Detected 3 consecutive errors, last one was: http status 503"}},
		"layer 4 sees no status": {false, []int{bad, bad, none, none}, nil},
		"layer 4 refused":        {false, []int{refused, refused, refused}, []string{"Detected 3 consecutive errors, last one was: L4 unsuccessful connection"}},
	} {
		var got []string
		o := &Observer{layer7: tc.layer7, limit: 3, reached: func(detail string) { got = append(got, detail) }}
		for _, status := range tc.seen {
			o.Seen(status != refused, max(status, 0))
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: got %q, want %q", name, got, tc.want)
		}
	}
}

func TestObserverActsOncePerLimit(t *testing.T) {
	var mu sync.Mutex
	reached := 0
	o := &Observer{limit: 100, reached: func(string) {
		mu.Lock()
		defer mu.Unlock()
		reached++
	}}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			for range 10 {
				o.Seen(false, 0)
			}
		})
	}
	wg.Wait()
	if reached != 1 {
		t.Errorf("100 failures with a limit of 100 acted %d times", reached)
	}
	if n := testing.AllocsPerRun(100, func() { o.Seen(true, 200) }); n > 0 {
		t.Errorf("%v allocations for a request that went well", n)
	}
}

func TestWhatObservedErrorsDo(t *testing.T) {
	for _, tc := range []struct {
		onError OnError
		want    []string // the state after each time that the limit is reached
		events  []string
	}{
		{OnErrorFastinter, []string{"UP", "UP"}, nil},
		{OnErrorFailCheck, []string{"UP 2/3", "UP 1/3", "DOWN"}, []string{"app/web1 DOWN after 3 failures: Detected 2 consecutive errors, last one was: http status 500"}},
		{OnErrorSuddenDeath, []string{"UP 1/3", "DOWN"}, []string{"app/web1 DOWN after 2 failures: Detected 2 consecutive errors, last one was: http status 500"}},
		{OnErrorMarkDown, []string{"DOWN", "DOWN"}, []string{"app/web1 DOWN after 1 failure: Detected 2 consecutive errors, last one was: http status 500"}},
	} {
		t.Run(string(tc.onError), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed()}
				spec := f.spec("web1")
				spec.Inter, spec.Fast = time.Hour, 10*time.Second
				spec.Observe, spec.Limit, spec.OnError = ObserveLayer7, 2, tc.onError
				s.Reconcile([]Spec{spec})
				pass(time.Second)
				j.take()
				o := s.Observer("app", "web1")
				for i, want := range tc.want {
					o.Seen(true, 500)
					o.Seen(true, 500)
					if st := status(t, s, "web1"); st.String() != want || st.Analyzed != uint64(i+1) {
						t.Errorf("after %d times: %v, %d analyzed, want %s", i+1, st, st.Analyzed, want)
					}
				}
				j.expect(t, "observed", tc.events...)
				if st := status(t, s, "web1"); tc.onError != OnErrorFastinter && st.Last.Status != HealthAnalyze {
					t.Errorf("the last result is %v", st.Last)
				}
				pass(10 * time.Second)
				if n := len(f.checks()); n != 2 {
					t.Errorf("%d checks, want a second one after fastinter", n)
				}
			})
		})
	}
}

func TestNobodyObservesUnasked(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		s.Reconcile([]Spec{(&fake{result: passed()}).spec("web1")})
		if s.Observer("app", "web1") != nil || s.Observer("app", "web2") != nil {
			t.Error("there is an observer")
		}
	})
}

func TestObserverOfACheckThatHasEndedDoesNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		spec := (&fake{result: passed()}).spec("web1")
		spec.Observe, spec.Limit, spec.OnError = ObserveLayer4, 1, OnErrorMarkDown
		s.Reconcile([]Spec{spec})
		pass(time.Second)
		o := s.Observer("app", "web1")
		s.Reconcile(nil)
		j.take()
		o.Seen(false, 0)
		j.expect(t, "after the end")
	})
}

func TestIntervals(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		spec := f.spec("web1")
		spec.Inter, spec.Fast, spec.Down = 10*time.Second, time.Second, time.Minute
		s.Reconcile([]Spec{spec})
		pass(time.Second)
		f.becomes(failed())
		testGaps(t, f, "up, then going down, then down", []time.Duration{spec.Inter, spec.Fast, spec.Fast, spec.Down, spec.Down})
		f.becomes(passed())
		testGaps(t, f, "down, then going up, then up", []time.Duration{spec.Down, spec.Fast, spec.Inter})
	})
}

// testGaps waits for checks and compares the time between them, from which jitter takes a tenth.
func testGaps(t *testing.T, f *fake, when string, want []time.Duration) {
	t.Helper()
	from := len(f.checks())
	for len(f.checks()) < from+len(want) {
		pass(100 * time.Millisecond)
	}
	checks := f.checks()
	for i, want := range want {
		if gap := checks[from+i].Sub(checks[from+i-1]); gap > want || gap < want*9/10 {
			t.Errorf("%s: gap %d is %v, want %v", when, i, gap, want)
		}
	}
}

func TestConditionalChecksDrain(t *testing.T) {
	m := NewMachine(MachineOptions{ID: ID{"app", "web1"}, Rise: 2, Fall: 2, Up: true}, epoch)
	now := epoch
	for i, step := range []struct {
		r           Result
		state, last string
		event       string
	}{
		{passed(), "UP", "L7OK", ""},
		{drained(), "NOLB", "L7OKC", "true true 404 Not Found"},
		{drained(), "NOLB", "L7OKC", ""},
		{failed(), "NOLB 1/2", "L4CON", ""},
		{drained(), "NOLB", "L7OKC", ""},
		{passed(), "UP", "L7OK", "true false 200 OK"},
		{drained(), "NOLB", "L7OKC", "true true 404 Not Found"},
		{failed(), "NOLB 1/2", "L4CON", ""},
		{failed(), "DOWN", "L4CON", "false false 2 failures: connection refused"},
		{drained(), "DOWN", "L7STS", ""}, // it brings nobody up
		{passed(), "DOWN 1/2", "L7OK", ""},
		{passed(), "UP", "L7OK", "true false 2 successes: 200 OK"},
	} {
		now = now.Add(time.Second)
		var event string
		if tr, changed := m.Observe(step.r, now); changed {
			event = fmt.Sprint(tr.Up, " ", tr.NoLB, " ", tr.Reason)
		}
		st := m.Status(now)
		if st.String() != step.state || string(st.Last.Status) != step.last || event != step.event {
			t.Errorf("step %d: %v %s %q, want %s %s %q", i, st, st.Last.Status, event, step.state, step.last, step.event)
		}
	}
	if st := m.Status(now); st.Downs != 1 || st.Downtime != 3*time.Second {
		t.Errorf("downs %d, downtime %v; draining is none", st.Downs, st.Downtime)
	}
}
