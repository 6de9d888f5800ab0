package ctl

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// wanted is which streams "show sess" shows, and how.
type wanted struct {
	id                        string
	all                       bool // at length
	older                     time.Duration
	frontend, backend, server string
	uri                       bool
}

func (x *call) showSess() error {
	want, err := x.wanted()
	if err != nil {
		return err
	}
	now, found := time.Now(), false
	for _, s := range x.balancer().Streams() {
		if !want.has(&s, now) {
			continue
		}
		found = true
		if want.all || want.id != "" {
			x.printStream(&s, now)
		} else {
			x.printStreamLine(&s, now, want.uri)
		}
	}
	if want.id != "" && !found {
		x.printf("Session not found.\n")
		x.failed = true
	}
	return nil
}

func (x *call) wanted() (want wanted, err error) {
	for args := x.args; len(args) > 0; args = args[1:] {
		value := ""
		if len(args) > 1 {
			value = args[1]
		}
		switch args[0] {
		case "all":
			want.all = true
			continue
		case "susp": // streams that hang in a way that only a fault of HAProxy's can bring about
			want.older = max(want.older, longestTimeout)
			continue
		case "show-uri":
			want.uri = true
			continue
		case "older":
			if want.older, err = parseDuration(value, time.Second); err != nil {
				return want, fail("Invalid duration '%s'.", value)
			}
		case "frontend":
			want.frontend = value
		case "backend":
			want.backend = value
		case "server":
			want.server = value
		case "help":
			return want, fail("Usage: show sess [<id> | all | susp] [older <age>] [frontend <f>] [backend <b>] [server <b>/<s>] [show-uri]")
		default:
			want.id = cmp.Or(want.id, pointer(args[0]))
			continue
		}
		if value == "" {
			return want, fail("'%s' expects a value.", args[0])
		}
		args = args[1:]
	}
	return want, nil
}

func (w *wanted) has(s *Stream, now time.Time) bool {
	return (w.id == "" || w.id == pointer(s.ID)) && now.Sub(s.Began) >= w.older &&
		(w.frontend == "" || w.frontend == s.Frontend) && (w.backend == "" || w.backend == s.Backend) &&
		(w.server == "" || w.server == s.Backend+"/"+s.Server)
}

// pointer is a stream's number in one way of writing it, or "" if s is none.
func pointer(s string) string {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil || n == 0 {
		return ""
	}
	return "0x" + strconv.FormatUint(n, 16)
}

// printStreamLine has HAProxy's line; what is about its tasks and buffers is 0 or empty.
func (x *call) printStreamLine(s *Stream, now time.Time, uri bool) {
	x.printf("%s: proto=%s src=%s fe=%s be=%s srv=%s ts=00 epoch=%#x age=%s calls=%d rate=0 cpu=0 lat=0"+
		" rq[f=000000h,i=0,an=00h,rx=,wx=,ax=] rp[f=000000h,i=0,an=00h,rx=,wx=,ax=] scf=[8,0h,fd=-1] scb=[8,0h,fd=-1] exp= rc=0 c_exp=",
		s.ID, s.Proto, s.Source, s.Frontend, cmp.Or(s.Backend, "<NONE>"), cmp.Or(s.Server, "<none>"),
		s.Generation, elapsed(now.Sub(s.Began)), s.Requests)
	if uri {
		x.printf(" uri=%s", oneWord(s.URI))
	}
	x.printf("\n")
}

func (x *call) printStream(s *Stream, now time.Time) {
	x.printf("%s: [%s] id=%d proto=%s source=%s\n", s.ID, s.Began.Format("02/Jan/2006:15:04:05.000000"), numberOf(s.ID), s.Proto, s.Source)
	x.printf("  requests=%d epoch=%#x age=%s tunnel=%d\n", s.Requests, s.Generation, elapsed(now.Sub(s.Began)), digit(s.Tunnel))
	x.printf("  frontend=%s\n  backend=%s\n  server=%s\n", s.Frontend, cmp.Or(s.Backend, "<NONE>"), cmp.Or(s.Server, "<NONE>"))
	x.printf("  req total=%d\n  res total=%d\n", s.BytesIn, s.BytesOut)
	if s.URI != "" {
		x.printf("  uri=%s\n", oneWord(s.URI))
	}
}

func numberOf(id string) uint64 {
	n, _ := strconv.ParseUint(id, 0, 64)
	return n
}

// oneWord keeps what a client has sent from looking like something else.
func oneWord(s string) string {
	q := strconv.QuoteToASCII(s)
	return strings.ReplaceAll(q[1:len(q)-1], " ", `\x20`)
}

// elapsed is HAProxy's text for a time, such as 9s, 1m5s, 2h3m and 4d5h.
func elapsed(d time.Duration) string {
	s := int64(max(0, d) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%dh", s/86400, s/3600%24)
}
