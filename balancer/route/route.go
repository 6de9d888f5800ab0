// Package route decides, before a server is asked, what becomes of a request: which rule of a
// frontend is for it and what that says, and which edits are to be made in the request and in its
// answer. It looks at plain values and carries out nothing itself.
package route

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"relais/internal/config"
)

// Table is the rules of a frontend. It is safe for concurrent use.
type Table struct {
	rules []*rule
	index index
}

// rule is one of them.
type rule struct {
	from   config.Rule
	number int // from 1 on, in the order of the configuration
	match  matcher
	action action
}

// action is what a rule does with the requests that it matches. decided is false if the rules
// behind it are to be looked at.
type action interface {
	decide(r *Request, now time.Time) (d Decision, decided bool)
}

// Kind is what a decision is about.
type Kind uint8

// The kinds of decisions.
const (
	Default  Kind = iota // no rule decided
	Backend              // Decision.Backend gets the request
	Redirect             // the client is to ask for Decision.Location, with Decision.Status
	Return               // Decision.Answer
	Deny                 // Decision.Status
	Limited              // too many requests; later than Decision.RetryAfter one more may come
	Full                 // too many requests at once
)

// Decision is what becomes of a request.
type Decision struct {
	Kind       Kind
	Rule       int // the number of the rule that decided
	Backend    string
	Status     int
	Location   *Location
	Answer     *Answer
	RetryAfter time.Duration
	Reason     string // why a request was not let through, for the log
}

// Compile makes a table of rules. What a rule keeps in mind, such as who has asked how often, it
// takes over from the same rule of prev, which may be nil.
func Compile(rules []config.Rule, prev *Table) (*Table, error) {
	t := &Table{rules: make([]*rule, 0, len(rules))}
	memory := remember(prev)
	for i := range rules {
		r, err := compileRule(&rules[i], &memory)
		if err != nil {
			return nil, fmt.Errorf("rule %d: %w", i+1, err)
		}
		r.number = i + 1
		t.rules = append(t.rules, r)
	}
	t.index = newIndex(t.rules)
	return t, nil
}

// Backends are the names of all backends that rules lead to, some more than once.
func (t *Table) Backends() (names []string) {
	for _, r := range t.rules {
		if r.from.Backend != "" {
			names = append(names, r.from.Backend)
		}
		for i := range r.from.Split {
			names = append(names, r.from.Split[i].Backend)
		}
	}
	return names
}

// Decide returns what the first rule that matches says; rules that only limit are passed by
// requests within the limit. Whoever calls it calls r.Release when the request has ended.
func (t *Table) Decide(r *Request, now time.Time) Decision {
	t.index.find(r)
	for i := range r.candidates.all {
		rule := t.rules[i]
		if !rule.match.matches(r) {
			continue
		}
		if d, decided := rule.action.decide(r, now); decided {
			d.Rule = rule.number
			return d
		}
	}
	return Decision{}
}

// memory is the rules of a table that have something in mind, until another table takes that over.
type memory []*rule

func remember(t *Table) (m memory) {
	if t == nil {
		return nil
	}
	for _, r := range t.rules {
		switch r.action.(type) {
		case *split, *limiter, *slots:
			m = append(m, r)
		}
	}
	return m
}

// take returns the action of the same rule, nil if there is none.
func (m *memory) take(c *config.Rule) action {
	for i, r := range *m {
		if reflect.DeepEqual(r.from, *c) {
			*m = slices.Delete(*m, i, i+1)
			return r.action
		}
	}
	return nil
}

func compileRule(c *config.Rule, m *memory) (*rule, error) {
	match, err := compileMatch(&c.Match)
	if err != nil {
		return nil, err
	}
	a := m.take(c)
	if a == nil {
		if a, err = compileAction(c); err != nil {
			return nil, err
		}
	}
	return &rule{from: *c, match: match, action: a}, nil
}
