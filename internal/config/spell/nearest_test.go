package spell

import "testing"

func TestNearest(t *testing.T) {
	known := []string{"frontends", "backends", "bind", "name", "maxconn", "rise", "fall"}
	for word, want := range map[string]string{
		"frontend":  "frontends",
		"fronetnds": "frontends", // two neighbours swapped count as one edit
		"bakcends":  "backends",
		"bnd":       "bind",
		"nmae":      "name",
		"max_conn":  "maxconn",
		"ris":       "rise",
		"colour":    "",
		"":          "",
		"xy":        "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestNearestKnowsNothing(t *testing.T) {
	if got := Nearest("bind", nil); got != "" {
		t.Errorf("Nearest among no words = %q, want none", got)
	}
}

func TestNearestTakesTheFirstOfEquals(t *testing.T) {
	if got := Nearest("web3", []string{"web1", "web2"}); got != "web1" {
		t.Errorf("Nearest = %q, want web1", got)
	}
}
