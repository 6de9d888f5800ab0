// Package plantest makes configurations that differ in known ways, for tests of plans and of
// reloads.
package plantest

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Case is a configuration before and after some edits.
type Case struct {
	Before, After string   // whole files
	Edits         []string // the names of the edits
	Lines         []string // what a plan says has changed, one line each, sorted: those of plan.Change.String
}

// Options say what a configuration may use. What is nil is made up, for tests that do not run it.
type Options struct {
	Bind   func(n int) string // the nth address to listen on, each another one
	Server func(n int) string // the nth address of a server
	Stats  string             // the address of the stats listener; empty: none
}

// Edit is one thing that an admin does to a file.
type Edit struct {
	Name string

	// apply makes the edit where no other one has been, and returns the lines of a plan. It returns
	// none when there is no such place left.
	apply func(m *model) []string
}

// New makes a case of at most so many edits. The same seed makes the same case.
func New(seed uint64, edits int, o Options) Case {
	m := newModel(rand.New(rand.NewPCG(seed, 1)), o)
	c := Case{Before: m.yaml()}
	kinds := Edits()
	for range edits {
		kind := kinds[m.rand.IntN(len(kinds))]
		m.make(kind, &c)
	}
	c.After = m.yaml()
	slices.Sort(c.Lines)
	return c
}

// One makes a case of one edit of a kind.
func One(kind Edit, seed uint64, o Options) Case {
	m := newModel(rand.New(rand.NewPCG(seed, 2)), o)
	c := Case{Before: m.yaml()}
	m.make(kind, &c)
	c.After = m.yaml()
	slices.Sort(c.Lines)
	return c
}

func (m *model) make(kind Edit, c *Case) {
	if lines := kind.apply(m); len(lines) > 0 {
		c.Edits, c.Lines = append(c.Edits, kind.Name), append(c.Lines, lines...)
	}
}

func (o Options) complete() Options {
	if o.Bind == nil {
		o.Bind = func(n int) string { return fmt.Sprintf("127.0.0.1:%d", 18000+n) }
	}
	if o.Server == nil {
		o.Server = func(n int) string { return fmt.Sprintf("10.0.%d.%d:5000", n/250, n%250+1) }
	}
	return o
}
