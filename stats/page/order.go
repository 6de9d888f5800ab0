package page

import (
	"fmt"
	"strings"
	"time"

	"relais/stats"
)

// orderNote is a standing order in short, for the row: "state maint by ops, 18 min left".
func orderNote(o *stats.Order, now time.Time) string {
	note := o.What + by(o)
	if !o.Until.IsZero() {
		note += ", " + left(o, now)
	}
	return note
}

// orderLines is all that is known of a standing order, for the tip.
func orderLines(o *stats.Order, now time.Time) []line {
	lines := []line{
		{Name: o.What + by(o)},
		{"Since", fmt.Sprintf("%s, %s ago", clock(o.At, now)+" UTC", long(now.Sub(o.At)))},
	}
	if o.Reason != "" {
		lines = append(lines, line{"Reason", o.Reason})
	}
	if o.Until.IsZero() {
		return append(lines, line{"Until", "somebody changes it"})
	}
	return append(lines, line{"Until", fmt.Sprintf("%s, %s", clock(o.Until, now)+" UTC", left(o, now))})
}

// orderSentences are the standing orders on all servers, in the order of the tables.
func orderSentences(s *stats.Snapshot) (sentences []string) {
	for _, proxy := range s.Proxies {
		for i := range proxy.Rows {
			r := &proxy.Rows[i]
			for j := range r.Orders {
				sentences = append(sentences, fmt.Sprintf("%s/%s: %s", r.Proxy, r.Server, orderSentence(&r.Orders[j], s.Now)))
			}
		}
	}
	return bounded(sentences)
}

// orderSentence is a standing order in one line, in times of day: "state maint by ops since 14:02:
// disk swap, until 14:32".
func orderSentence(o *stats.Order, now time.Time) string {
	var b strings.Builder
	b.WriteString(o.What + by(o) + " since " + clock(o.At, now))
	if o.Reason != "" {
		b.WriteString(": " + o.Reason)
	}
	if !o.Until.IsZero() {
		b.WriteString(", until " + clock(o.Until, now))
	}
	return b.String()
}

func by(o *stats.Order) string {
	if o.By == "" {
		return ""
	}
	return " by " + o.By
}

func left(o *stats.Order, now time.Time) string {
	if d := o.Until.Sub(now); d >= time.Second {
		return long(d) + " left"
	}
	return "ends now"
}

// clock is a time of today without its date.
func clock(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	if t.YearDay() == now.YearDay() && t.Year() == now.Year() {
		return t.Format("15:04")
	}
	return t.Format("2006-01-02 15:04")
}
