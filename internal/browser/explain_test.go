package browser_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// retrying is a balancer one of whose servers refuses connections, with some requests behind it.
func retrying(t *testing.T) *relais {
	t.Helper()
	addr := newOrigin(t, "a").addr
	r := run(t, backend("app", "retries: 1", "web1="+addr, "web2="+testkit.RefusingAddr(t), "web3="+addr+", disabled: true",
		"a-server-with-quite-a-long-name.example.com="+addr+", backup: true"))
	testkit.Eventually(t, "requests are counted", func() bool {
		get(t, r.web+"/")
		_, page := get(t, r.page()+"/explain?backend=app")
		return strings.Contains(page, "requests for ")
	})
	for i := range 60 {
		get(t, fmt.Sprintf("%s/shop/%d?of=a-query-that-is-long-enough-to-need-more-than-one-line-on-a-phone,-and-some-more", r.web, i))
	}
	testkit.Eventually(t, "a request is remembered that was tried again", func() bool {
		status, _ := get(t, r.page()+"/explain?path=/shop&abnormal=1")
		return status == http.StatusOK
	})
	return r
}

// TestWhyByClicks goes from the statistics to the shares of a backend, to the requests of a path
// and to the story of one, and back: with scripts, and without.
func TestWhyByClicks(t *testing.T) {
	r := retrying(t)
	for name, b := range map[string]*tab{"scripts": newTab(t), "no scripts": newPlainTab(t)} {
		t.Run(name, func(t *testing.T) {
			b.visit(t, r.page()+";norefresh")
			b.click(t, `[id=app] .why`)
			b.eventually(t, patience, "the shares", shows("document.querySelector('main')", "Among those that were candidates")+` && document.querySelector(".bar")`)
			b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=path]"), "/shop/1"), chromedp.Click(chromedp.CSS("input[name=abnormal]")))
			b.click(t, `[aria-labelledby=some] button`)
			b.eventually(t, patience, "the requests", shows("document.querySelector('.found')", "GET /shop/1")+" && !"+shows("document.querySelector('.found')", "/shop/2")+` && document.querySelector("[name=abnormal]").checked`)
			id := read[string](t, b, `document.querySelector(".found tbody th").innerText`)
			b.click(t, `.found th a`)
			b.eventually(t, patience, "the story", shows("document.querySelector('main')", "answered by web1")+" && "+shows("document.querySelector('dl')", id)+" && "+shows("document.querySelector('.stands')", "failed before"))
			b.click(t, `header a`)
			b.do(t, chromedp.SendKeys(chromedp.CSS(`input[name=id]`), id))
			b.click(t, `[id="/options"] [name=id] ~ button`)
			b.eventually(t, patience, "the story again", shows("document.querySelector('dl')", id))
			if faults, _, _ := b.noticed(); len(faults) > 0 {
				t.Errorf("the browser complains: %q", faults)
			}
		})
	}
}

// click follows what leads to another page.
func (b *tab) click(t *testing.T, selector string) {
	t.Helper()
	if answer := b.follow(t, chromedp.Click(chromedp.CSS(selector))); answer.Status != http.StatusOK {
		t.Fatalf("%s leads to %s, status %d", selector, answer.URL, answer.Status)
	}
}

// TestWhyOfAServer: the tip of a server's name stays while the pointer goes to the link in it.
func TestWhyOfAServer(t *testing.T) {
	r, b := retrying(t), newTab(t)
	b.visit(t, r.page()+";norefresh")
	place := func(selector string) (x, y float64) {
		at := read[[]float64](t, b, fmt.Sprintf(`(({x, y, width, height}) => [x + width / 2, y + height / 2])(document.querySelector(%q).getBoundingClientRect())`, selector))
		return at[0], at[1]
	}
	read[chromedp.Void](t, b, `document.getElementById("app/web2").scrollIntoView({block: "center"})`)
	x, y := place(`[id="app/web2"] th a`)
	b.do(t, chromedp.MouseEvent("mouseMoved", x, y))
	b.eventually(t, patience, "the tip", row("app/web2")+".querySelector('.tip a').checkVisibility()")
	toX, toY := place(`[id="app/web2"] .tip a`)
	for steps := 2 * (toY - y); y < toY; { // half a pixel each, so that no gap is jumped
		x, y = x+(toX-x)/steps, y+0.5
		b.do(t, chromedp.MouseEvent("mouseMoved", x, y))
	}
	b.do(t, chromedp.MouseClickXY(toX, toY))
	b.eventually(t, patience, "what web2 refused", shows("document.querySelector('.found')", "connection refused"))
}

// TestWhyLayout looks at the page that says why as TestLayout does at the statistics.
func TestWhyLayout(t *testing.T) {
	r, b := retrying(t), newTab(t)
	b.visit(t, r.page()+"/explain?abnormal=1")
	story := read[string](t, b, `document.querySelector(".found th a").getAttribute("href")`)
	pictures := os.Getenv("RELAIS_SCREENSHOTS")
	if pictures == "" {
		pictures = t.TempDir()
	}
	for name, address := range map[string]string{
		"form": "/haproxy-stats/explain", "story": story, "list": "/haproxy-stats/explain?path=/shop", "shares": "/haproxy-stats/explain?backend=app", "error": "/haproxy-stats/explain?last=5x",
	} {
		for _, screen := range screens() {
			for _, scheme := range []string{"light", "dark"} {
				t.Run(name+" "+screen.name+" "+scheme, func(t *testing.T) {
					b.do(t, chromedp.EmulateViewport(screen.width, screen.height, screen.options...), media("", scheme))
					b.visit(t, r.stats+address)
					testkit.WriteFile(t, filepath.Join(pictures, "why-"+name+"-"+screen.name+"-"+scheme+".png"), ask(t, b, chromedp.FullScreenshot(100)))
					for _, fault := range read[[]string](t, b, layoutFaults) {
						t.Error(fault)
					}
					if width := read[int64](t, b, "document.documentElement.scrollWidth"); width > screen.width {
						t.Errorf("the page is %d px wide", width)
					}
				})
			}
		}
	}
}
