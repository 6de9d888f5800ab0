package healthcheck

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func passed() Result { return Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"} }
func failed() Result { return Result{Status: L4Connect, Detail: "connection refused"} }
func short() Result  { return Result{Status: SocketError, Detail: "too many open files"} }
func drained() Result {
	return Result{OK: true, Status: L7Conditional, Code: 404, Detail: "404 Not Found"}
}

// feed observes one result per letter of script, a second apart: + passed, - failed, ! our own
// shortage. It returns HAProxy's words after each, and the transitions.
func feed(m *Machine, script string) (words []string, changes []Transition) {
	now := epoch
	for _, letter := range script {
		now = now.Add(time.Second)
		r := map[rune]Result{'+': passed(), '-': failed(), '!': short()}[letter]
		if t, changed := m.Observe(r, now); changed {
			changes = append(changes, t)
		}
		words = append(words, m.Status(now).String())
	}
	return words, changes
}

func TestMachineSpeaksHAProxysWords(t *testing.T) {
	for _, tc := range []struct {
		name       string
		rise, fall int
		up         bool
		script     string
		words      string
		reasons    []string
	}{
		{"first failure at process start", 2, 3, true, "-", "UP 1/3; DOWN",
			[]string{"DOWN after 1 failure: connection refused"}},
		{"first success at process start", 2, 3, true, "+", "UP 1/3; UP", nil},
		{"down after fall failures in a row", 2, 3, true, "+---", "UP 1/3; UP; UP 2/3; UP 1/3; DOWN",
			[]string{"DOWN after 3 failures: connection refused"}},
		{"one success forgives all failures", 2, 3, true, "+--+--", "UP 1/3; UP; UP 2/3; UP 1/3; UP; UP 2/3; UP 1/3", nil},
		{"up after rise successes in a row", 3, 1, true, "-++-+++", "UP; DOWN; DOWN 1/3; DOWN 2/3; DOWN; DOWN 1/3; DOWN 2/3; UP",
			[]string{"DOWN after 1 failure: connection refused", "UP after 3 successes: 200 OK"}},
		{"added later: one success is enough", 3, 2, false, "+", "DOWN; UP", []string{"UP after 1 success: 200 OK"}},
		{"added later: also after failures", 3, 2, false, "--+", "DOWN; DOWN; DOWN; UP", []string{"UP after 1 success: 200 OK"}},
		{"added later: rise counts once it has been up", 2, 2, false, "+--++", "DOWN; UP; UP 1/2; DOWN; DOWN 1/2; UP",
			[]string{"UP after 1 success: 200 OK", "DOWN after 2 failures: connection refused", "UP after 2 successes: 200 OK"}},
		{"our shortage is nobody's failure", 2, 2, true, "!!+-!!-", "UP 1/2; UP 1/2; UP 1/2; UP; UP 1/2; UP 1/2; UP 1/2; DOWN",
			[]string{"DOWN after 2 failures: connection refused"}},
		{"our shortage is no success", 2, 2, false, "!!", "DOWN; DOWN; DOWN", nil},
		{"recorded from HAProxy 2.6", 2, 3, true, "+---++-+--+---+-++", "UP 1/3; UP; UP 2/3; UP 1/3; DOWN; DOWN 1/2; UP; UP 2/3; UP; UP 2/3; UP 1/3; UP; UP 2/3; UP 1/3; DOWN; DOWN 1/2; DOWN; DOWN 1/2; UP",
			[]string{"DOWN after 3 failures: connection refused", "UP after 2 successes: 200 OK", "DOWN after 3 failures: connection refused", "UP after 2 successes: 200 OK"}},
		{"rise and fall of one", 1, 1, true, "-+-", "UP; DOWN; UP; DOWN",
			[]string{"DOWN after 1 failure: connection refused", "UP after 1 success: 200 OK", "DOWN after 1 failure: connection refused"}},
		{"nonsense counts as one", 0, -3, true, "-+", "UP; DOWN; UP",
			[]string{"DOWN after 1 failure: connection refused", "UP after 1 success: 200 OK"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			m := NewMachine(MachineOptions{ID: ID{"app", "web1"}, Rise: tc.rise, Fall: tc.fall, Up: tc.up}, epoch)
			first := m.Status(epoch).String()
			words, changes := feed(m, tc.script)
			if got := strings.Join(append([]string{first}, words...), "; "); got != tc.words {
				t.Errorf("words\n got %s\nwant %s", got, tc.words)
			}
			var reasons []string
			for _, c := range changes {
				reasons = append(reasons, map[bool]string{true: "UP", false: "DOWN"}[c.Up]+" after "+c.Reason)
			}
			if fmt.Sprint(reasons) != fmt.Sprint(tc.reasons) {
				t.Errorf("reasons\n got %q\nwant %q", reasons, tc.reasons)
			}
		})
	}
}

// TestMachineExhaustively compares every script of eight results with the plain meaning of rise
// and fall.
func TestMachineExhaustively(t *testing.T) {
	const length = 8
	for rise := 1; rise <= 4; rise++ {
		for fall := 1; fall <= 4; fall++ {
			for _, up := range []bool{true, false} {
				for bits := range 1 << length {
					checkScript(t, rise, fall, up, fmt.Sprintf("%0*b", length, bits))
				}
			}
		}
	}
}

// checkScript runs one script of 1 (passed) and 0 (failed) beside a naive model.
func checkScript(t *testing.T, rise, fall int, up bool, script string) {
	m := NewMachine(MachineOptions{Rise: rise, Fall: fall, Up: up}, epoch)
	row := fall - 1 // results in a row against the present state
	if !up {
		row = rise - 1
	}
	wasUp, downs := up, uint64(0)
	for i, bit := range script {
		r := failed()
		if bit == '1' {
			r = passed()
		}
		row++
		if r.OK == up {
			row = 0
		}
		if !up && !wasUp && !r.OK {
			row = rise - 1
		}
		limit := fall
		if !up {
			limit = rise
		}
		flips := row == limit
		if flips {
			up, row = !up, 0
			wasUp = wasUp || up
			if !up {
				downs++
			}
		}
		change, changed := m.Observe(r, epoch)
		s := m.Status(epoch)
		if changed != flips || s.Up != up || s.Downs != downs || s.Up != (s.Level >= rise) || s.Level < 0 || s.Level > rise+fall-1 {
			t.Fatalf("rise %d fall %d script %s step %d: changed %v up %v level %d downs %d; want changed %v up %v downs %d",
				rise, fall, script, i, changed, s.Up, s.Level, s.Downs, flips, up, downs)
		}
		if changed && change.Up != up {
			t.Fatalf("rise %d fall %d script %s step %d: the transition says up %v", rise, fall, script, i, change.Up)
		}
	}
}

func TestMachineKeepsBooks(t *testing.T) {
	m := NewMachine(MachineOptions{ID: ID{"app", "web1"}, Rise: 2, Fall: 2, Up: true}, epoch)
	if s := m.Status(epoch); s.Last.Status != StatusUnknown || !s.LastChange.Equal(epoch) || len(s.Events) != 0 {
		t.Errorf("before the first check: %+v", s)
	}
	// Seconds:   1234567890
	feed(m, "+---++--!")
	s := m.Status(epoch.Add(20 * time.Second))
	if s.Up || s.Failures != 4 || s.Downs != 2 {
		t.Errorf("up %v, failures %d, downs %d; want down, 4, 2", s.Up, s.Failures, s.Downs)
	}
	if want := 3*time.Second + 12*time.Second; s.Downtime != want {
		t.Errorf("downtime %v, want %v: from second 3 to 6, and from second 8 on", s.Downtime, want)
	}
	if want := epoch.Add(8 * time.Second); !s.LastChange.Equal(want) {
		t.Errorf("last change %v, want %v", s.LastChange, want)
	}
	if s.Last.Status != SocketError || s.Last.Detail != "too many open files" {
		t.Errorf("last result %+v, want the shortage", s.Last)
	}
	want := Transition{ID: ID{"app", "web1"}, Up: false, At: epoch.Add(3 * time.Second),
		Reason: "2 failures: connection refused", Result: failed()}
	if len(s.Events) != 3 || s.Events[0] != want {
		t.Errorf("events %+v, want three, the first of them %+v", s.Events, want)
	}
}

func TestMachineHistoryIsBoundedAndItsSnapshotsKeep(t *testing.T) {
	m := NewMachine(MachineOptions{Rise: 1, Fall: 1, Up: true}, epoch)
	feed(m, strings.Repeat("-+", 30))
	before := m.Status(epoch).Events
	oldest, newest := before[0], before[len(before)-1]
	m.Observe(failed(), epoch.Add(time.Hour))
	_ = append(before, Transition{Reason: "somebody else's"})

	after := m.Status(epoch).Events
	if len(before) != maxEvents || len(after) != maxEvents {
		t.Errorf("history of %d, then %d; want %d", len(before), len(after), maxEvents)
	}
	if before[0] != oldest || before[len(before)-1] != newest {
		t.Error("a snapshot changed after it had been taken")
	}
	if !after[len(after)-1].At.Equal(epoch.Add(time.Hour)) || after[len(after)-2] != newest {
		t.Error("the newest transition is not the last of the history")
	}
}

func TestReasonWithoutEvidence(t *testing.T) {
	m := NewMachine(MachineOptions{Rise: 1, Fall: 1}, epoch)
	change, _ := m.Observe(Result{OK: true, Status: L4OK}, epoch)
	if change.Reason != "1 success" {
		t.Errorf("reason %q, want 1 success", change.Reason)
	}
}

func TestDescriptionsAreHAProxys(t *testing.T) {
	for status, want := range map[CheckStatus]string{
		StatusUnknown: "Initializing",
		SocketError:   "Socket error",
		L4OK:          "Layer4 check passed",
		L4Timeout:     "Layer4 timeout",
		L4Connect:     "Layer4 connection problem",
		L7OK:          "Layer7 check passed",
		L7Timeout:     "Layer7 timeout",
		L7Response:    "Layer7 invalid response",
		L7Status:      "Layer7 wrong status",
		"":            "Unknown",
	} {
		if got := status.Description(); got != want {
			t.Errorf("%s is described as %q, want %q", status, got, want)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	m := NewMachine(MachineOptions{Rise: 2, Fall: 3, Up: true}, epoch)
	results := []Result{passed(), passed(), failed(), passed()}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Observe(results[i%len(results)], epoch)
	}
}

func BenchmarkObserveTransition(b *testing.B) {
	m := NewMachine(MachineOptions{Rise: 1, Fall: 1, Up: true}, epoch)
	results := []Result{passed(), failed()}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Observe(results[i%len(results)], epoch)
	}
}

// A server that is new comes up for the first time once. One that was taken to be up never does.
func TestMachineTellsTheFirstTime(t *testing.T) {
	for _, test := range []struct {
		up     bool
		script string
		want   string
	}{
		{false, "--+--++", "[true false false]"},
		{true, "---++", "[false false]"},
	} {
		_, changes := feed(NewMachine(MachineOptions{Rise: 2, Fall: 2, Up: test.up}, epoch), test.script)
		var first []bool
		for _, c := range changes {
			first = append(first, c.First)
		}
		if got := fmt.Sprint(first); got != test.want {
			t.Errorf("up %t, %s: %s, want %s", test.up, test.script, got, test.want)
		}
	}
}
