package access

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestTokenLivesAsLongAsAPage(t *testing.T) {
	p := house(t)
	synctest.Test(t, func(t *testing.T) {
		g := New(p)
		time.Sleep(30*time.Minute + 59*time.Second)
		token := g.Token("ops")
		time.Sleep(24 * time.Hour)
		if !g.checkToken("ops", token) {
			t.Error("a token of 24 hours is refused")
		}
		if g.Token("ops") == token {
			t.Error("a day later the token is the same")
		}
		time.Sleep(time.Hour)
		if g.checkToken("ops", token) {
			t.Error("a token of 25 hours is taken")
		}
	})
}

func TestTokenIsOfOneUserAndProcess(t *testing.T) {
	g := New(house(t))
	token := g.Token("ops")
	for name, bad := range map[string]string{
		"empty": "", "another user's": g.Token("eye"), "another process's": New(house(t)).Token("ops"), "cut": token[:len(token)-1],
		"longer": token + "A", "of the future": g.tokenOf("ops", 1), "of the past": g.tokenOf("ops", -25), "spelt otherwise": "+" + token, "no number": "x" + token,
	} {
		if g.checkToken("ops", bad) {
			t.Errorf("a token that is %s is taken: %q", name, bad)
		}
	}
	if !g.checkToken("ops", token) || g.checkToken("eye", token) {
		t.Error("the token is not its user's alone")
	}
}
