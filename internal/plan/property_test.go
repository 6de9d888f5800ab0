package plan_test

import (
	"slices"
	"testing"

	"relais/internal/plan"
	"relais/internal/plan/plantest"
)

func lines(p *plan.Plan) []string {
	var all []string
	for _, c := range p.Changes() {
		all = append(all, c.String())
	}
	slices.Sort(all)
	return all
}

func TestEachEdit(t *testing.T) {
	for _, edit := range plantest.Edits() {
		t.Run(edit.Name, func(t *testing.T) {
			for seed := range uint64(2) {
				c := plantest.One(edit, seed, plantest.Options{})
				if len(c.Lines) == 0 {
					t.Fatal("the edit changes nothing")
				}
				checkCase(t, c)
			}
		})
	}
}

func TestRandomEdits(t *testing.T) {
	for seed := range uint64(60) {
		checkCase(t, plantest.New(seed, 1+int(seed%25), plantest.Options{}))
	}
}

// checkCase compares both ways: what is added in one is removed in the other.
func checkCase(t *testing.T, c plantest.Case) {
	t.Helper()
	before, after := parse(t, c.Before), parse(t, c.After)
	p := plan.Compare(before, after, plan.Facts{Now: at})
	if got := lines(p); !slices.Equal(got, c.Lines) {
		t.Fatalf("after %q the plan says\n%q\nwant\n%q", c.Edits, got, c.Lines)
	}
	if back := plan.Compare(after, before, plan.Facts{Now: at}); len(back.Changes()) != len(c.Lines) {
		t.Fatalf("after %q the way back has %q, want as many as %q", c.Edits, lines(back), c.Lines)
	}
	if again := plan.Compare(after, parse(t, c.After), plan.Facts{Now: at}); again.Changed() || again.Verdict != "nothing would change" {
		t.Fatalf("the same text twice: %q", lines(again))
	}
}
