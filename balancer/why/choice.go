package why

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Choice is how a server was chosen and what came of it, or that none was to be had.
type Choice struct {
	Name    string // attempt 1, attempt 2, ...; then: there was none
	Server  string // empty: there was none
	After   string // the time since the request began
	How     string // why it was this server
	Outcome string
	Failed  bool // the outcome was not as it should be

	Since      string     // when the servers came to stand so; empty: not known
	Standings  []Standing // of all servers of the backend at that moment
	Candidates []string   // the same in few words, whatever their number
	Remarks    []string   // what else there is to know
}

// Standing is what one server was to a Choice.
type Standing struct {
	Candidate
	Chosen bool
	Tried  bool // it would have been a candidate, had the request not failed on it before
	Full   bool // it was usable, and had no room
}

// Words says what the server was.
func (s *Standing) Words() string {
	switch {
	case s.Chosen && s.Out != "":
		return "chosen (" + plain(s.Out) + ")"
	case s.Chosen:
		return "chosen"
	case s.Out != "":
		return plain(s.Out)
	case s.Tried:
		return "failed before"
	case s.Full:
		return "full"
	}
	return "candidate"
}

// choices tells of the attempts, and why there was no further one.
func (r *Record) choices() []Choice {
	var list []Choice
	var seen *Situation // that was described last
	for i := range r.Attempts {
		list = append(list, r.attempt(i, seen))
		seen = r.Attempts[i].Situation
	}
	if s := r.NoServer; s != nil {
		c := Choice{Name: "then", Outcome: "no server was got", Failed: true}
		if len(r.Attempts) > 0 {
			c.Outcome = "no further server was got"
		}
		c.describe(s, r.Began)
		c.Candidates = c.candidates(s, s == seen)
		list = append(list, c)
	}
	return list
}

func (r *Record) attempt(i int, seen *Situation) Choice {
	a := &r.Attempts[i]
	c := Choice{Name: "attempt " + strconv.Itoa(i+1), Server: a.Server, After: duration(a.After), Outcome: "answered"}
	if a.Failed != "" {
		c.Outcome, c.Failed = plain(a.Failed), true
	}
	if a.Situation == nil {
		c.How, c.Candidates = a.Pick.said(""), []string{"candidates: not remembered"}
		return c
	}
	c.How = a.Pick.said(a.Situation.Algorithm)
	c.describe(a.Situation, r.Began)
	c.rank(a.Pick, r.Attempts[:i])
	c.Candidates = c.candidates(a.Situation, a.Situation == seen)
	return c
}

// describe tells how the servers stood in a situation.
func (c *Choice) describe(s *Situation, began time.Time) {
	c.Since = s.since(began)
	for _, of := range s.Servers {
		c.Standings = append(c.Standings, Standing{Candidate: of, Chosen: of.Server == c.Server})
	}
	if s.Panicking {
		c.Remarks = append(c.Remarks, "too few servers were up for panic_threshold, so all were used")
	}
}

// rank tells the candidates from those that could not be chosen for this request, where that is
// certain.
func (c *Choice) rank(by Pick, before []Attempt) {
	tried := map[string]bool{}
	for i := range before {
		tried[before[i].Server] = true
	}
	for i := range c.Standings {
		switch s := &c.Standings[i]; {
		case s.Chosen && s.Out != "" && by == ByCookie:
			c.Remarks = append(c.Remarks, s.Server+" keeps the clients whose cookies name it, and gets no others")
		case s.Chosen || s.Out != "":
		case tried[s.Server]:
			s.Tried = by != Again
		default:
			s.Full = by == OnlyOne
		}
	}
}

// text is the choice in one line.
func (c *Choice) text() string {
	if c.Server == "" {
		return c.Outcome
	}
	return fmt.Sprintf("%s after %s, %s: %s", c.Server, c.After, c.How, c.Outcome)
}

// candidates tells who the candidates were, why others were none, and who was none for this request.
func (c *Choice) candidates(of *Situation, same bool) []string {
	lines := []string{"candidates: the same"}
	if !same {
		lines[0] = "candidates since " + c.Since + ": " + of.in()
		if out := of.outs(); out != "" {
			lines = append(lines, "out: "+out)
		}
	}
	if names := c.those(func(s *Standing) bool { return s.Tried }); len(names) > 0 {
		lines = append(lines, "failed before: "+few(names))
	}
	if names := c.those(func(s *Standing) bool { return s.Full }); len(names) > 0 {
		lines = append(lines, "full: "+few(names))
	}
	return lines
}

func (c *Choice) those(are func(*Standing) bool) (names []string) {
	for i := range c.Standings {
		if are(&c.Standings[i]) {
			names = append(names, c.Standings[i].Server)
		}
	}
	return names
}

// since is the time of day when it began, with the date if a request was on another.
func (s *Situation) since(request time.Time) string {
	const day = "2006-01-02"
	if s.Since.UTC().Format(day) != request.UTC().Format(day) {
		return s.Since.UTC().Format(day + " 15:04:05")
	}
	return clock(s.Since)
}

// in names the candidates, with their weights if those differ.
func (s *Situation) in() string {
	var names []string
	weight, differ := -1, false
	for _, c := range s.Servers {
		if c.Out == "" {
			differ = differ || weight >= 0 && c.Weight != weight
			weight = c.Weight
		}
	}
	for _, c := range s.Servers {
		switch {
		case c.Out != "":
		case differ:
			names = append(names, c.Server+" (weight "+strconv.Itoa(c.Weight)+")")
		default:
			names = append(names, c.Server)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return few(names)
}

// outs names those that were no candidates by reason: "web2 (down), 31 drain (web4, web5 ...)".
func (s *Situation) outs() string {
	var reasons []string
	servers := map[string][]string{}
	for _, c := range s.Servers {
		if c.Out == "" {
			continue
		}
		if servers[c.Out] == nil {
			reasons = append(reasons, c.Out)
		}
		servers[c.Out] = append(servers[c.Out], c.Server)
	}
	var b strings.Builder
	for i, reason := range reasons {
		if i > 0 {
			b.WriteString("; ")
		}
		if n := len(servers[reason]); n > 1 {
			fmt.Fprintf(&b, "%d %s (%s)", n, plain(reason), few(servers[reason]))
		} else {
			fmt.Fprintf(&b, "%s (%s)", servers[reason][0], plain(reason))
		}
	}
	return b.String()
}
