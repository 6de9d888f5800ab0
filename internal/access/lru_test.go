package access

import "testing"

func TestLRUForgetsWhatWasUsedLongestAgo(t *testing.T) {
	l := newLRU[string, int](2)
	l.put("a", 1)
	l.put("b", 2)
	l.put("a", 3)
	l.get("b")
	l.put("c", 4)
	for key, want := range map[string]int{"a": 0, "b": 2, "c": 4} {
		if got, ok := l.get(key); got != want || ok != (want != 0) {
			t.Errorf("%s: %d, %v; want %d", key, got, ok, want)
		}
	}
	l.put("b", 5)
	l.remove("a")
	l.remove("b")
	if n := l.order.Len(); n != 1 || len(l.entries) != 1 {
		t.Errorf("%d and %d entries, want one", n, len(l.entries))
	}
}
