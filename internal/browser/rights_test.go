package browser_test

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// TestWrongPassword: no figure is shown to whom the listener does not know.
func TestWrongPassword(t *testing.T) {
	r := guardedPair(t)
	for _, test := range []struct{ name, user, password string }{
		{"wrong password", "ops", "open sesam"},
		{"another's password", "ops", readerPassword},
		{"unknown user", "admin", operatorPassword},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newTab(t)
			if status := b.visitAs(t, test.user, test.password, r.page()); status != http.StatusUnauthorized {
				t.Errorf("status %d", status)
			}
			if text := read[string](t, b, "document.documentElement.textContent"); strings.Contains(text, "web1") || strings.Contains(text, "pid") {
				t.Errorf("the page says %q", text)
			}
		})
	}
}

// TestReader: who may look gets the figures, and nothing to change them with.
func TestReader(t *testing.T) {
	r, b := guardedPair(t), newTab(t)
	if status := b.visitAs(t, "eye", readerPassword, r.page()); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	b.eventually(t, patience, "the server", shows(row("app/web1"), "UP"))
	if b.has(`document.querySelector("form[method=post], [name=s], [name=action], [name=token]")`) {
		t.Error("there is something to change servers with")
	}
}

// TestForgedForms has the browser of an operator, who is logged in, post what he did not ask for.
func TestForgedForms(t *testing.T) {
	r, b := guardedPair(t), newTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	token := read[string](t, b, `document.querySelector("[name=token]").value`)
	foreign := foreignPage(t, r, token)
	byName := strings.Replace(foreign, "127.0.0.1", "localhost", 1)
	for _, test := range []struct{ name, page, press string }{
		{"other port, no token", foreign, "#none"},
		{"other port, made-up token", foreign, "#wrong"},
		{"other port, the right token", foreign, "#stolen"},
		{"other site, no token", byName, "#none"},
		{"other site, the right token", byName, "#stolen"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.visit(t, test.page)
			b.refused(t, r, chromedp.Click(chromedp.CSS(test.press)))
		})
	}
	for _, test := range []struct{ name, tamper string }{
		{"own page, no token", `f => f.token.remove()`},
		{"own page, empty token", `f => f.token.value = ""`},
		{"own page, made-up token", `f => f.token.value = f.token.value.replace(/./g, c => c == "a" ? "b" : "a")`},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.visit(t, r.page())
			b.refused(t, r, submit(fmt.Sprintf(`(%s)(f)`, test.tamper)))
		})
	}
	t.Run("the login is remembered", func(t *testing.T) { // without that, nothing was forged
		b.visit(t, foreign)
		if answer := b.follow(t, chromedp.Click(chromedp.CSS("#link"))); answer.Status != http.StatusOK {
			t.Errorf("status %d", answer.Status)
		}
	})
}

// submit posts the form of the page for web1, after something was done to f, the form.
func submit(tamper string) step {
	return chromedp.Evaluate[chromedp.Void](`{
		const f = document.querySelector("[id=app] form[method=post]");
		f.querySelector("[name=s][value=web1]").checked = true;
		f.querySelector("select[name=action]").value = "maint";
		` + tamper + `;
		HTMLFormElement.prototype.submit.call(f);
	}`)
}

// refused takes a step that posts a form, and sees that it has no effect.
func (b *tab) refused(t *testing.T, r *relais, post step) {
	t.Helper()
	answer := b.follow(t, post)
	if answer.Status != http.StatusForbidden || !strings.HasPrefix(answer.URL, r.stats) {
		t.Errorf("%s: status %d", answer.URL, answer.Status)
	}
	if !b.has(shows("document.body", "load")) { // the page again
		t.Errorf("the user is told %q", read[string](t, b, "document.body.innerText"))
	}
	b.unchanged(t, r)
}

func (b *tab) unchanged(t *testing.T, r *relais) {
	t.Helper()
	if status := r.status(t, "app", "web1"); status != "UP" {
		t.Errorf("web1 is %s", status)
	}
	b.visit(t, r.page())
	b.eventually(t, patience, "the server", shows(row("app/web1"), "web1")) // what is out of the window has no text
	if !b.has(shows(row("app/web1"), "UP")) || b.has(shows(row("app/web1"), "MAINT")) {
		t.Errorf("the page says %q", read[string](t, b, row("app/web1")+".innerText"))
	}
}

// TestForgedInTheBackground: neither a script nor a frame of a foreign page gets anywhere.
func TestForgedInTheBackground(t *testing.T) {
	r, b := guardedPair(t), newTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	token := read[string](t, b, `document.querySelector("[name=token]").value`)
	foreign := foreignPage(t, r, token)
	t.Run("fetch", func(t *testing.T) {
		b.visit(t, foreign)
		got := read[string](t, b, fmt.Sprintf(`fetch(%q, {method: "POST", mode: "no-cors", credentials: "include",
			headers: {"Content-Type": "application/x-www-form-urlencoded"}, body: "s=web1&b=app&action=maint&token=%s"}).then(a => a.type, e => "" + e)`, r.page(), token))
		if got != "opaque" { // it came as far as the listener
			t.Errorf("fetch: %s", got)
		}
		b.unchanged(t, r)
	})
	t.Run("reading the token", func(t *testing.T) {
		b.visit(t, foreign)
		got := read[string](t, b, fmt.Sprintf(`fetch(%q, {credentials: "include"}).then(a => a.text(), e => "refused")`, r.page()))
		if got != "refused" {
			t.Errorf("a foreign page reads %q", got)
		}
	})
	t.Run("frame", func(t *testing.T) {
		b.visit(t, foreign)
		before, _, _ := b.noticed()
		read[chromedp.Void](t, b, fmt.Sprintf(`document.body.append(Object.assign(document.createElement("iframe"), {src: %q}))`, r.page()))
		testkit.Eventually(t, "the console says that the page must not be framed", func() bool {
			faults, _, _ := b.noticed()
			return strings.Contains(strings.Join(faults[len(before):], "\n"), "frame")
		})
	})
}

// foreignPage is a page of another server, with forms that would put web1 into maintenance.
func foreignPage(t *testing.T, r *relais, token string) string {
	t.Helper()
	var page strings.Builder
	fmt.Fprintf(&page, "<!DOCTYPE html><title>You have won</title><a id=link href=%q>claim it</a>", r.page())
	for id, field := range map[string]string{
		"none":   "",
		"wrong":  `<input type=hidden name=token value=deadbeef>`,
		"stolen": fmt.Sprintf(`<input type=hidden name=token value="%s">`, html.EscapeString(token)),
	} {
		fmt.Fprintf(&page, `<form method=post action=%q><input type=hidden name=s value=web1><input type=hidden name=b value=app>
<input type=hidden name=action value=maint>%s<button id=%s>yes</button></form>`, r.page(), field, id)
	}
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		io.WriteString(w, page.String())
	})
	return "http://" + testkit.Address(s) + "/"
}
