package page

import (
	"fmt"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/statstest"
)

func TestTimeline(t *testing.T) {
	s := statstest.Busy()
	for _, tt := range []struct {
		at   int
		want string
	}{
		{0, "09:59:48 12 s ago trouble ✖ app/web2 fails its checks: no answer in 2s"},
		{1, "09:55:00 5 min ago trouble ✖ reload refused: balancer.yml:31: weight: 300 is not from 0 to 256"},
		{2, "09:50:00 10 min ago order ✎ app/web3 state ready by ops"},
		{5, "07:01:00 2 h 59 min ago recovery ✔ app/web2 UP: 2 successes"},
		{7, "Nov 21 08:00 1 d 2 h ago  · start"},
	} {
		h := newTimeline(&s, stats.Filter{}).Happenings[tt.at]
		got := plain(fmt.Sprintf("%s %s ago %s %s %s", h.Clock, h.Ago, h.Kind, h.Mark, h.What))
		if h.By != "" {
			got += " by " + h.By
		}
		if h.Reason != "" {
			got += ": " + h.Reason
		}
		if got != tt.want {
			t.Errorf("%d: %q, want %q", tt.at, got, tt.want)
		}
	}
}

// A filter leaves what concerns everybody, and hundreds of lines do not push the tables away.
func TestTimelineIsBounded(t *testing.T) {
	s := stats.Snapshot{Now: statstest.Now}
	for i := range 200 {
		s.Timeline = append(s.Timeline, stats.Happening{At: s.Now.Add(time.Duration(i-200) * time.Second), Proxy: []string{"app", "api"}[i%2], What: "UP"})
	}
	s.Timeline = append(s.Timeline, stats.Happening{At: s.Now, What: "reload"})
	all := newTimeline(&s, stats.Filter{})
	if len(all.Happenings) != mostHappenings || all.Earlier != "151" {
		t.Errorf("%d, and %s earlier", len(all.Happenings), all.Earlier)
	}
	some := newTimeline(&s, stats.Filter{Scope: "AP"})
	if len(some.Happenings) != mostHappenings {
		t.Errorf("%d for both", len(some.Happenings))
	}
	some = newTimeline(&s, stats.Filter{Scope: "api"})
	if some.Happenings[0].What != "reload" || some.Happenings[1].What != "api UP" || some.Happenings[2].What != "api UP" || some.Earlier != "51" {
		t.Errorf("%+v and %s earlier", some.Happenings[:3], some.Earlier)
	}
}
