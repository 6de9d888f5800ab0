package why

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrQuestion says that nobody can know what is asked.
var ErrQuestion = errors.New("read the question")

// Question is what an admin asks: after one request, after some, or after the shares of a backend.
type Question struct {
	ID     string // of the request; empty: another question
	Shares bool   // how the requests to Query.Backend were shared since Query.Since; Query.Server: only that one's
	Query  Query  // which requests, if neither of the two
}

// sharesSince is how far back shares are looked at unless another time is asked for.
const sharesSince = 5 * time.Minute

// ParseQuery reads what follows "explain": an id, or options, with or without dashes. A backend
// and a time, and a server maybe, ask for its shares; with any other option requests are asked for.
func ParseQuery(args []string, now time.Time) (Question, error) {
	if len(args) == 0 {
		return Question{}, fmt.Errorf("%w: the id of a request, or --backend NAME --last TIME, or --last TIME with what requests are like, is expected", ErrQuestion)
	}
	if len(args) == 1 && !strings.HasPrefix(args[0], "--") {
		return Question{ID: args[0]}, nil
	}
	var q Question
	seen := map[string]bool{}
	for len(args) > 0 {
		name, value, rest, err := cutOption(args)
		if err != nil {
			return Question{}, err
		}
		if seen[name] {
			return Question{}, fmt.Errorf("%w: --%s is there twice", ErrQuestion, name)
		}
		seen[name], args = true, rest
		if err := q.Query.set(name, value, now); err != nil {
			return Question{}, fmt.Errorf("%w: --%s %s: %w", ErrQuestion, name, value, err)
		}
	}
	return q.settle(seen, now)
}

// ParseFields reads the same from a form: the field id, or those that have the names of options.
// An empty one was not filled in.
func ParseFields(field func(name string) string, now time.Time) (Question, error) {
	if id := field("id"); id != "" {
		return Question{ID: id}, nil
	}
	var q Question
	seen := map[string]bool{}
	for _, name := range options() {
		value := field(name)
		if value == "" {
			continue
		}
		seen[name] = true
		if err := q.Query.set(name, value, now); err != nil {
			return Question{}, fmt.Errorf("%w: %s %s: %w", ErrQuestion, name, value, err)
		}
	}
	return q.settle(seen, now)
}

// settle finds out which of the questions it is.
func (q Question) settle(seen map[string]bool, now time.Time) (Question, error) {
	lists := false
	for name := range seen {
		lists = lists || name != "backend" && name != "server" && name != "last" && name != "since"
	}
	switch {
	case seen["last"] && seen["since"]:
		return Question{}, fmt.Errorf("%w: last and since are two beginnings; leave out one", ErrQuestion)
	case !q.Query.Until.IsZero() && !q.Query.Since.Before(q.Query.Until):
		return Question{}, fmt.Errorf("%w: until is not after the beginning", ErrQuestion)
	}
	if q.Shares = q.Query.Backend != "" && !lists; q.Shares && q.Query.Since.IsZero() {
		q.Query.Since = now.Add(-sharesSince)
	}
	return q, nil
}

// cutOption takes an option off the arguments: --name value, --name=value or name value.
func cutOption(args []string) (name, value string, rest []string, err error) {
	name, value, whole := strings.Cut(strings.TrimPrefix(args[0], "--"), "=")
	rest = args[1:]
	switch {
	case !slices.Contains(options(), name):
		return "", "", nil, fmt.Errorf("%w: %q is not known; there are --backend, --server, --last, --since, --until, --client, --path, --status, --limit and --abnormal", ErrQuestion, args[0])
	case name == "abnormal" && whole:
		return "", "", nil, fmt.Errorf("%w: --abnormal takes no value", ErrQuestion)
	case name == "abnormal" || whole:
		return name, value, rest, nil
	case len(rest) == 0:
		return "", "", nil, fmt.Errorf("%w: --%s lacks its value", ErrQuestion, name)
	}
	return name, rest[0], rest[1:], nil
}

// options are what can be asked for.
func options() []string {
	return []string{"backend", "server", "last", "since", "until", "client", "path", "status", "limit", "abnormal"}
}

func (q *Query) set(option, value string, now time.Time) (err error) {
	switch option {
	case "backend":
		q.Backend = value
	case "server":
		q.Server = value
	case "path":
		q.Path = value
	case "abnormal":
		q.Abnormal = true
		return nil
	case "last":
		q.Since, err = parseLast(value, now)
	case "since":
		q.Since, err = parseMoment(value, now)
	case "until":
		q.Until, err = parseMoment(value, now)
	case "client":
		q.Client, err = parseClient(value)
	case "status":
		q.StatusFrom, q.StatusTo, err = parseStatus(value)
	case "limit":
		q.Limit, err = parseLimit(value)
	}
	if err == nil && value == "" {
		return errors.New("something is expected")
	}
	return err
}

func parseLast(s string, now time.Time) (time.Time, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return time.Time{}, errors.New("a time such as 90s, 5m or 1h30m is expected")
	}
	return now.Add(-d), nil
}

// parseMoment reads a moment of RFC 3339, or the last time when clocks showed a time of day in UTC.
func parseMoment(s string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"15:04:05", "15:04"} {
		t, err := time.Parse(layout, s)
		if err != nil {
			continue
		}
		year, month, day := now.UTC().Date()
		t = time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
		if t.After(now) {
			t = t.AddDate(0, 0, -1)
		}
		return t, nil
	}
	return time.Time{}, errors.New("a moment such as 10:02, 10:02:11 (UTC) or 2026-11-23T10:02:11Z is expected")
}

func parseClient(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil && addr.Zone() == "" {
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(s)
	if err != nil {
		return prefix, errors.New("an address or a network such as 10.0.0.0/8 is expected")
	}
	return prefix.Masked(), nil
}

// parseStatus reads 503 or 5xx.
func parseStatus(s string) (from, to int, err error) {
	if class, ok := strings.CutSuffix(strings.ToLower(s), "xx"); ok {
		if n, err := strconv.Atoi(class); err == nil && n >= 1 && n <= 5 {
			return n * 100, n*100 + 99, nil
		}
	} else if n, err := strconv.Atoi(s); err == nil && n >= 100 && n <= 599 {
		return n, n, nil
	}
	return 0, 0, errors.New("a status such as 503 or 5xx is expected")
}

// maxLimit bounds what is held for one answer.
const maxLimit = 10000

func parseLimit(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxLimit {
		return 0, fmt.Errorf("a number from 1 to %d is expected", maxLimit)
	}
	return n, nil
}
