package app

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"relais/balancer"
	"relais/balancer/why"
	"relais/internal/config"
	"relais/internal/ctl"
)

// remembered is the requests of the last time.
type remembered interface {
	Find(id []byte) []why.Record
	Search(why.Query) []why.Record
	Reach() (abnormal, ordinary time.Time)
}

// explain answers why a request went where it went, which requests there were, or why servers have
// the shares that they have.
func (a *App) explain(args []string, _ ctl.Note, say func(string, ...any)) error {
	if a.memory == nil {
		return errNothingRemembered
	}
	now := time.Now()
	q, err := why.ParseQuery(args, now)
	if err != nil {
		return err
	}
	answer, err := a.answer(q, now)
	if err != nil {
		return err
	}
	var text strings.Builder
	err = answer.Write(&text)
	say("%s", text.String())
	return err
}

var errNothingRemembered = errors.New("nothing is remembered: the configuration has explain: off")

var errNotRemembered = errors.New("no such request is remembered")

// answer finds what is known of what is asked for.
func (a *App) answer(q why.Question, now time.Time) (why.Answer, error) {
	if !q.Shares {
		return find(a.memory, q)
	}
	shares := a.memory.Shares(q.Query.Backend, q.Query.Since, a.tallies(now))
	if len(shares.Servers) == 0 && !slices.Contains(a.backends(), q.Query.Backend) { // one that has gone is told of while it is remembered
		return why.Answer{}, ctl.ErrNoBackend
	}
	return why.Answer{Shares: shares, Server: q.Query.Server}, nil
}

// backends returns the names of all.
func (a *App) backends() (names []string) {
	for _, b := range a.proxy.Table().Backends {
		names = append(names, b.Name)
	}
	return names
}

// find finds requests. An id that clients have sent may be that of several.
func find(m remembered, q why.Question) (why.Answer, error) {
	var found []why.Record
	if q.ID != "" {
		found = m.Find([]byte(q.ID))
	} else {
		found = m.Search(q.Query)
	}
	switch {
	case len(found) == 0:
		return why.Answer{}, fmt.Errorf("%w: %s", errNotRemembered, reach(m))
	case len(found) == 1 && q.ID != "":
		return why.Answer{Request: &found[0]}, nil
	}
	return why.Answer{List: found}, nil
}

// reach says how far back requests are remembered.
func reach(m remembered) string {
	abnormal, ordinary := m.Reach()
	since := func(t time.Time) string {
		if t.IsZero() {
			return "there were none yet"
		}
		return "since " + t.UTC().Format("2006-01-02 15:04:05") + " UTC"
	}
	return fmt.Sprintf("ordinary ones: %s; those that failed, were tried again, waited or were slow: %s", since(ordinary), since(abnormal))
}

// tallies are what servers have counted up to now.
func (a *App) tallies(now time.Time) why.Sample {
	s := why.Sample{At: now, Servers: map[string]why.Tally{}}
	for _, b := range a.proxy.Table().Backends {
		for _, server := range b.Servers {
			s.Servers[b.Name+"/"+server.Name] = tally(server)
		}
	}
	return s
}

func tally(s *balancer.Server) why.Tally {
	c := &s.Counters
	t := why.Tally{Away: c.Redispatches.Load()}
	for _, n := range c.Failures.Load() {
		t.Failed += n
	}
	for pick := range c.Picks {
		t.Picks[pick] = c.Picks[pick].Load()
	}
	return t
}

// newMemory returns what remembers requests; nil: nothing is to.
func newMemory(c config.Explain) *why.Memory {
	if c.Mode == "off" {
		return nil
	}
	if c.Slow == 0 {
		c.Slow = -1
	}
	return why.New(why.Options{Slow: c.Slow})
}

// remember takes what servers have counted, and the situations that no request has seen.
func (a *App) remember(now time.Time) {
	if a.memory == nil {
		return
	}
	a.memory.Count(a.tallies(now))
	for _, b := range a.proxy.Table().Backends {
		all := b.Situations()
		a.memory.Note(all[len(all)-1])
	}
}
