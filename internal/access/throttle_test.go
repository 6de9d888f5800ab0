package access

import (
	"testing"
	"time"
)

// What has been forgotten while its attempts were under way ends without harm.
func TestThrottleForgetsTheOldest(t *testing.T) {
	now := time.Unix(0, 0)
	l := newThrottle(limit{free: 1, first: time.Second, most: time.Minute, quiet: time.Minute}, 2)
	l.begin("a")
	l.begin("b")
	l.begin("c")
	l.release("a")
	l.fail("a", "n", now)
	if wait := l.wait("a", now); wait != time.Second {
		t.Errorf("a waits %v after a failure, want 1s", wait)
	}
	if wait := l.wait("b", now); wait != 0 {
		t.Errorf("b waits %v, want it forgotten", wait)
	}
	if n := len(l.strikes.entries); n > 2 {
		t.Errorf("%d keys, want at most 2", n)
	}
}

func TestThrottleKeepsNothingOfSuccess(t *testing.T) {
	l := newThrottle(limit{free: 2, first: time.Second, most: time.Minute, quiet: time.Minute}, 2)
	l.begin("a")
	l.fail("a", "n", time.Unix(0, 0))
	l.begin("a")
	l.pass("a", "n")
	if n := len(l.strikes.entries); n != 0 {
		t.Errorf("%d keys are left after a success, want none", n)
	}
}
