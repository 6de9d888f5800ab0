package why

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Story is what the record of a request tells, in words. Times of day are UTC.
type Story struct {
	ID      string   // the balancer's own
	Result  string   // how it ended, in one line
	Facts   []Fact   // when it began, what it was, what it had to wait for
	Choices []Choice // of servers, in the order in which they were made
	Ending  []Fact   // where the time went, and who ended it
}

// Fact is one thing that there is to know, and its name.
type Fact struct{ Name, Text string }

// Story tells what r knows.
func (r *Record) Story() Story {
	return Story{
		ID: plain(r.ID), Result: r.result(), Choices: r.choices(),
		Facts: filled(Fact{"began", r.Began.UTC().Format("2006-01-02 15:04:05.000") + " UTC"},
			Fact{"client", r.client()}, Fact{"asked for", r.asked()}, Fact{"through", r.way()}, Fact{"cookie", r.cookie()}, Fact{"queue", r.queue()}),
		Ending: filled(Fact{"times", r.Timers.told(len(r.Attempts))}, Fact{"end", r.end()}),
	}
}

// WriteStory tells a request's story to an admin: a line for each step, in the order in which they
// came, its name first.
func WriteStory(w io.Writer, r *Record) error {
	b := bufio.NewWriter(w)
	line := func(name, text string) { fmt.Fprintf(b, "%-10s  %s\n", name, text) }
	s := r.Story()
	line("request", s.ID)
	line("result", s.Result)
	for _, f := range s.Facts {
		line(f.Name, f.Text)
	}
	for i := range s.Choices {
		c := &s.Choices[i]
		line(c.Name, c.text())
		for _, more := range slices.Concat(c.Candidates, c.Remarks) {
			line("", more)
		}
	}
	for _, f := range s.Ending {
		line(f.Name, f.Text)
	}
	return b.Flush()
}

// filled leaves out what there is nothing to tell about.
func filled(facts ...Fact) []Fact {
	return slices.DeleteFunc(facts, func(f Fact) bool { return f.Text == "" })
}

// result is how it ended, in one line.
func (r *Record) result() string {
	var text string
	last := r.last()
	switch took := duration(r.Timers.Total); {
	case r.failed():
		text = "failed after " + took
	case last == nil:
		text = "by the balancer itself in " + took
	case len(r.Method) == 0:
		text = "served by " + r.Backend + "/" + last.Server + " for " + took
	default:
		text = "from " + r.Backend + "/" + last.Server + " in " + took
	}
	if r.Status > 0 {
		text = strconv.Itoa(r.Status) + " " + text
	}
	if r.Reason != "" {
		text += ": " + plain(r.Reason)
	}
	return text
}

// failed tells whether it did not end as it should.
func (r *Record) failed() bool {
	last := r.last()
	return !calm(r.Termination) || last != nil && last.Failed != ""
}

// last is the last attempt, nil if there was none.
func (r *Record) last() *Attempt {
	if len(r.Attempts) == 0 {
		return nil
	}
	return &r.Attempts[len(r.Attempts)-1]
}

func (r *Record) client() string {
	who := "on a unix socket"
	if r.Client.IsValid() {
		who = r.Client.String()
	}
	if len(r.ClientID) > 0 {
		who += ", which called the request " + cut(r.ClientID, maxToken)
	}
	return who
}

func (r *Record) asked() string {
	what := "a connection"
	if len(r.Method) > 0 {
		what = plain(r.Method) + " " + cut(r.Target, maxTarget)
	}
	if len(r.Host) > 0 {
		what += " of " + cut(r.Host, maxHost)
	}
	return what
}

// way is what the request came through.
func (r *Record) way() string {
	if r.Backend == "" {
		return "frontend " + r.Frontend
	}
	return "frontend " + r.Frontend + ", backend " + r.Backend
}

func (r *Record) cookie() string {
	claim := r.Stick.said(r.Wanted)
	if r.Stick == Stuck && len(r.Attempts) > 0 && r.Wanted != "" {
		switch {
		case r.Attempts[0].Server != r.Wanted:
			claim += ", which did not get the request"
		case len(r.Attempts) > 1:
			claim += ", which got the request first"
		default:
			claim += ", which got the request"
		}
	}
	if after := renewed(r.Termination); after != "" {
		if claim == "" {
			claim = "none"
		}
		claim += "; " + after
	}
	return claim
}

func (r *Record) queue() string {
	if r.Place == 0 {
		return ""
	}
	whom := "a server with room"
	if r.Stick == Stuck && r.Wanted != "" {
		whom = "room on " + r.Wanted + ", which the cookie names"
	}
	return fmt.Sprintf("waited %s for %s; number %d in line when it came there", duration(r.Timers.Queue), whom, r.Place)
}

// told says where the time went. What is left when the answer to the only attempt had begun is data,
// as in HAProxy.
func (t *Timers) told(attempts int) string {
	var b strings.Builder
	step := func(name string, took time.Duration) {
		if took < 0 {
			return
		}
		b.WriteString(name + " " + duration(took) + ", ")
	}
	step("queue", t.Queue)
	step("connect", t.Connect)
	step("answer", t.Response)
	if data := t.Total - t.Queue - t.Connect - t.Response; t.Response >= 0 && attempts == 1 && data > 0 {
		step("data", data)
	}
	return b.String() + "all " + duration(t.Total)
}

func (r *Record) end() string {
	if r.Termination == "" {
		return ""
	}
	return r.Termination + ": " + ending(r.Termination)
}
