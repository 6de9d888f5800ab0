package why

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// said is how a server was chosen, in words. algorithm is the name of the backend's; empty: not
// known.
func (p Pick) said(algorithm string) string {
	switch p {
	case ByAlgorithm:
		return "chosen by " + named(algorithm)
	case ByHash:
		return "chosen by the hash of " + named(algorithm)
	case ByCookie:
		return "named by the client's cookie"
	case OnlyOne:
		return "the only one that was usable and had room"
	case ByQueue:
		return "which was the first to have room"
	case Again:
		return "once more, as no other one was usable"
	}
	return "chosen in a way that is not known"
}

func named(algorithm string) string {
	if algorithm == "" {
		return "the algorithm"
	}
	return algorithm
}

// ending says in words what the first two characters of a termination state tell: who ended the
// request, and when (HAProxy's manual, section 8.5).
func ending(state string) string {
	if len(state) < 2 {
		return "not known"
	}
	switch state[:2] {
	case "--":
		return "it ended normally"
	case "LR":
		return "the balancer answered, as it was told to"
	case "PR":
		return "the balancer refused the request"
	case "cR":
		return "the client did not send all of the request in time"
	case "CR":
		return "the client closed before all of the request was there"
	case "PQ":
		return "the queue was full"
	case "sQ":
		return "the request was in the queue for too long"
	case "CQ":
		return "the client closed while the request was in the queue"
	case "SC":
		return "no server was usable, or the server could not be reached"
	case "sC":
		return "the server did not accept the connection in time"
	case "CC":
		return "the client closed before a server was connected"
	case "RC":
		return "the balancer had no descriptors, ports or memory left"
	case "SH":
		return "the server closed before its answer was there, or its answer was not to be passed on"
	case "sH":
		return "the server did not answer in time"
	case "PH":
		return "the balancer refused the server's answer"
	case "CH":
		return "the client closed before there was an answer"
	case "DH":
		return "the server went down before it answered"
	case "SD":
		return "the server closed in the middle"
	case "sD":
		return "the server fell silent in the middle"
	case "CD":
		return "the client closed in the middle"
	case "cD":
		return "the client fell silent in the middle"
	case "DD":
		return "the server went down in the middle"
	case "KD":
		return "an operator, or the end of the balancer, ended it"
	case "I-":
		return "an internal error of the balancer"
	}
	return "not as usual"
}

// renewed says in words what became of the cookie in the answer, as the fourth character of a
// termination state tells; empty: nothing did.
func renewed(state string) string {
	switch {
	case len(state) != 4:
		return ""
	case state[3] == 'I':
		return "the client got one that names the server that answered"
	case state[3] == 'R':
		return "that of the answer was made to name the server"
	case state[3] == 'D':
		return "that of the answer was taken out"
	}
	return ""
}

// said is what the cookie had to say, in words; empty: nothing. wanted is the server it named.
func (s Stick) said(wanted string) string {
	switch {
	case s == BadCookie:
		return "names no server of the backend"
	case s == DownCookie && wanted != "":
		return "names " + wanted + ", which was not usable"
	case s == DownCookie:
		return "names a server that was not usable"
	case wanted != "":
		return "names " + wanted
	case s == Stuck:
		return "names a server"
	}
	return ""
}

// duration is a time as people say it.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "-"
	case d == 0:
		return "0 ms"
	case d < 10*time.Millisecond:
		return strconv.FormatFloat(float64(d)/1e6, 'f', 1, 64) + " ms"
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < time.Minute:
		return strconv.FormatFloat(float64(d)/1e9, 'f', 1, 64) + " s"
	}
	return long(d)
}

// long is a duration, without parts of seconds if it is one of seconds and more: 5m, 2m19s, 1h30m.
func long(d time.Duration) string {
	if d < time.Second {
		return duration(d)
	}
	s := d.Round(time.Second).String()
	if s = strings.TrimSuffix(s, "m0s"); s != d.Round(time.Second).String() {
		s += "m"
	}
	if short := strings.TrimSuffix(s, "h0m"); short != s {
		s = short + "h"
	}
	return s
}

// grouped is a number with commas.
func grouped(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count is a number of things.
func count[N int | uint64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(uint64(n)) + " " + more
}

// plain is what a client sent, without anything that a terminal would take for an order.
func plain[T string | []byte](text T) string {
	quoted := strconv.QuoteToASCII(string(text))
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// cut is plain for what may have been cut.
func cut(text []byte, limit int) string {
	if len(text) < limit {
		return plain(text)
	}
	return plain(text) + "..."
}

// clock is a time of day; it stands where the date has been said.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") }

// percent is a part of a whole.
func percent(part, whole float64) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100*part/whole)
}

// few names the first of some servers.
func few(names []string) string {
	const shown = 5
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:shown], ", ") + " and " + grouped(uint64(len(names)-shown)) + " more"
}
