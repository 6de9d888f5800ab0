package why

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Bounds of what an Account tells of a backend with many servers.
const (
	sharesShown  = 20 // lines of the table, and of servers that were out
	sharesStory  = 5  // servers whose share is explained
	near         = 10 // a share is as its weight says if it is off by less than this part, or than so many requests
	absencesTold = 4  // of one server
)

// Account tells in words how requests were shared and what is known of why: a table, then the
// servers whose share is the farthest from that of their weight, then the times when servers were
// no candidates. Times of day are UTC.
//
// Percentages by how servers were chosen are counts. That a server was out at some time is told
// beside them, and not turned into a percentage that nobody has counted.
type Account struct {
	Heading  string
	Columns  []string     // heads of the table
	Rows     []ShareRow   // none: no server was given a request
	Others   string       // how many servers more there are; empty: none
	Stories  []ShareStory // of shares that need one
	Even     string       // that none does; empty: some do, or nobody knows
	Failures []string     // attempts, by server
	Absences []string     // by server
}

// ShareRow is one server in the table of an Account.
type ShareRow struct {
	Cells  []string // the server's name first
	Share  float64  // its part of the requests, from 0 to 1
	Weight float64  // its part of the weights, from 0 to 1; negative: not known
}

// ShareStory explains the share of a server.
type ShareStory struct {
	Text  string
	Parts []SharePart
}

// SharePart is the requests that a server got in one way.
type SharePart struct{ Percent, Requests, Reason string }

// Account tells of all servers. With a server it explains that one only.
func (s *Shares) Account(server string) Account {
	t := account{s, server}
	a := Account{Heading: t.heading(), Failures: t.failures(), Absences: t.absences()}
	if s.Requests > 0 {
		a.Columns, a.Rows, a.Others = t.table()
		a.Stories, a.Even = t.stories()
	}
	return a
}

// account is an Account being made.
type account struct {
	*Shares
	server string // that is told of; empty: all
}

func (t *account) heading() string {
	when := fmt.Sprintf("from %s to %s UTC (%s)", t.From.UTC().Format("2006-01-02 15:04:05"), clock(t.To), long(t.To.Sub(t.From)))
	switch {
	case t.From.Equal(t.To):
		return fmt.Sprintf("backend %s: nothing has been counted yet", t.Backend)
	case t.Requests == 0:
		return fmt.Sprintf("backend %s %s: no server was given a request", t.Backend, when)
	}
	by := ""
	if t.Algorithm != "" {
		by = " by " + t.Algorithm
	}
	return fmt.Sprintf("backend %s %s: %s for %s%s", t.Backend, when,
		count(t.Requests, "request", "requests"), count(len(t.Servers), "server", "servers"), by)
}

// title heads the column of a Pick.
func (p Pick) title() string {
	return [Picks]string{"algorithm", "hash", "cookie", "only one", "queue", "again"}[p]
}

func (t *account) table() (columns []string, rows []ShareRow, others string) {
	var kinds []Pick // that occurred
	for p := range Pick(Picks) {
		if slices.ContainsFunc(t.Servers, func(s Share) bool { return s.Picks[p] > 0 }) {
			kinds = append(kinds, p)
		}
	}
	columns = []string{"server", "requests", "share", "of weight"}
	for _, p := range kinds {
		columns = append(columns, p.title())
	}
	for i := range t.Servers[:min(len(t.Servers), sharesShown)] {
		rows = append(rows, t.row(&t.Servers[i], kinds))
	}
	if more := len(t.Servers) - sharesShown; more > 0 {
		others = "and " + count(more, "other", "others")
	}
	return columns, rows, others
}

func (t *account) row(s *Share, kinds []Pick) ShareRow {
	row := ShareRow{
		Cells: []string{s.Server, grouped(s.Requests), t.percent(s.Requests), percent(float64(s.Weight), float64(s.Weights))},
		Share: float64(s.Requests) / float64(t.Requests), Weight: -1,
	}
	if s.Weights > 0 {
		row.Weight = float64(s.Weight) / float64(s.Weights)
	}
	for _, p := range kinds {
		row.Cells = append(row.Cells, grouped(s.Picks[p]))
	}
	return row
}

func (t *account) percent(n uint64) string { return percent(float64(n), float64(t.Requests)) }

// stories explains the shares that need it.
func (t *account) stories() (stories []ShareStory, even string) {
	var told []*Share
	for i := range t.Servers {
		if s := &t.Servers[i]; t.server == s.Server || t.server == "" && t.strange(s) {
			told = append(told, s)
		}
	}
	slices.SortStableFunc(told, func(a, b *Share) int { return cmp.Compare(t.off(b), t.off(a)) })
	for _, s := range told[:min(len(told), sharesStory)] {
		stories = append(stories, t.story(s))
	}
	if len(told) == 0 && t.server == "" && t.Servers[0].Weights > 0 {
		even = "Every server got what its weight is of all weights, or nearly: none is off by a tenth."
	}
	return stories, even
}

// strange tells whether a server got far less or far more than its weight is of all weights, which
// a few requests do not show.
func (t *account) strange(s *Share) bool {
	return t.off(s) >= max(near, t.byWeight(s)/near)
}

// off is how many requests the server got too few or too many.
func (t *account) off(s *Share) float64 {
	if s.Weights == 0 {
		return 0
	}
	return math.Abs(float64(s.Requests) - t.byWeight(s))
}

// byWeight is how many requests the server's weight alone would have given it.
func (t *account) byWeight(s *Share) float64 {
	return float64(t.Requests) * float64(s.Weight) / float64(s.Weights)
}

func (t *account) story(s *Share) ShareStory {
	text := fmt.Sprintf("%s got %s (%s of %s).", s.Server, t.percent(s.Requests), grouped(s.Requests), grouped(t.Requests))
	if s.Weights > 0 {
		text += fmt.Sprintf(" Its weight is %d of %d, %s.", s.Weight, s.Weights, percent(float64(s.Weight), float64(s.Weights)))
	}
	if s.Due >= 0 {
		text += fmt.Sprintf(" Among those that were candidates at the time, its weight was %s.", percent(s.Due, 1))
	}
	story := ShareStory{Text: text}
	for p := range Pick(Picks) {
		if n := s.Picks[p]; n > 0 {
			story.Parts = append(story.Parts, SharePart{t.percent(n), grouped(n), p.reason(t.Algorithm)})
		}
	}
	return story
}

// reason is why servers get requests in this way.
func (p Pick) reason(algorithm string) string {
	switch p {
	case ByAlgorithm:
		return named(algorithm) + " had the choice"
	case ByHash:
		return "the hash of " + named(algorithm) + " gave it"
	case ByCookie:
		return "the client's cookie named it"
	case OnlyOne:
		return "no other server was usable and had room"
	case ByQueue:
		return "the request had waited, and it had room first"
	}
	return "an attempt had failed, and no other server was usable"
}

func (t *account) failures() (lines []string) {
	for i := range t.Servers {
		if s := &t.Servers[i]; s.Failed > 0 && t.tells(s) {
			lines = append(lines, fmt.Sprintf("%s: %s failed; %s went on to another server", s.Server, count(s.Failed, "attempt", "attempts"), grouped(s.Away)))
		}
	}
	return lines
}

func (t *account) tells(s *Share) bool { return t.server == "" || t.server == s.Server }

// absences tells which servers were no candidates, those that were out the longest first.
func (t *account) absences() (lines []string) {
	var out []*Share
	for i := range t.Servers {
		if s := &t.Servers[i]; len(s.Out) > 0 && t.tells(s) {
			out = append(out, s)
		}
	}
	slices.SortStableFunc(out, func(a, b *Share) int { return cmp.Compare(b.away(), a.away()) })
	for _, s := range out[:min(len(out), sharesShown)] {
		lines = append(lines, fmt.Sprintf("%s was no candidate for %s of %s: %s", s.Server, long(s.away()), long(t.To.Sub(t.From)), t.told(s)))
	}
	if more := len(out) - sharesShown; more > 0 {
		lines = append(lines, "and "+count(more, "other", "others")+" for some time")
	}
	return lines
}

// away is how long the server was no candidate.
func (s *Share) away() time.Duration {
	var all time.Duration
	for _, a := range s.Out {
		all += a.To.Sub(a.From)
	}
	return all
}

// told lists the absences of a server.
func (t *account) told(s *Share) string {
	var told []string
	for _, a := range s.Out[:min(len(s.Out), absencesTold)] {
		when := "from " + clock(a.From) + " to " + clock(a.To)
		switch {
		case a.From.Equal(t.From) && a.To.Equal(t.To):
			when = "all the time"
		case a.To.Equal(t.To):
			when = "since " + clock(a.From)
		case a.From.Equal(t.From):
			when = "until " + clock(a.To)
		}
		told = append(told, plain(a.Why)+" "+when)
	}
	if more := len(s.Out) - absencesTold; more > 0 {
		told = append(told, count(more, "more time", "more times"))
	}
	return strings.Join(told, "; ")
}
