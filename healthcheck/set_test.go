package healthcheck

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestSetChecksAtOnceThenEveryInter(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		begin := time.Now()
		var all []*fake
		var want []Spec
		for i := range 20 {
			all = append(all, &fake{result: passed(), takes: 300 * time.Millisecond})
			want = append(want, all[i].spec(fmt.Sprint("web", i)))
		}
		s.Reconcile(want)
		pass(5 * time.Minute)

		gaps := map[time.Duration]bool{}
		for i, f := range all {
			checks := f.checks()
			if !checks[0].Equal(begin) {
				t.Errorf("web%d: first check %v after the start, want at once", i, checks[0].Sub(begin))
			}
			for k := 1; k < len(checks); k++ {
				gap := checks[k].Sub(checks[k-1])
				gaps[gap] = true
				if gap > 2*time.Second || gap < 1800*time.Millisecond {
					t.Fatalf("web%d: %v from start to start, want 1.8s to 2s", i, gap)
				}
			}
			if n := len(checks); n < 150 || n > 168 {
				t.Errorf("web%d: %d checks in 5 minutes", i, n)
			}
		}
		if len(gaps) < 1000 {
			t.Errorf("%d different gaps: the checks march in step", len(gaps))
		}
	})
}

func TestSlowServerDelaysNobodyAndIsNotAskedTwiceAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		slow := &fake{result: passed(), takes: 7 * time.Second}
		quick := &fake{result: passed()}
		patient := slow.spec("slow")
		patient.Timeout = 10 * time.Second
		s.Reconcile([]Spec{patient, quick.spec("quick")})
		pass(70 * time.Second)

		if n := len(quick.checks()); n < 35 {
			t.Errorf("%d checks of the quick server in 70 s with inter 2 s", n)
		}
		if status(t, s, "quick").Running {
			t.Error("a check that has ended is said to be under way")
		}
		checks := slow.checks()
		for i := 1; i < len(checks); i++ {
			if gap := checks[i].Sub(checks[i-1]); gap != 7*time.Second {
				t.Errorf("%v between checks that take 7 s with inter 2 s, want the next one right after", gap)
			}
		}
		if slow.maximum != 1 {
			t.Errorf("%d checks of one server at once", slow.maximum)
		}
		if st := status(t, s, "slow"); !st.Running || st.Last.Status != L7OK {
			t.Errorf("running %v, last %v; want a check under way and the result of the one before", st.Running, st.Last.Status)
		}
	})
}

func TestWhatWasMissedIsNotMadeUpFor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed(), takes: time.Hour}
		spec := f.spec("web1")
		spec.Timeout = 2 * time.Hour
		s.Reconcile([]Spec{spec})
		pass(time.Minute)
		f.mu.Lock()
		f.takes = 0
		f.mu.Unlock()
		pass(time.Hour - time.Minute + 19*time.Second)
		if n := len(f.checks()); n < 11 || n > 12 {
			t.Errorf("%d checks: one hour long, then 19 s with inter 2 s; want 11 or 12", n)
		}
	})
}

func TestTimeoutEndsACheck(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed(), takes: time.Hour}
		spec := f.spec("web1")
		spec.Timeout = 500 * time.Millisecond
		s.Reconcile([]Spec{spec})
		pass(499 * time.Millisecond)
		j.expect(t, "before the timeout", "app/web1 UP at start")
		pass(time.Millisecond)
		j.expect(t, "after the timeout", "app/web1 DOWN after 1 failure: no answer")
	})
}

func TestTransitionsAreReportedOnceEach(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		s.Reconcile([]Spec{f.spec("web1")})
		pass(time.Minute)
		j.expect(t, "well", "app/web1 UP at start")

		f.becomes(failed())
		pass(time.Minute)
		j.expect(t, "down", "app/web1 DOWN after 3 failures: connection refused")
		st := status(t, s, "web1")
		if st.String() != "DOWN" || st.Downs != 1 || st.Failures != 3 || len(st.Events) != 1 {
			t.Errorf("%v, downs %d, failures %d, %d events; want DOWN, 1, 3, 1", st, st.Downs, st.Failures, len(st.Events))
		}
		if st.Downtime < 54*time.Second || st.Downtime > 57*time.Second {
			t.Errorf("downtime %v a minute after the server went away", st.Downtime)
		}

		f.becomes(passed())
		pass(time.Minute)
		j.expect(t, "up again", "app/web1 UP after 2 successes: 200 OK")

		f.becomes(short())
		pass(time.Hour)
		j.expect(t, "an hour of our own shortage")
		if st := status(t, s, "web1"); st.String() != "UP" || st.Last.Status != SocketError {
			t.Errorf("%v with %v after our own shortage, want UP with SOCKERR", st, st.Last.Status)
		}
	})
}

func TestTransitionIsReportedBeforeTheNextCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{result: failed()}
		var s *Set
		reported := 0
		s = NewSet(Options{OnTransition: func(c Transition) {
			if st := status(t, s, "web1"); st.Up != c.Up {
				t.Errorf("the status says up %v while up %v is reported", st.Up, c.Up)
			}
			before := len(f.checks())
			time.Sleep(time.Minute)
			if after := len(f.checks()); after != before {
				t.Errorf("%d checks while a transition was being reported", after-before)
			}
			reported++
		}})
		s.Reconcile([]Spec{f.spec("web1")})
		pass(time.Hour)
		s.Stop()
		if reported != 1 {
			t.Errorf("%d reports, want 1", reported)
		}
	})
}

func TestRecheck(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		s.Reconcile([]Spec{f.spec("web1")})
		pass(time.Minute)
		begin, asked := f.checks()[len(f.checks())-1], len(f.checks())
		time.Sleep(time.Until(begin.Add(time.Second)))

		f.becomes(failed())
		for range 100 {
			s.Recheck("app", "web1")
		}
		synctest.Wait()
		if n := len(f.checks()) - asked; n != 1 {
			t.Errorf("%d checks right after traffic had failed, want 1", n)
		}
		for range 1000 {
			s.Recheck("app", "web1")
			pass(time.Millisecond)
		}
		checks := f.checks()
		for i := asked; i < len(checks); i++ {
			if gap := checks[i].Sub(checks[i-1]); gap < recheckGap {
				t.Errorf("%v between two checks, want at least %v", gap, recheckGap)
			}
		}
		if n := len(checks) - asked; n < 4 || n > 5 {
			t.Errorf("%d checks within a second of failing traffic, want 4 or 5", n)
		}
		if st := status(t, s, "web1"); st.Up {
			t.Error("still up a second after traffic began to fail")
		}
		s.Recheck("app", "unknown")
	})
}

func TestRecheckNeverPutsACheckOff(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		spec := f.spec("web1")
		spec.Inter = 100 * time.Millisecond
		s.Reconcile([]Spec{spec})
		for range 1000 {
			s.Recheck("app", "web1")
			pass(time.Millisecond)
		}
		if n := len(f.checks()); n < 10 || n > 12 {
			t.Errorf("%d checks in a second with inter 100 ms, want 10 to 12", n)
		}
	})
}

func TestStopEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var j journal
		s := NewSet(j.options())
		f := &fake{result: passed(), takes: time.Second}
		s.Reconcile([]Spec{f.spec("web1"), f.spec("web2")})
		pass(500 * time.Millisecond)
		s.Stop()
		if f.atOnce != 0 {
			t.Error("Stop returned while checks were under way")
		}
		j.take()
		s.Stop()
		s.Reconcile([]Spec{f.spec("web3")})
		s.Recheck("app", "web1")
		pass(time.Minute)
		j.expect(t, "after Stop")
		if n := len(f.checks()); n != 2 {
			t.Errorf("%d checks, want the two before Stop", n)
		}
		if st := status(t, s, "web1"); st.Last.Status != StatusUnknown {
			t.Errorf("a check that was called off counts as %v", st.Last.Status)
		}
	})
}

// TestSetUnderFire lets everything happen at once; it is for the race detector.
func TestSetUnderFire(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		var all []Spec
		for i := range 50 {
			f := &fake{result: passed(), takes: time.Duration(i) * time.Millisecond}
			all = append(all, f.spec(fmt.Sprint("web", i)))
		}
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for round := range 50 {
					s.Reconcile(all[(worker+round)%25:])
					s.Status("app", "web30")
					s.Recheck("app", "web30")
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
		wg.Wait()
		s.Reconcile(all)
		pass(time.Minute)
		for i := range all {
			if st := status(t, s, fmt.Sprint("web", i)); st.String() != "UP" {
				t.Errorf("web%d is %v, want UP", i, st)
			}
		}
	})
}
