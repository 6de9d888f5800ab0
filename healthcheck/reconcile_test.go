package healthcheck

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestInitial(t *testing.T) {
	for _, tc := range []struct {
		initial Initial
		later   bool
		want    string
	}{
		{InitialAuto, false, "UP 1/3"},
		{InitialAuto, true, "DOWN"},
		{"", false, "UP 1/3"},
		{"", true, "DOWN"},
		{InitialUp, false, "UP 1/3"},
		{InitialUp, true, "UP 1/3"},
		{InitialDown, false, "DOWN"},
		{InitialDown, true, "DOWN"},
	} {
		t.Run(fmt.Sprintf("%s later %v", tc.initial, tc.later), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed(), takes: time.Second}
				spec := f.spec("web1")
				spec.Initial = tc.initial
				if tc.later {
					s.Reconcile(nil)
				}
				s.Reconcile([]Spec{spec})
				word, _, _ := strings.Cut(tc.want, " ")
				j.expect(t, "at start", "app/web1 "+word+" at start")
				if st := status(t, s, "web1"); st.String() != tc.want {
					t.Errorf("before the first check %v, want %s", st, tc.want)
				}
				pass(time.Second)
				if st := status(t, s, "web1"); st.String() != "UP" {
					t.Errorf("after one success %v, want UP", st)
				}
			})
		})
	}
}

func TestReconcileKeepsWhatHasNotChanged(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		kept, gone := &fake{result: passed()}, &fake{result: passed()}
		s.Reconcile([]Spec{kept.spec("kept"), gone.spec("gone")})
		pass(10 * time.Second)
		kept.becomes(failed())
		gone.becomes(failed())
		pass(2 * time.Second)
		before, asked := status(t, s, "kept"), kept.checks()
		j.take()

		added := &fake{result: passed(), takes: time.Millisecond}
		s.Reconcile([]Spec{kept.spec("kept"), added.spec("added")})
		j.expect(t, "at the reload", "app/added DOWN at start")
		if after := status(t, s, "kept"); after.Level != before.Level || after.Failures != before.Failures || after.String() != "UP 2/3" {
			t.Errorf("%v before the reload, %v after it; want UP 2/3 both times", before, after)
		}
		if len(kept.checks()) != len(asked) {
			t.Error("the reload made an extra check of a server whose settings had not changed")
		}
		if _, ok := s.Status("app", "gone"); ok {
			t.Error("a removed server still has a status")
		}

		asked = gone.checks()
		pass(time.Minute)
		if len(gone.checks()) != len(asked) {
			t.Error("a removed server is still checked")
		}
		j.expect(t, "after the reload", "app/added UP after 1 success: 200 OK", "app/kept DOWN after 3 failures: connection refused")
	})
}

func TestReconcileStartsAnewWhatHasChangedButKeepsItsBooks(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"key":     func(s *Spec) { s.Key = "GET /other" },
		"inter":   func(s *Spec) { s.Inter = time.Second },
		"timeout": func(s *Spec) { s.Timeout = time.Second },
		"rise":    func(s *Spec) { s.Rise = 1 },
		"fall":    func(s *Spec) { s.Fall = 2 },
		"initial": func(s *Spec) { s.Initial = InitialDown },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed(), takes: time.Millisecond}
				spec := f.spec("web1")
				s.Reconcile([]Spec{spec})
				pass(10 * time.Second)
				f.becomes(failed())
				pass(10 * time.Second)
				f.becomes(passed())
				pass(10 * time.Second)
				before := status(t, s, "web1")
				if before.Downs != 1 || before.Failures != 3 || len(before.Events) != 2 || before.Downtime < time.Second {
					t.Fatalf("before the reload: %+v", before)
				}
				change(&spec)
				s.Reconcile([]Spec{spec})
				st := status(t, s, "web1")
				if st.Last.Status != StatusUnknown || st.Level != st.Rise {
					t.Errorf("last result %v, level %d of rise %d; want a check that starts anew", st.Last.Status, st.Level, st.Rise)
				}
				if st.Failures != 3 || st.Downs != 1 || st.Downtime != before.Downtime ||
					!st.LastChange.Equal(before.LastChange) || !slices.Equal(st.Events, before.Events) {
					t.Errorf("the books were\n%+v\nand are\n%+v", before, st)
				}
			})
		})
	}
}

func TestChangedSettingsDoNotTakeAServerOut(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		well, ill := &fake{result: passed()}, &fake{result: failed()}
		s.Reconcile([]Spec{well.spec("well"), ill.spec("ill")})
		pass(time.Minute)
		j.take()

		specs := []Spec{well.spec("well"), ill.spec("ill")}
		for i := range specs {
			specs[i].Key = "GET /other"
		}
		s.Reconcile(specs)
		j.expect(t, "at the reload", "app/well UP at start", "app/ill DOWN at start")
		pass(time.Minute)
		j.expect(t, "after the reload")
	})
}

func TestChangedSettingsDoNotEaseTheWayBack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		spec := f.spec("web1")
		s.Reconcile([]Spec{spec})
		pass(time.Minute)
		f.becomes(failed())
		pass(time.Minute)
		j.take()
		f.becomes(passed())
		spec.Inter = time.Second
		s.Reconcile([]Spec{spec})
		j.expect(t, "at the reload", "app/web1 DOWN at start")
		pass(time.Minute)
		j.expect(t, "after the reload", "app/web1 UP after 2 successes: 200 OK")
	})
}

func TestAnotherOwnerStartsDownAndWithEmptyBooks(t *testing.T) {
	for _, tc := range []struct {
		name    string
		initial Initial
		change  func(*Set)
		start   string
		then    []string
	}{
		{"auto", InitialAuto, nil, "app/web1 DOWN at start", []string{"app/web1 UP after 1 success: 200 OK"}},
		{"init-state up", InitialUp, nil, "app/web1 UP at start", nil},
		{"init-state down", InitialDown, nil, "app/web1 DOWN at start", []string{"app/web1 UP after 1 success: 200 OK"}},
		{"paused", InitialAuto, func(s *Set) { s.Pause(ID{"app", "web1"}, true) }, "app/web1 UP at start", nil},
		{"in maintenance", InitialAuto, func(s *Set) { s.Maintain(ID{"app", "web1"}, true) }, "app/web1 DOWN at start", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed(), takes: time.Millisecond}
				spec := f.spec("web1")
				spec.Owner, spec.Initial = "10.0.0.1:80", tc.initial
				s.Reconcile([]Spec{spec})
				pass(10 * time.Second)
				f.becomes(failed())
				pass(10 * time.Second)
				f.becomes(passed())
				pass(10 * time.Second)
				if tc.change != nil {
					tc.change(s)
				}
				j.take()

				spec.Owner = "10.0.0.2:80"
				s.Reconcile([]Spec{spec})
				j.expect(t, "at the change", tc.start)
				if st := status(t, s, "web1"); st.Failures != 0 || st.Downs != 0 || st.Downtime != 0 || len(st.Events) != 0 {
					t.Errorf("another server has the books of the one before: %+v", st)
				}
				pass(10 * time.Second)
				j.expect(t, "afterwards", tc.then...)
			})
		})
	}
}

func TestOfTwoSpecsForOneServerTheFirstCounts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		first, second := &fake{result: passed()}, &fake{result: passed()}
		s.Reconcile([]Spec{first.spec("web1"), second.spec("web1")})
		pass(time.Second)
		if len(first.checks()) != 1 || len(second.checks()) != 0 {
			t.Errorf("%d and %d checks, want 1 and 0", len(first.checks()), len(second.checks()))
		}
	})
}

func TestRemovedServerReportsNothingMore(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: failed(), takes: time.Second}
		s.Reconcile([]Spec{f.spec("web1")})
		pass(500 * time.Millisecond)
		j.take()
		s.Reconcile(nil)
		if f.atOnce != 0 {
			t.Error("Reconcile returned while the check of a removed server was under way")
		}
		pass(time.Minute)
		j.expect(t, "after the removal")
	})
}

func TestAnsweredOnceEveryCheckHasEnded(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		if closed(s.Answered()) {
			t.Error("answered before there was anything to ask")
		}
		quick, slow, never := &fake{result: passed()}, &fake{result: failed(), takes: time.Second}, &fake{takes: time.Hour}
		hopeless := never.spec("never")
		hopeless.Timeout = time.Hour
		s.Reconcile([]Spec{quick.spec("quick"), slow.spec("slow"), hopeless})
		pass(30 * time.Second)
		if closed(s.Answered()) {
			t.Error("answered while one check had not ended yet")
		}
		s.Reconcile([]Spec{quick.spec("quick"), slow.spec("slow")})
		if !closed(s.Answered()) {
			t.Error("not answered though the only server without an answer is gone")
		}
		s.Reconcile([]Spec{quick.spec("quick"), hopeless})
		if !closed(s.Answered()) {
			t.Error("a reload made it unanswered again")
		}
	})
}

func TestAnsweredWaitsForTheSlowest(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		quick, slow := &fake{result: short()}, &fake{result: failed(), takes: time.Second}
		s.Reconcile([]Spec{quick.spec("quick"), slow.spec("slow")})
		pass(999 * time.Millisecond)
		if closed(s.Answered()) {
			t.Error("answered before the slowest check had ended")
		}
		pass(time.Millisecond)
		if !closed(s.Answered()) {
			t.Error("not answered though every check has ended")
		}
	})
}

func TestAnsweredWithoutChecks(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		s.Reconcile(nil)
		if !closed(s.Answered()) {
			t.Error("not answered though there is nothing to ask")
		}
	})
}
