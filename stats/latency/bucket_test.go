package latency

import (
	"slices"
	"testing"
)

// checkBucket fails unless us is in the bucket that index names, and the bucket is narrow enough.
func checkBucket(t *testing.T, us uint64) {
	t.Helper()
	i := index(us)
	if i < 0 || i >= buckets {
		t.Fatalf("%d us are in bucket %d of %d", us, i, buckets)
	}
	from, to := span(i)
	if us = min(us, limit); us < from || us >= to {
		t.Fatalf("%d us are in bucket %d, from %d to %d", us, i, from, to)
	}
	if width := to - from; width > 1 && width*50 > from {
		t.Fatalf("bucket %d from %d to %d is more than 2 %% wide", i, from, to)
	}
}

func TestBuckets(t *testing.T) {
	last := uint64(0)
	for i := range buckets {
		from, to := span(i)
		if from != last || to <= from {
			t.Fatalf("bucket %d is from %d to %d, the one before ends at %d", i, from, to, last)
		}
		for _, us := range []uint64{from, (from + to) / 2, to - 1} {
			checkBucket(t, us)
			if us < limit && index(us) != i {
				t.Fatalf("%d us are in bucket %d, want %d", us, index(us), i)
			}
		}
		last = to
	}
	if index(limit) != index(1<<63) || index(limit) == index(limit-1) {
		t.Error("an hour and more is not a bucket of its own")
	}
	for us := range uint64(200_000) {
		checkBucket(t, us)
	}
}

func TestBoundsAreEdges(t *testing.T) {
	for _, bound := range append(Bounds(), 0.0001, 0.00025, 25, 50, 100, 1000) {
		us := uint64(bound*1e6 + 0.5)
		if from, _ := span(index(us)); from != us {
			t.Errorf("%g s cuts a bucket that begins with %d us", bound, from)
		}
	}
	if !slices.IsSorted(Bounds()) {
		t.Error("the bounds are not ascending")
	}
}

func FuzzIndex(f *testing.F) {
	for _, us := range []uint64{0, 1, 99, 100, 249, 250, 999_999, 2_500_000_000, limit - 1, limit, 1<<64 - 1} {
		f.Add(us)
	}
	f.Fuzz(checkBucket)
}

func FuzzEncoding(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 7, 200, 255, 3, 0, 1})
	f.Add([]byte{255, 255, 255})
	f.Fuzz(func(t *testing.T, events []byte) {
		var counts, got Counts
		for n := 0; n+2 < len(events); n += 3 {
			i := (int(events[n])<<8 | int(events[n+1])) % buckets
			counts.add(i, uint64(events[n+2])*uint64(events[n+2])*1000)
		}
		got.decode(counts.encode(nil))
		if got.of != counts.of || got.count != counts.count || got.from != counts.from || got.to != counts.to {
			t.Fatalf("%d observations in [%d, %d) became %d in [%d, %d)",
				counts.count, counts.from, counts.to, got.count, got.from, got.to)
		}
	})
}
