package discovery

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestRecordKeepsAndGivesUp(t *testing.T) {
	servfail := finding{err: errors.New("SERVFAIL from 127.0.0.11:53")}
	gone := finding{err: fmt.Errorf("%w (NXDOMAIN from 127.0.0.11:53)", ErrNoName)}
	has := func(list string) finding { return finding{endpoints: endpointsOf(list), fqdn: "web."} }
	type step struct {
		found finding
		cause string // empty: nothing is reported
		left  int    // addresses
	}
	tests := []struct {
		what  string
		steps []step
	}{
		{"addresses come and go", []step{
			{has("1 2"), "web: 2 addresses (+10.0.0.1 +10.0.0.2)", 2},
			{has("1 2"), "", 2},
			{has("1 3"), "web: 2 addresses (+10.0.0.3 -10.0.0.2)", 2},
			{has("3"), "web: 1 address (-10.0.0.1)", 1},
		}},
		{"a failure keeps the answer for ever and is said once", []step{
			{has("1"), "web: 1 address (+10.0.0.1)", 1},
			{servfail, "web: SERVFAIL from 127.0.0.11:53; the answer of 12:00:00 is kept", 1},
			{servfail, "", 1},
			{servfail, "", 1},
			{servfail, "", 1},
			{servfail, "", 1},
			{has("1"), "web: answered again, still 1 address", 1},
			{has("1"), "", 1},
			{servfail, "web: SERVFAIL from 127.0.0.11:53; the answer of 12:00:07 is kept", 1},
			{has("1 2"), "web: 2 addresses (+10.0.0.2)", 2},
		}},
		{"no such name: three times in a row", []step{
			{has("1 2"), "web: 2 addresses (+10.0.0.1 +10.0.0.2)", 2},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53); the answer of 12:00:00 is kept", 2},
			{gone, "", 2},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53), 3 times in a row; 2 addresses given up", 0},
			{gone, "", 0},
			{servfail, "", 0},
			{has("2"), "web: 1 address (+10.0.0.2)", 1},
		}},
		{"a good answer between is a glitch overcome", []step{
			{has("1"), "web: 1 address (+10.0.0.1)", 1},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53); the answer of 12:00:00 is kept", 1},
			{gone, "", 1},
			{has("1"), "web: answered again, still 1 address", 1},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53); the answer of 12:00:03 is kept", 1},
			{gone, "", 1},
		}},
		{"a failure between says that nobody knows", []step{
			{has("1"), "web: 1 address (+10.0.0.1)", 1},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53); the answer of 12:00:00 is kept", 1},
			{gone, "", 1},
			{servfail, "", 1},
			{gone, "", 1},
			{gone, "", 1},
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53), 3 times in a row; 1 address given up", 0},
		}},
		{"what never was", []step{
			{gone, "web: no such name (NXDOMAIN from 127.0.0.11:53); it has no address yet", 0},
			{servfail, "", 0},
			{gone, "", 0},
			{has("1"), "web: 1 address (+10.0.0.1)", 1},
		}},
		{"many at once are not all named", []step{
			{has("1 2 3 4 5 6 7 8 9 10 11"), "web: 11 addresses (+10.0.0.1 +10.0.0.2 +10.0.0.3 +10.0.0.4 +10.0.0.5 +10.0.0.6 +10.0.0.7 +10.0.0.8 and 3 more changes)", 11},
		}},
		{"too many", []step{
			{finding{endpoints: endpointsOf("1"), unused: 200}, "web: 1 address and 200 more that are not used (+10.0.0.1)", 1},
		}},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			r := record{goneAfter: 3}
			now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
			for i, step := range test.steps {
				changed := r.take(Name{Host: "web", Port: 5000}, step.found, now.Add(time.Duration(i)*time.Second))
				if changed != (step.cause != "") || changed && r.answer.Cause != step.cause {
					t.Errorf("step %d: reported %v %q, want %q", i+1, changed, r.answer.Cause, step.cause)
				}
				if n := len(r.answer.Endpoints); n != step.left {
					t.Errorf("step %d: %d addresses left, want %d", i+1, n, step.left)
				}
				if !errors.Is(r.answer.Err, step.found.err) {
					t.Errorf("step %d: error %v, want %v", i+1, r.answer.Err, step.found.err)
				}
			}
		})
	}
}

func TestRecordNamesPortsOfServicesAndWeights(t *testing.T) {
	r := record{goneAfter: 3}
	n := Name{Host: "_http._tcp.web"}
	r.take(n, finding{endpoints: endpointsOf("1")}, time.Now())
	if want := "_http._tcp.web: 1 address (+10.0.0.1:5000)"; r.answer.Cause != want {
		t.Errorf("%q, want %q", r.answer.Cause, want)
	}
	heavier := endpointsOf("1")
	heavier[0].Weight = 9
	if !r.take(n, finding{endpoints: heavier}, time.Now()) || r.answer.Cause != "_http._tcp.web: 1 address (other weights)" {
		t.Errorf("a new weight: %q", r.answer.Cause)
	}
}

func TestDenialEndsTheBackOff(t *testing.T) {
	r := record{goneAfter: 3}
	n := web()
	r.take(n, finding{err: errors.New("SERVFAIL")}, time.Now())
	r.take(n, finding{err: ErrNoName}, time.Now())
	if pause := r.pause(n); pause > n.Interval {
		t.Errorf("%v to the next question, though the name server answers again", pause)
	}
}

func TestPause(t *testing.T) {
	answered, denied := Answer{}, Answer{Err: ErrNoName}
	tests := []struct {
		what    string
		record  record
		name    Name
		atMost  time.Duration
		atLeast time.Duration
	}{
		{"an interval", record{answer: answered}, Name{Interval: 10 * time.Second}, 10 * time.Second, 9 * time.Second},
		{"the TTL means nothing", record{answer: answered, ttl: 600 * time.Second}, Name{Interval: time.Second}, time.Second, 900 * time.Millisecond},
		{"unless it is to", record{answer: answered, ttl: 600 * time.Second}, Name{Interval: time.Second, HonorTTL: true}, 600 * time.Second, 540 * time.Second},
		{"it does not shorten the interval", record{answer: answered, ttl: time.Second}, Name{Interval: time.Minute, HonorTTL: true}, time.Minute, 54 * time.Second},
		{"no such name is an answer", record{answer: denied, denials: 7, ttl: time.Hour}, Name{Interval: time.Second, HonorTTL: true}, time.Second, 900 * time.Millisecond},
		{"first failure", record{failures: 1}, Name{Interval: time.Second}, 2 * time.Second, time.Second},
		{"second failure", record{failures: 2}, Name{Interval: time.Second}, 4 * time.Second, 2 * time.Second},
		{"third failure", record{failures: 3}, Name{Interval: time.Second}, 8 * time.Second, 4 * time.Second},
		{"8 intervals", record{failures: 99}, Name{Interval: time.Second}, 8 * time.Second, 4 * time.Second},
		{"30 seconds", record{failures: 2}, Name{Interval: 10 * time.Second}, 30 * time.Second, 15 * time.Second},
		{"never less than what it is without failure", record{failures: 3}, Name{Interval: time.Minute}, time.Minute, 54 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.what, func(t *testing.T) {
			seen := map[time.Duration]bool{}
			for range 100 {
				pause := test.record.pause(test.name)
				if pause > test.atMost || pause < test.atLeast {
					t.Fatalf("%v, want %v to %v", pause, test.atLeast, test.atMost)
				}
				seen[pause] = true
			}
			if len(seen) < 50 {
				t.Errorf("%d different pauses of 100: names march in step", len(seen))
			}
		})
	}
}
