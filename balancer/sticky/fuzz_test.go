package sticky

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// FuzzCookies asserts that the cookies of others reach the server as they came, byte for byte,
// and that a field is understood as browsers write it.
func FuzzCookies(f *testing.F) {
	f.Fuzz(func(t *testing.T, field string) {
		field = strings.Trim(field, " \t")
		checkRemoved(t, newCookie(t, "insert", "w1", "w2"), field)
		checkUnprefixed(t, newCookie(t, "prefix", "w1", "w2"), field)
		if strings.Contains(field, `"`) {
			return
		}
		server, claim := newCookie(t, "insert", "w1", "w2").Find(bytesOf([]string{field}), everybody)
		if wantServer, wantClaim := plainly(field); server != wantServer || claim != wantClaim {
			t.Errorf("%q: got server %d, claim %d, want %d, %d", field, server, claim, wantServer, wantClaim)
		}
	})
}

// pairs returns the cookies of a field that are, or are not, the balancer's.
func pairs(field string, own bool) (found []string) {
	rest := []byte(field)
	for more := true; more; {
		var one pair
		one, rest, more = nextPair(rest)
		if one.named([]byte("SRV")) == own {
			found = append(found, string(one.raw))
		}
	}
	return found
}

func checkRemoved(t *testing.T, c *Cookie, field string) {
	edited, ok := c.AppendEdited(nil, []byte(field))
	others := pairs(field, false)
	if len(others) > 0 && len(pairs(field, true)) > 0 && strings.HasPrefix(field, pairs(field, true)[0]) {
		others[0] = strings.TrimLeft(others[0], " \t")
	}
	want := strings.Join(others, ";")
	switch {
	case !ok && strings.Trim(want, "; \t") != "":
		t.Errorf("%q was dropped", field)
	case ok && string(edited) != want:
		t.Errorf("%q became %q, want %q", field, edited, want)
	}
	if _, claim := c.Find(bytesOf([]string{string(edited)}), everybody); ok && claim != None {
		t.Errorf("%q is left in %q", "SRV", edited)
	}
}

func checkUnprefixed(t *testing.T, c *Cookie, field string) {
	edited, ok := c.AppendEdited(nil, []byte(field))
	if !ok || !slices.Equal(pairs(string(edited), false), pairs(field, false)) {
		t.Errorf("%q became %q", field, edited)
	}
	answer := c.Answer(0, true)
	set, _ := answer.AppendEdited(nil, []byte(field))
	back, _ := c.AppendEdited(nil, set)
	if own := pairs(field, true); len(own) == 1 && strings.HasPrefix(field, own[0]) && !bytes.Equal(back, []byte(field)) {
		t.Errorf("the server has set %q and gets back %q", field, back)
	}
}

// plainly is Find for a field without quotes, written down another way.
func plainly(field string) (server int, claim Claim) {
	server = -1
	for one := range strings.SplitSeq(field, ";") {
		name, value, found := strings.Cut(one, "=")
		if strings.Trim(name, " \t") != "SRV" || !found {
			continue
		}
		value, _, _ = strings.Cut(strings.Trim(value, " \t"), "|")
		at := slices.Index([]string{"w1", "w2"}, value)
		switch {
		case server >= 0:
		case at >= 0:
			server, claim = at, Valid
		default:
			claim = Invalid
		}
	}
	return server, claim
}
