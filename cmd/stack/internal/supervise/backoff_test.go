package supervise

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	const short, long = time.Second, 30 * time.Second
	tests := []struct {
		name string
		ran  []time.Duration
		want []time.Duration // in milliseconds
	}{
		{"the first death", []time.Duration{short}, []time.Duration{200}},
		{
			"doubles up to 10 s",
			[]time.Duration{0, 0, 0, 0, 0, 0, 0, 0},
			[]time.Duration{200, 400, 800, 1600, 3200, 6400, 10000, 10000},
		},
		{"a long run starts anew", []time.Duration{short, short, long, short}, []time.Duration{200, 400, 200, 400}},
		{"almost long enough", []time.Duration{short, long - 1}, []time.Duration{200, 400}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b backoff
			for i, ran := range tt.ran {
				if got := b.next(ran); got != tt.want[i]*time.Millisecond {
					t.Errorf("death %d: %v, want %v ms", i+1, got, int64(tt.want[i]))
				}
			}
		})
	}
}
