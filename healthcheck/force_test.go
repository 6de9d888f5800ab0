package healthcheck

import (
	"testing"
	"time"
)

func TestForce(t *testing.T) {
	for _, tc := range []struct {
		name    string
		before  Result
		to      Forced
		by      string
		changed bool
		state   string
		events  []string // at once
		after   Result   // of the checks that follow
		then    []string
	}{
		{"down", passed(), ForceDown, "alice", true, "DOWN", []string{"app/web1 DOWN after changed by alice"},
			passed(), []string{"app/web1 UP after 2 successes: 200 OK"}},
		{"up", failed(), ForceUp, "", true, "UP", []string{"app/web1 UP after changed by an operator"},
			failed(), []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{"stopping", passed(), ForceStopping, "", true, "NOLB", []string{"app/web1 UP after changed by an operator"},
			drained(), nil},
		{"stopping until the next check", passed(), ForceStopping, "", true, "NOLB", []string{"app/web1 UP after changed by an operator"},
			passed(), []string{"app/web1 UP after 200 OK"}},
		{"stopping a server that is down", failed(), ForceStopping, "", true, "NOLB", []string{"app/web1 UP after changed by an operator"},
			failed(), []string{"app/web1 DOWN after 3 failures: connection refused"}},
		{"up though stopping", drained(), ForceUp, "", true, "UP", []string{"app/web1 UP after changed by an operator"},
			passed(), nil},
		{"up already", passed(), ForceUp, "", false, "UP", nil, passed(), nil},
		{"down already", failed(), ForceDown, "", false, "DOWN", nil, failed(), nil},
		{"an unknown word", passed(), "sideways", "", false, "UP", nil, passed(), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *Set, j *journal) {
				f := &fake{result: passed()}
				s.Reconcile([]Spec{f.spec("web1")})
				pass(time.Minute)
				f.becomes(tc.before)
				pass(time.Minute)
				j.take()
				f.becomes(tc.after)
				events := len(status(t, s, "web1").Events)

				change, changed := s.Force(web1, tc.to, tc.by)
				j.expect(t, "when Force returned", tc.events...)
				st := status(t, s, "web1")
				if st.String() != tc.state || changed != tc.changed || len(st.Events)-events != len(tc.events) {
					t.Errorf("%v, changed %v, %d events; want %s, %v, %d", st, changed, len(st.Events)-events, tc.state, tc.changed, len(tc.events))
				}
				if changed && (change.By == "" || change.Result != Result{} || st.Events[len(st.Events)-1] != change) {
					t.Errorf("returned %+v, the last event is %+v", change, st.Events[len(st.Events)-1])
				}
				pass(time.Minute)
				j.expect(t, "afterwards", tc.then...)
			})
		})
	}
}

func TestForceWhileNothingIsChecked(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Set, j *journal) {
		f := &fake{result: passed()}
		s.Reconcile([]Spec{f.spec("web1")})
		pass(time.Second)
		s.Pause(web1, true)
		s.Freeze(true)
		j.take()
		s.Force(web1, ForceDown, "bob")
		pass(time.Hour)
		j.expect(t, "an hour later", "app/web1 DOWN after changed by bob")
		s.Freeze(false)
		s.Pause(web1, false)
		pass(3 * time.Second)
		j.expect(t, "checked again", "app/web1 UP after 2 successes: 200 OK")
	})
}
