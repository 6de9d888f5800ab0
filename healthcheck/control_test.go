package healthcheck

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

var web1 = ID{"app", "web1"}

// reload makes the checks those of spec, unchanged or with another interval.
func reload(s *Set, spec *Spec, changed bool) {
	if changed {
		spec.Inter++
	}
	s.Reconcile([]Spec{*spec})
}

func TestPausedServerStaysWhatItIs(t *testing.T) {
	for _, tc := range []struct {
		name          string
		before, while Result
		state         string
		events        []string // of what comes after
	}{
		{"up, and fails meanwhile", passed(), failed(), "UP", []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{"down, and is well meanwhile", failed(), passed(), "DOWN", []string{"app/web1 UP after 2 successes: 200 OK"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed()}
				spec := f.spec("web1")
				s.Reconcile([]Spec{spec})
				pass(10 * time.Second)
				f.becomes(tc.before)
				pass(10 * time.Second)
				j.take()

				if !s.Pause(web1, true) {
					t.Fatal("a server that is checked cannot be paused")
				}
				f.becomes(tc.while)
				asked := len(f.checks())
				pass(time.Minute)
				s.Recheck("app", "web1")
				pass(time.Minute)
				j.expect(t, "while paused")
				if n := len(f.checks()) - asked; n != 0 {
					t.Errorf("%d checks while paused", n)
				}
				if st := status(t, s, "web1"); st.String() != tc.state || !st.Paused {
					t.Errorf("%v, paused %v; want %s and paused", st, st.Paused, tc.state)
				}

				resumed := time.Now()
				s.Pause(web1, false)
				pass(recheckGap)
				if checks := f.checks(); len(checks) != asked+1 || !checks[asked].Equal(resumed) {
					t.Errorf("%d checks at once, want 1", len(checks)-asked)
				}
				s.Pause(web1, false)
				pass(0)
				if n := len(f.checks()) - asked; n != 1 {
					t.Errorf("%d checks after it was resumed twice, want 1", n)
				}
				pass(time.Minute)
				j.expect(t, "afterwards", tc.events...)
				if st := status(t, s, "web1"); st.Paused || st.Late > 0 {
					t.Errorf("paused %v, late by %v", st.Paused, st.Late)
				}
			})
		})
	}
}

func TestCheckUnderWayIsCalledOff(t *testing.T) {
	for name, hold := range map[string]func(s *Set, on bool){
		"pause":    func(s *Set, on bool) { s.Pause(web1, on) },
		"maintain": func(s *Set, on bool) { s.Maintain(web1, on) },
		"freeze":   func(s *Set, on bool) { s.Freeze(on) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: failed(), takes: time.Second}
				s.Reconcile([]Spec{f.spec("web1")})
				pass(500 * time.Millisecond)
				j.take()
				hold(s, true)
				pass(0)
				if f.atOnce != 0 || status(t, s, "web1").Running {
					t.Error("the check goes on")
				}
				f.becomes(passed())
				hold(s, false) // the next one may begin now
				j.take()
				pass(900 * time.Millisecond)
				if st := status(t, s, "web1"); st.Last.Status != StatusUnknown || st.Failures != 0 || !st.Running {
					t.Errorf("a check that was called off counts: %+v", st)
				}
				pass(100 * time.Millisecond)
				if st := status(t, s, "web1"); st.Last.Status != L7OK {
					t.Errorf("the check that followed found %v", st.Last)
				}
			})
		})
	}
}

// TestReasonsToWaitAreIndependent steps through commands, with reloads between. Of each it says
// whether the server is checked after it.
func TestReasonsToWaitAreIndependent(t *testing.T) {
	commands := map[string]func(*Set, *Spec){
		"pause":    func(s *Set, _ *Spec) { s.Pause(web1, true) },
		"resume":   func(s *Set, _ *Spec) { s.Pause(web1, false) },
		"maint":    func(s *Set, _ *Spec) { s.Maintain(web1, true) },
		"ready":    func(s *Set, _ *Spec) { s.Maintain(web1, false) },
		"freeze":   func(s *Set, _ *Spec) { s.Freeze(true) },
		"unfreeze": func(s *Set, _ *Spec) { s.Freeze(false) },
		"reload":   func(s *Set, spec *Spec) { reload(s, spec, false) },
		"change":   func(s *Set, spec *Spec) { reload(s, spec, true) },
		"move":     func(s *Set, spec *Spec) { spec.Owner += "x"; reload(s, spec, false) },
	}
	type step struct {
		command string
		checked bool
	}
	for _, steps := range [][]step{
		{{"pause", false}, {"pause", false}, {"resume", true}, {"resume", true}},
		{{"maint", false}, {"maint", false}, {"ready", true}, {"ready", true}},
		{{"freeze", false}, {"freeze", false}, {"unfreeze", true}, {"unfreeze", true}},
		{{"pause", false}, {"maint", false}, {"freeze", false}, {"resume", false}, {"unfreeze", false}, {"ready", true}},
		{{"freeze", false}, {"maint", false}, {"pause", false}, {"ready", false}, {"unfreeze", false}, {"resume", true}},
		{{"maint", false}, {"pause", false}, {"resume", false}, {"ready", true}},
		{{"pause", false}, {"reload", false}, {"change", false}, {"move", false}, {"resume", true}},
		{{"maint", false}, {"reload", false}, {"change", false}, {"move", false}, {"ready", true}},
		{{"freeze", false}, {"reload", false}, {"change", false}, {"move", false}, {"unfreeze", true}},
		{{"pause", false}, {"maint", false}, {"change", false}, {"ready", false}, {"change", false}, {"resume", true}, {"change", true}},
	} {
		t.Run(fmt.Sprint(steps), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed()}
				spec := f.spec("web1")
				s.Reconcile([]Spec{spec})
				pass(time.Minute)
				for i, step := range steps {
					commands[step.command](s, &spec)
					pass(0)
					asked := len(f.checks())
					pass(time.Minute)
					if checked := len(f.checks()) > asked; checked != step.checked {
						t.Errorf("checked %v after %s (%d), want %v", checked, step.command, i, step.checked)
					}
				}
			})
		})
	}
}

func TestMaintenanceEndsWithRiseChecks(t *testing.T) {
	for _, tc := range []struct {
		name       string
		before     Result
		during     func(*Set)
		after      Result
		start      string
		events     []string
		downs      uint64
		state      string
		firstCheck bool // at once
	}{
		{"well", passed(), nil, passed(), "app/web1 DOWN at start", []string{"app/web1 UP after 3 successes: 200 OK"}, 0, "UP", true},
		{"down before", failed(), nil, passed(), "app/web1 DOWN at start", []string{"app/web1 UP after 3 successes: 200 OK"}, 1, "UP", true},
		{"ill", passed(), nil, failed(), "app/web1 DOWN at start", nil, 0, "DOWN", true},
		{"stopping before", drained(), nil, passed(), "app/web1 DOWN at start", []string{"app/web1 UP after 3 successes: 200 OK"}, 0, "UP", true},
		{"forced up meanwhile", failed(), func(s *Set) { s.Force(web1, ForceUp, "") }, passed(),
			"app/web1 DOWN at start", []string{"app/web1 UP after 3 successes: 200 OK"}, 1, "UP", true},
		{"paused as well", passed(), func(s *Set) { s.Pause(web1, true) }, failed(), "app/web1 UP at start", nil, 0, "UP", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed()}
				spec := f.spec("web1")
				spec.Inter, spec.Fast, spec.Rise = 20*time.Second, time.Second, 3
				s.Reconcile([]Spec{spec})
				pass(time.Minute)
				f.becomes(tc.before)
				pass(5 * time.Minute)
				if !s.Maintain(web1, true) {
					t.Fatal("a server that is checked cannot be maintained")
				}
				f.becomes(tc.after)
				if tc.during != nil {
					tc.during(s)
				}
				pass(5 * time.Minute)
				if st := status(t, s, "web1"); !st.Maintained {
					t.Error("the status does not say that the server is in maintenance")
				}
				j.take()

				asked, ready := len(f.checks()), time.Now()
				s.Maintain(web1, false)
				j.expect(t, "when Maintain returned", tc.start)
				pass(0)
				if checked := len(f.checks()) > asked; checked != tc.firstCheck {
					t.Errorf("checked at once: %v, want %v", checked, tc.firstCheck)
				}
				pass(5 * time.Second)
				j.expect(t, "5 s later", tc.events...)
				st := status(t, s, "web1")
				if st.Downs != tc.downs || st.String() != tc.state || st.Maintained {
					t.Errorf("%v, downs %d, maintained %v; want %s and %d", st, st.Downs, st.Maintained, tc.state, tc.downs)
				}
				if back := st.LastChange.Sub(ready); len(tc.events) > 0 && (back > 2*time.Second || back < 1800*time.Millisecond) {
					t.Errorf("back after %v, want fastinter twice", back)
				}
				s.Maintain(web1, false)
				j.expect(t, "the second time")
			})
		})
	}
}

func TestObserverIsDeafWhileNothingIsChecked(t *testing.T) {
	for name, hold := range map[string]func(s *Set, on bool){
		"pause":  func(s *Set, on bool) { s.Pause(web1, on) },
		"freeze": func(s *Set, on bool) { s.Freeze(on) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				spec := (&fake{result: passed()}).spec("web1")
				spec.Inter, spec.Observe, spec.Limit, spec.OnError = time.Hour, ObserveLayer4, 2, OnErrorMarkDown
				s.Reconcile([]Spec{spec})
				pass(time.Second)
				j.take()
				o := s.Observer("app", "web1")
				hold(s, true)
				for range 5 {
					o.Seen(false, 0)
				}
				if st := status(t, s, "web1"); st.String() != "UP" || st.Analyzed != 0 {
					t.Errorf("%v, %d analyzed, want UP and none", st, st.Analyzed)
				}
				hold(s, false)
				o.Seen(false, 0)
				j.expect(t, "one failure afterwards")
				o.Seen(false, 0)
				j.expect(t, "two failures afterwards", "app/web1 DOWN after 1 failure: Detected 2 consecutive errors, last one was: L4 unsuccessful connection")
			})
		})
	}
}

func TestNobodyWaitsForACheckThatIsHeld(t *testing.T) {
	for name, tc := range map[string]struct {
		hold     func(*Set)
		answered bool
	}{
		"paused":         {func(s *Set) { s.Pause(web1, true) }, true},
		"in maintenance": {func(s *Set) { s.Maintain(web1, true) }, true},
		"both, and back": {func(s *Set) { s.Pause(web1, true); s.Maintain(web1, true); s.Pause(web1, false) }, true},
		"paused, then changed": {func(s *Set) {
			spec := (&fake{takes: time.Hour}).spec("web1")
			s.Pause(web1, true)
			spec.Inter++
			s.Reconcile([]Spec{spec, (&fake{takes: time.Second}).spec("web2")})
		}, true},
		"paused, then gone": {func(s *Set) {
			s.Pause(web1, true)
			s.Reconcile([]Spec{(&fake{takes: time.Second}).spec("web2")})
		}, true},
		"frozen": {func(s *Set) { s.Freeze(true) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				never, slow := (&fake{takes: time.Hour}).spec("web1"), &fake{takes: time.Second}
				never.Timeout = time.Hour
				s.Reconcile([]Spec{never, slow.spec("web2")})
				pass(500 * time.Millisecond)
				tc.hold(s)
				if closed(s.Answered()) {
					t.Error("answered though another check is still under way")
				}
				pass(time.Minute)
				if closed(s.Answered()) != tc.answered {
					t.Errorf("answered %v, want %v", closed(s.Answered()), tc.answered)
				}
			})
		})
	}
}

func TestFrozenChecksGoOnWhenTheyAreDue(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		spec := f.spec("web1")
		spec.Inter = 10 * time.Second
		s.Reconcile([]Spec{spec})
		pass(5 * time.Second)
		s.Freeze(true)
		pass(time.Second)
		s.Freeze(false)
		pass(2900 * time.Millisecond)
		if n := len(f.checks()); n != 1 {
			t.Errorf("%d checks, want the next one when it is due", n)
		}
		pass(1100 * time.Millisecond)
		if n := len(f.checks()); n != 2 {
			t.Errorf("%d checks, want one after inter", n)
		}
		s.Freeze(true)
		pass(time.Minute)
		s.Freeze(false)
		pass(0)
		if st := status(t, s, "web1"); len(f.checks()) != 3 || st.Late != 0 {
			t.Errorf("%d checks, late by %v; want one that is overdue at once", len(f.checks()), st.Late)
		}
	})
}

func TestControlOfUnknownServers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		try := func(when string) {
			t.Helper()
			_, forced := s.Force(web1, ForceDown, "")
			if s.Pause(web1, true) || s.Maintain(web1, true) || s.Maintain(web1, false) || forced {
				t.Errorf("%s: there is nothing to control", when)
			}
			j.expect(t, when)
		}
		try("before the start")
		s.Reconcile([]Spec{(&fake{result: passed()}).spec("web1")})
		s.Pause(web1, true)
		s.Reconcile(nil)
		j.take()
		try("removed")
		s.Reconcile([]Spec{(&fake{result: passed()}).spec("web1")})
		if status(t, s, "web1").Paused {
			t.Error("paused though it was gone meanwhile")
		}
		s.Stop()
		j.take()
		try("stopped")
		s.Freeze(true)
		s.Freeze(false)
	})
}

// TestControlUnderFire lets operators, traffic and reloads meet; it is for the race detector.
func TestControlUnderFire(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed(), takes: time.Millisecond}
		spec := f.spec("web1")
		spec.Inter, spec.Observe, spec.Limit, spec.OnError = 5*time.Millisecond, ObserveLayer7, 1, OnErrorFailCheck
		s.Reconcile([]Spec{spec})
		var wg sync.WaitGroup
		for worker, act := range []func(round int){
			func(n int) { s.Pause(web1, n%2 == 0) },
			func(n int) { s.Maintain(web1, n%2 == 0) },
			func(n int) { s.Freeze(n%2 == 0) },
			func(n int) { s.Force(web1, []Forced{ForceUp, ForceStopping, ForceDown}[n%3], "alice") },
			func(n int) { s.Status("app", "web1"); s.Export(); s.Recheck("app", "web1") },
			func(n int) {
				if o := s.Observer("app", "web1"); o != nil {
					o.Seen(true, 500)
				}
			},
			func(n int) {
				changed := spec
				changed.Inter += time.Duration(n % 3)
				changed.Owner = fmt.Sprint(n % 4 / 2)
				s.Reconcile([]Spec{changed})
			},
		} {
			wg.Go(func() {
				for round := range 200 {
					act(round)
					time.Sleep(time.Duration(worker+1) * time.Millisecond)
				}
			})
		}
		wg.Wait()
		s.Pause(web1, false)
		s.Maintain(web1, false)
		s.Freeze(false)
		pass(time.Minute)
		if st := status(t, s, "web1"); st.String() != "UP" || !closed(s.Answered()) {
			t.Errorf("%v, answered %v; want UP", st, closed(s.Answered()))
		}
	})
}
