package why

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"time"
)

// Line is a request in a list, in words; "-" stands for what there is none of.
type Line struct {
	ID      string // the balancer's own
	Began   time.Time
	Client  string
	Request string
	Status  string
	Server  string // of the last attempt, behind its backend
	Time    string
	End     string // HAProxy's four characters
	Why     string // what was not as usual
	Failed  bool
}

// Line tells what r knows in a line.
func (r *Record) Line() Line {
	return Line{
		ID: plain(r.ID), Began: r.Began.UTC(), Client: r.from(), Request: r.request(), Status: number(r.Status), Server: r.served(),
		Time: duration(r.Timers.Total), End: orDash(r.Termination), Why: orDash(r.remark()), Failed: r.failed(),
	}
}

// WriteList lists requests, one on each line: columns with tabs between them, the id first.
func WriteList(w io.Writer, records []Record) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "# id\tbegan\tclient\trequest\tstatus\tserver\ttime\tend\twhy\n")
	for i := range records {
		l := records[i].Line()
		fmt.Fprintf(b, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			l.ID, l.Began.Format("2006-01-02T15:04:05.000Z"), l.Client, l.Request, l.Status, l.Server, l.Time, l.End, l.Why)
	}
	return b.Flush()
}

func (r *Record) from() string {
	if !r.Client.IsValid() {
		return "-"
	}
	return r.Client.Addr().String()
}

func (r *Record) request() string {
	if len(r.Method) == 0 {
		return "-"
	}
	return plain(r.Method) + " " + cut(r.Target, maxTarget)
}

// served is the server of the last attempt.
func (r *Record) served() string {
	if r.Backend == "" {
		return "-"
	}
	if last := r.last(); last != nil {
		return r.Backend + "/" + last.Server
	}
	return r.Backend + "/-"
}

// remark is what was not as usual, in few words; empty: nothing was.
func (r *Record) remark() string {
	switch {
	case r.Reason != "":
		return plain(r.Reason)
	case len(r.Attempts) > 1:
		return count(len(r.Attempts), "attempt", "attempts")
	case r.Place > 0:
		return "queued for " + duration(r.Timers.Queue)
	case r.Stick == DownCookie || r.elsewhere():
		return "the cookie " + DownCookie.said(r.Wanted)
	}
	return ""
}

func number(n int) string {
	if n <= 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
