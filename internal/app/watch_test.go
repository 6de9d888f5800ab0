package app

import (
	"strings"
	"testing"
	"time"
)

func TestParseBounds(t *testing.T) {
	for _, test := range []struct {
		args  string
		want  bounds
		fault string
	}{
		{"30s", bounds{30 * time.Second, 100, 0.01, 0}, ""},
		{"2m min-requests 5 max-errors 2.5% max-latency 1.5x", bounds{2 * time.Minute, 5, 0.025, 1.5}, ""},
		{"max-latency 2x 30s", bounds{}, "is not a time"},
		{"", bounds{}, "not known"},
		{"30", bounds{}, `"30" is not a time to watch for; write one such as 30s`},
		{"100ms", bounds{}, "is not a time"},
		{"30s min-requests", bounds{}, "not known"},
		{"30s min-requests -1", bounds{}, `min-requests: "-1" is not a number`},
		{"30s max-errors 5", bounds{}, `max-errors: "5" is not a share; write one such as 1%`},
		{"30s max-errors 101%", bounds{}, "is not a share"},
		{"30s max-latency 2", bounds{}, `max-latency: "2" is not a factor above 1; write one such as 2x`},
		{"30s max-latency 1x", bounds{}, "is not a factor"},
		{"30s max-luck 1x", bounds{}, `"max-luck" is not known`},
	} {
		got, err := parseBounds(strings.Fields(test.args))
		switch {
		case test.fault == "" && (err != nil || got != test.want):
			t.Errorf("%q: %+v, %v; want %+v", test.args, got, err, test.want)
		case test.fault != "" && (err == nil || !strings.Contains(err.Error(), test.fault)):
			t.Errorf("%q: %v, want %q", test.args, err, test.fault)
		}
	}
}

func TestBreach(t *testing.T) {
	b := bounds{minRequests: 100, maxErrors: 0.01, maxLatency: 2}
	for _, test := range []struct {
		name          string
		before, after traffic
		want          string
	}{
		{"nothing yet", traffic{answers: 1000}, traffic{}, ""},
		{"too few to judge", traffic{answers: 1000}, traffic{answers: 99, failures: 99}, ""},
		{"as before", traffic{answers: 1000, failures: 100}, traffic{answers: 1000, failures: 109}, ""},
		{"more errors", traffic{answers: 1000, failures: 100}, traffic{answers: 1000, failures: 111},
			"11.10 % of 1000 answers are 5xx, more than the 10.00 % before and the 1.00 % allowed on top"},
		{"no baseline", traffic{}, traffic{answers: 100, failures: 2}, "2.00 % of 100 answers are 5xx, more than the 0.00 % before"},
		{"slower", traffic{latency: time.Millisecond}, traffic{answers: 100, latency: 2001 * time.Microsecond}, "servers take 2.001ms to answer, more than 2x the 1ms before"},
		{"hardly slower", traffic{latency: time.Millisecond}, traffic{answers: 100, latency: 2 * time.Millisecond}, ""},
		{"slower than nothing", traffic{}, traffic{answers: 100, latency: time.Second}, ""},
	} {
		if got := b.breach(test.before, test.after); (got == "") != (test.want == "") || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestHistory(t *testing.T) {
	var h history
	start := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	for i := range 2 * longestPast {
		h.add(traffic{at: start.Add(time.Duration(i) * time.Second), answers: uint64(10 * i), failures: uint64(i)})
	}
	last := 2*longestPast - 1
	now := traffic{at: start.Add(time.Duration(last)*time.Second + 500*time.Millisecond), answers: uint64(10 * last), failures: uint64(last)}
	for _, test := range []struct {
		span    time.Duration
		answers uint64
	}{{10 * time.Second, 90}, {time.Hour, 10 * (longestPast - 1)}, {0, 0}} {
		b := h.over(test.span, now)
		if b.before.answers != test.answers || b.before.failures != test.answers/10 {
			t.Errorf("over %s: %d answers, %d failures; want %d", test.span, b.before.answers, b.before.failures, test.answers)
		}
	}
	cleared := traffic{at: now.at, answers: 3}
	if b := h.over(time.Minute, cleared); b.before.answers != 3 {
		t.Errorf("after the counters were cleared: %d answers, want 3", b.before.answers)
	}
}
