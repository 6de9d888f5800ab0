package browser_test

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// order gives an order on the page: the user checks the server, chooses what to do with it, says
// why, applies it, and confirms if asked to.
func (b *tab) order(t *testing.T, r *relais, server, verb, reason string) {
	t.Helper()
	b.visit(t, r.page())
	form := `[id="app"] form[method="post"] `
	words := read[string](t, b, fmt.Sprintf("document.querySelector(%q).textContent", form+`option[value="`+verb+`"]`))
	b.do(t,
		chromedp.Click(chromedp.CSS(form+`input[name="s"][value="`+server+`"]`)),
		chromedp.SendKeys(chromedp.CSS(form+`select[name="action"]`), words),
		chromedp.SendKeys(chromedp.CSS(form+`input[name="reason"]`), reason),
		chromedp.Click(chromedp.CSS(form+`button[type="submit"]`)),
	)
	b.eventually(t, patience, "that it was done", "("+confirm+", "+shows("document.body", "Action processed successfully.")+")")
}

// confirm confirms what an open dialog asks. A dialog of the browser's own is confirmed by notice.
const confirm = `[...document.querySelectorAll("dialog[open] button")].filter(b => !/cancel/i.test(b.value + b.textContent)).pop()?.click()`

// TestDrainAndReady takes a server out of the rotation on the page, and puts it back.
func TestDrainAndReady(t *testing.T) {
	r, b := guardedPair(t), newTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	drainAndReady(t, b, r)
	if faults, _, _ := b.noticed(); len(faults) > 0 {
		t.Errorf("the console has %q", faults)
	}
}

// guardedPair is a balancer with two servers, which users may change.
func guardedPair(t *testing.T) *relais {
	t.Helper()
	return runGuarded(t, backend("app", checked, "web1="+newOrigin(t, "a").addr, "web2="+newOrigin(t, "b").addr))
}

// drainAndReady is what an operator does, and what everybody sees of it: on the page, and by who answers.
func drainAndReady(t *testing.T, b *tab, r *relais) {
	t.Helper()
	const reason = `new <disk> & "fan"`
	b.order(t, r, "web1", "drain", reason)
	reader := newTab(t)
	reader.visitAs(t, "eye", readerPassword, r.page())
	for _, b := range []*tab{b, reader} {
		b.eventually(t, patience, "DRAIN", shows(row("app/web1"), "DRAIN"))
		b.eventually(t, patience, "why", shows("document.querySelector('main')", reason))
		b.eventually(t, patience, "who", shows("document.querySelector('main')", "ops"))
		b.eventually(t, patience, "the other one is UP", shows(row("app/web2"), "UP"))
	}
	if by := r.share(t, 20); by["b"] != 20 {
		t.Errorf("while web1 drains, of 20 requests there go %v", by)
	}
	b.order(t, r, "web1", "ready", "done")
	b.eventually(t, patience, "UP again", shows(row("app/web1"), "UP")+" && !"+shows(row("app/web1"), "DRAIN"))
	if by := r.share(t, 20); by["a"] != 10 || by["b"] != 10 {
		t.Errorf("when web1 is back, of 20 requests there go %v", by)
	}
}
