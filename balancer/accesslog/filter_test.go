package accesslog

import (
	"fmt"
	"testing"
	"time"
)

func TestFilter(t *testing.T) {
	none, all := Filter{}, Filter{Sample: 1}
	slow, errors := Filter{Slow: 500 * time.Millisecond}, Filter{Errors: true}
	for _, test := range []struct {
		name   string
		filter Filter
		edit   func(*Entry)
		want   bool
	}{
		{"all", all, func(*Entry) {}, true},
		{"none", none, func(x *Entry) { x.Status = 503 }, false},
		{"just slow", slow, func(x *Entry) { x.Timers.Total = 500_000 }, true},
		{"almost slow", slow, func(x *Entry) { x.Timers.Total = 499_999 }, false},
		{"slow is not asked for", errors, func(*Entry) {}, false},
		{"500", errors, func(x *Entry) { x.Status = 500 }, true},
		{"404", errors, func(x *Entry) { x.Status = 404 }, false},
		{"retry", errors, func(x *Entry) { x.Retries = 1 }, true},
		{"redispatch", errors, func(x *Entry) { x.Redispatched = true }, true},
		{"ended before its time", errors, func(x *Entry) { x.Status, x.Termination = 200, "CD--" }, true},
		{"denied", errors, func(x *Entry) { x.Status, x.Termination = 403, "PR--" }, true},
		{"redirect", errors, func(x *Entry) { x.Status, x.Termination = 302, "LR--" }, false},
		{"cookie", errors, func(x *Entry) { x.Termination = "--VN" }, false},
		{"tcp", errors, func(x *Entry) { x.TCP, x.Status, x.Termination = true, 0, "SC--" }, true},
		{"tcp that ends well", errors, func(x *Entry) { x.TCP, x.Status = true, 0 }, false},
	} {
		x := ordinary()
		test.edit(&x)
		if got := test.filter.Keeps(&x); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

// The share is right for random ids and for ids in a row, and a smaller share is a part of a
// larger one.
func TestSample(t *testing.T) {
	for name, format := range map[string]string{"in a row": "%d", "hexadecimal": "%032x", "with a tail": "%x-0000-0000"} {
		const n = 20000
		tenth, half := Filter{Sample: 0.1}, Filter{Sample: 0.5}
		kept := 0
		for i := range n {
			x := Entry{ID: fmt.Appendf(nil, format, i)}
			if !tenth.Keeps(&x) {
				continue
			}
			kept++
			if !tenth.Keeps(&x) || !half.Keeps(&x) {
				t.Errorf("%s: id %s is kept and not kept", name, x.ID)
			}
		}
		if kept < n/10*9/10 || kept > n/10*11/10 {
			t.Errorf("%s: %d of %d are kept, want one in ten", name, kept, n)
		}
	}
}
