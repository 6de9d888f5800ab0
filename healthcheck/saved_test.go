package healthcheck

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

// handOver exports s as another process would read it, and returns the set that takes over.
func handOver(t *testing.T, s *Set, j *journal) *Set {
	t.Helper()
	s.Freeze(true)
	written, err := json.Marshal(s.Export())
	if err != nil {
		t.Fatal(err)
	}
	o := j.options()
	if err := json.Unmarshal(written, &o.Restore); err != nil {
		t.Fatal(err)
	}
	next := NewSet(o)
	t.Cleanup(next.Stop)
	j.take()
	return next
}

func TestSuccessorGoesOnFromThere(t *testing.T) {
	for _, tc := range []struct {
		name   string
		before string // results of checks, as feed knows them
		during func(*Set)
		change func(*Spec)
		start  []string
		state  string
		then   []string // what comes of failing checks, or of passing ones if the server is down
	}{
		{name: "up", before: "+++", start: []string{"app/web1 UP at start"}, state: "UP",
			then: []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{name: "going down", before: "++--", start: []string{"app/web1 UP at start"}, state: "UP 1/3",
			then: []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{name: "down", before: "++---", start: []string{"app/web1 DOWN at start"}, state: "DOWN",
			then: []string{"app/web1 UP after 2 successes: 200 OK"}},
		{name: "going up", before: "++---+", start: []string{"app/web1 DOWN at start"}, state: "DOWN 1/2",
			then: []string{"app/web1 UP after 2 successes: 200 OK"}},
		{name: "stopping", before: "++/", start: []string{"app/web1 UP at start", "app/web1 UP but NOLB at start"}, state: "NOLB",
			then: []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{name: "an explicit init-state does not count", before: "+++", change: func(s *Spec) { s.Initial = InitialDown },
			start: []string{"app/web1 UP at start"}, state: "UP", then: []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{name: "other settings", before: "++-", change: func(s *Spec) { s.Rise, s.Fall = 1, 6 },
			start: []string{"app/web1 UP at start"}, state: "UP 4/6", then: []string{"app/web1 DOWN after 5 failures: connection refused"}},
		{name: "another owner", before: "+++", change: func(s *Spec) { s.Owner = "10.0.0.2:80" },
			start: []string{"app/web1 DOWN at start"}, state: "DOWN", then: []string{"app/web1 UP after 1 success: 200 OK"}},
		{name: "paused", before: "+++", during: func(s *Set) { s.Pause(web1, true) },
			start: []string{"app/web1 UP at start"}, state: "UP"},
		{name: "paused, another owner", before: "+++", during: func(s *Set) { s.Pause(web1, true) },
			change: func(s *Spec) { s.Owner = "10.0.0.2:80" }, start: []string{"app/web1 UP at start"}, state: "UP 1/3"},
		{name: "in maintenance", before: "+++", during: func(s *Set) { s.Maintain(web1, true) },
			start: []string{"app/web1 UP at start"}, state: "UP"},
		{name: "just out of maintenance", before: "+++", during: func(s *Set) { s.Freeze(true); s.Maintain(web1, true); s.Maintain(web1, false) },
			start: []string{"app/web1 DOWN at start"}, state: "DOWN", then: []string{"app/web1 UP after 2 successes: 200 OK"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{}
				spec := f.spec("web1")
				spec.Owner = "10.0.0.1:80"
				spec.Inter = 10 * time.Second
				s.Reconcile(nil)
				for i, letter := range tc.before {
					f.becomes(map[rune]Result{'+': passed(), '-': failed(), '/': drained()}[letter])
					if i == 0 {
						s.Reconcile([]Spec{spec})
					} else {
						s.Recheck("app", "web1")
					}
					pass(time.Second)
				}
				if tc.during != nil {
					tc.during(s)
				}
				before := status(t, s, "web1")
				next := handOver(t, s, j)
				if tc.change != nil {
					tc.change(&spec)
				}
				f.mu.Lock()
				f.result, f.takes = failed(), 10*time.Millisecond
				if !before.Up || tc.change != nil && before.Up && tc.state == "DOWN" {
					f.result = passed()
				}
				f.mu.Unlock()
				next.Reconcile([]Spec{spec})
				j.expect(t, "at the start", tc.start...)
				after := status(t, next, "web1")
				if after.String() != tc.state || after.Paused != before.Paused || after.Maintained != before.Maintained {
					t.Errorf("%v, paused %v, maintained %v; want %s, %v, %v", after, after.Paused, after.Maintained, tc.state, before.Paused, before.Maintained)
				}
				if answered := closed(next.Answered()); answered != (spec.Owner == "10.0.0.1:80" || before.Paused) {
					t.Errorf("answered %v before the first check", answered)
				}
				for range 10 {
					next.Recheck("app", "web1")
					pass(time.Second)
				}
				j.expect(t, "afterwards", tc.then...)
			})
		})
	}
}

func TestSuccessorKeepsTheBooks(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		spec := f.spec("web1")
		s.Reconcile([]Spec{spec, f.spec("web0")})
		pass(10 * time.Second)
		f.becomes(failed())
		pass(10 * time.Second)
		f.becomes(passed())
		pass(10 * time.Second)
		f.becomes(failed())
		pass(10 * time.Second)
		next := handOver(t, s, j)
		next.Reconcile([]Spec{spec})
		before, after := status(t, s, "web1"), status(t, next, "web1")
		before.Late, after.Late = 0, 0
		written, _ := json.Marshal(before)
		read, _ := json.Marshal(after)
		if before.Downs != 2 || before.Downtime == 0 || string(written) != string(read) {
			t.Errorf("the books were\n%s\nand are\n%s", written, read)
		}
		pass(time.Second)
		if after := status(t, next, "web1"); after.Downtime != before.Downtime+time.Second {
			t.Errorf("downtime %v, then %v a second later", before.Downtime, after.Downtime)
		}
	})
}

func TestExportIsInOrderAndWhole(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		var want []Spec
		for i := range 10 {
			spec := (&fake{result: passed()}).spec(fmt.Sprint("web", 9-i))
			spec.Owner = spec.Server + ":80"
			want = append(want, spec)
		}
		want[4].Backend = "zoo"
		s.Reconcile(want)
		pass(time.Second)
		s.Pause(ID{"app", "web3"}, true)
		var ids []string
		for _, saved := range s.Export() {
			ids = append(ids, saved.ID.String())
			if saved.Owner != saved.ID.Server+":80" || !saved.Up || saved.Level != 4 || saved.Paused != (saved.ID.Server == "web3") {
				t.Errorf("exported %+v", saved)
			}
		}
		if !slices.IsSorted(ids) || len(ids) != 10 {
			t.Errorf("exported %v", ids)
		}
		s.Stop()
		if len(s.Export()) != 10 {
			t.Error("nothing to export after Stop")
		}
	})
}

func TestOnlyTheFirstReconcileRestores(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		s.Reconcile([]Spec{f.spec("web1")})
		pass(time.Second)
		next := handOver(t, s, j)
		next.Reconcile(nil)
		next.Reconcile([]Spec{f.spec("web1")})
		j.expect(t, "at the second", "app/web1 DOWN at start")
	})
}

func TestLevelUnderOtherSettings(t *testing.T) {
	for _, tc := range []struct {
		level, rise, fall   int
		newRise, newFall    int
		want                int
		description, before string
	}{
		{4, 2, 3, 2, 3, 4, "UP", "UP"},
		{3, 2, 3, 2, 3, 3, "UP 2/3", "UP 2/3"},
		{2, 2, 3, 2, 3, 2, "UP 1/3", "UP 1/3"},
		{1, 2, 3, 2, 3, 1, "DOWN 1/2", "DOWN 1/2"},
		{0, 2, 3, 2, 3, 0, "DOWN", "DOWN"},
		{4, 2, 3, 5, 1, 5, "UP", "UP"},
		{2, 2, 3, 5, 1, 5, "UP", "UP 1/3"},
		{2, 2, 3, 1, 10, 4, "UP 4/10", "UP 1/3"},
		{3, 4, 1, 2, 2, 1, "DOWN 1/2", "DOWN 3/4"},
		{3, 4, 1, 1, 2, 0, "DOWN", "DOWN 3/4"},
		{-5, 2, 3, 2, 3, 0, "DOWN", ""},
		{99, 2, 3, 2, 3, 4, "UP", ""},
		{0, 0, 0, 2, 3, 0, "DOWN", ""},
		{7, 0, 0, 2, 3, 4, "UP", ""},
	} {
		m := NewMachine(MachineOptions{Rise: tc.newRise, Fall: tc.newFall}, epoch)
		m.restore(Saved{Level: tc.level, Rise: tc.rise, Fall: tc.fall})
		if st := m.Status(epoch); st.Level != tc.want || st.String() != tc.description {
			t.Errorf("%+v: %v, level %d", tc, st, st.Level)
		}
		if was := (Status{Up: tc.level >= tc.rise, Level: tc.level, Rise: tc.rise, Fall: tc.fall}); tc.before != "" && was.String() != tc.before {
			t.Errorf("%+v: was %v", tc, was)
		}
	}
}

func TestRestoredNonsenseIsBounded(t *testing.T) {
	m := NewMachine(MachineOptions{Rise: 1, Fall: 1}, epoch)
	m.restore(Saved{NoLB: true, Events: make([]Transition, 3*maxEvents), LastChange: epoch.Add(time.Hour)})
	st := m.Status(epoch)
	if st.NoLB || len(st.Events) != maxEvents || !st.LastChange.Equal(epoch) || st.Downtime != 0 {
		t.Errorf("restored %+v", st)
	}
}

// TestEveryFieldIsSaved keeps a new field of Machine from being forgotten on the way.
func TestEveryFieldIsSaved(t *testing.T) {
	m := NewMachine(MachineOptions{ID: web1, Rise: 2, Fall: 3, Up: true}, epoch)
	feed(m, "++---+++/--")
	m.Suspect(OnErrorFailCheck, "seen", epoch.Add(time.Minute))
	m.Force(ForceStopping, "alice", epoch.Add(2*time.Minute))
	m.Observe(failed(), epoch.Add(3*time.Minute))
	again := NewMachine(MachineOptions{ID: web1, Rise: 2, Fall: 3}, epoch.Add(time.Hour))
	again.restore(m.save())
	if !reflect.DeepEqual(m, again) {
		t.Errorf("saved\n%+v\nrestored\n%+v", m, again)
	}
}
