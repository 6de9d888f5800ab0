package config

import (
	"fmt"
	"strconv"
	"strings"
)

// StatusRanges is a list of status codes and ranges of them, such as "200-299,304".
type StatusRanges []StatusRange

// StatusRange holds the codes From to To, both included.
type StatusRange struct{ From, To int }

// ParseStatusRanges reads codes and ranges with commas between them: "200-299,304".
func ParseStatusRanges(s string) (StatusRanges, error) {
	var ranges StatusRanges
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		r := StatusRange{From: statusCode(from), To: statusCode(to)}
		if r.From == 0 || r.To == 0 {
			return nil, fmt.Errorf("%q is not a status code or range; write codes from 100 to 599, such as 200-299,304", part)
		}
		if r.From > r.To {
			return nil, fmt.Errorf("range %d-%d is upside down; write %d-%d", r.From, r.To, r.To, r.From)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// Contains tells whether code is in one of the ranges.
func (r StatusRanges) Contains(code int) bool {
	for _, s := range r {
		if s.From <= code && code <= s.To {
			return true
		}
	}
	return false
}

// String writes the ranges as ParseStatusRanges reads them.
func (r StatusRanges) String() string {
	parts := make([]string, len(r))
	for i, s := range r {
		parts[i] = strconv.Itoa(s.From)
		if s.To != s.From {
			parts[i] += "-" + strconv.Itoa(s.To)
		}
	}
	return strings.Join(parts, ",")
}

// statusCode is 0 for what is no status code.
func statusCode(s string) int {
	code, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil || code < 100 || code > 599 {
		return 0
	}
	return code
}
