package page

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// digits cuts a number into groups of three, which the style sets apart: what a user copies is
// still one number.
func digits(n int64) []string {
	s := strconv.FormatInt(n, 10)
	if n < 0 {
		return []string{s}
	}
	var groups []string
	for len(s) > 3 {
		cut := (len(s)-1)%3 + 1
		groups, s = append(groups, s[:cut]), s[cut:]
	}
	return append(groups, s)
}

// grouped is digits where there is no markup.
func grouped[N int | int64 | uint64](n N) string {
	return strings.Join(digits(int64(n)), "\u202f")
}

// short is a duration as HAProxy writes it in cells: its two largest units, such as 1h2m.
func short(d time.Duration) string { return units(d, "d", "h", "m", "s", "") }

// long is a duration for a sentence, such as 1 h 2 min.
func long(d time.Duration) string {
	return units(d, "\u00a0d", "\u00a0h", "\u00a0min", "\u00a0s", "\u00a0")
}

func units(d time.Duration, day, hour, minute, second, between string) string {
	s := int64(d / time.Second)
	for _, u := range []struct {
		seconds  int64
		name     string
		next     int64
		nextName string
	}{
		{86400, day, 3600, hour},
		{3600, hour, 60, minute},
		{60, minute, 1, second},
	} {
		if s < u.seconds {
			continue
		}
		text := strconv.FormatInt(s/u.seconds, 10) + u.name
		if rest := s % u.seconds / u.next; rest > 0 {
			text += between + strconv.FormatInt(rest, 10) + u.nextName
		}
		return text
	}
	return strconv.FormatInt(s, 10) + second
}

// uptime is a duration as in HAProxy's process information: 1d 2h03m04s.
func uptime(d time.Duration) string {
	s := int64(d / time.Second)
	return fmt.Sprintf("%dd %dh%02dm%02ds", s/86400, s/3600%24, s/60%60, s%60)
}

// scaled writes n with the largest prefix of base 1000 or 1024 that leaves a whole number.
func scaled(n float64, base float64, unit string, prefixes ...string) string {
	prefix := ""
	for _, p := range prefixes {
		if n < base {
			break
		}
		n, prefix = n/base, p
	}
	return strconv.FormatFloat(n, 'f', precision(n), 64) + "\u00a0" + prefix + unit
}

// precision keeps three digits in all, and no zeros behind the point of a whole number.
func precision(n float64) int {
	switch {
	case n == float64(int64(n)), n >= 100:
		return 0
	case n >= 10:
		return 1
	}
	return 2
}

func byteSize(n float64) string { return scaled(n, 1024, "B", "Ki", "Mi", "Gi", "Ti") }

func bitRate(n float64) string { return scaled(n, 1000, "bit/s", "k", "M", "G") }

// percent is how much part is of all, as HAProxy shows it: "" of nothing.
func percent(part, all uint64) string {
	if all == 0 {
		return ""
	}
	return fmt.Sprintf(" (%d\u00a0%%)", part*100/all)
}
