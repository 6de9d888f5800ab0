package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// checked is the check of backends in which nothing changes by itself.
const checked = "health_check: {path: /health, inter: 1h}"

// TestCleanPage: whoever may see the page, it loads without an error in the browser's console and
// asks nobody but the listener for anything.
func TestCleanPage(t *testing.T) {
	a := newOrigin(t, "a")
	open, guarded := run(t, backend("app", checked, "web1="+a.addr)), runGuarded(t, backend("app", checked, "web1="+a.addr))
	for _, test := range []struct {
		name, user, password, url string
	}{
		{"everybody", "", "", open.page()},
		{"everybody, from the root", "", "", open.stats + "/"},
		{"everybody, without refresh", "", "", open.page() + ";norefresh?scope=app"},
		{"who may read", "eye", readerPassword, guarded.page()},
		{"who may operate", "ops", operatorPassword, guarded.page()},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newTab(t)
			if status := b.visitAs(t, test.user, test.password, test.url); status != 200 {
				t.Fatalf("status %d", status)
			}
			b.eventually(t, patience, "its style", `getComputedStyle(document.body).fontFamily != "" && document.styleSheets.length > 0 && document.readyState == "complete"`)
			b.eventually(t, patience, "the server", shows(row("app/web1"), "UP"))
			faults, requests, _ := b.noticed()
			for _, fault := range faults {
				t.Error(fault)
			}
			listener, _, _ := strings.Cut(strings.TrimPrefix(test.url, "http://"), "/")
			for _, url := range requests {
				if !strings.HasPrefix(url, "http://"+listener+"/") {
					t.Errorf("the page asks for %s", url)
				}
			}
			if len(requests) < 2 {
				t.Errorf("there were only requests for %v", requests)
			}
		})
	}
}

// TestInjectedScript: the policy of the page would stop a script that had found its way into it,
// and the console would say so.
func TestInjectedScript(t *testing.T) {
	r := run(t, backend("app", checked, "web1="+newOrigin(t, "a").addr))
	b := newTab(t)
	b.visit(t, r.page()+";norefresh")
	for _, inject := range []string{
		`document.head.append(Object.assign(document.createElement("script"), {textContent: "window.injected = true"}))`,
		`document.head.append(Object.assign(document.createElement("script"), {src: "data:text/javascript,window.injected=true"}))`,
		`document.body.insertAdjacentHTML("beforeend", "<img src='/none' onerror='window.injected = true'>")`,
	} {
		before, _, _ := b.noticed()
		read[chromedp.Void](t, b, inject)
		testkit.Eventually(t, "the console names the policy", func() bool {
			faults, _, _ := b.noticed()
			return strings.Contains(strings.Join(faults[len(before):], "\n"), "Content Security Policy")
		})
	}
	if b.has("window.injected") {
		t.Error("an injected script was run")
	}
}
