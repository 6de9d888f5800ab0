package browser_test

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// layoutFaults is an expression that looks for what is wrong with a page.
//
//go:embed layout.js
var layoutFaults string

// screen is what somebody looks at the page with.
type screen struct {
	name          string
	width, height int64
	options       []chromedp.EmulateViewportOption
}

func screens() []screen {
	return []screen{
		{"desktop", 1440, 1200, nil},
		{"phone", 375, 812, []chromedp.EmulateViewportOption{chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait}},
	}
}

// TestLayout looks at the page on a desktop and on a phone, light and dark. With a folder in
// RELAIS_SCREENSHOTS it leaves pictures there.
func TestLayout(t *testing.T) {
	r, b := everyState(t)
	pictures := os.Getenv("RELAIS_SCREENSHOTS")
	if pictures == "" {
		pictures = t.TempDir()
	}
	for _, screen := range screens() {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(screen.name+" "+scheme, func(t *testing.T) {
				b.do(t, chromedp.EmulateViewport(screen.width, screen.height, screen.options...), media("", scheme))
				b.visit(t, r.page())
				picture := filepath.Join(pictures, "stats-"+screen.name+"-"+scheme)
				testkit.WriteFile(t, picture+".png", ask(t, b, chromedp.CaptureScreenshot()))
				testkit.WriteFile(t, picture+"-whole.png", ask(t, b, chromedp.FullScreenshot(100)))
				for _, fault := range read[[]string](t, b, layoutFaults) {
					t.Error(fault)
				}
				if width := read[int64](t, b, "document.documentElement.scrollWidth"); width > screen.width {
					t.Errorf("the page is %d px wide", width)
				}
				if dark := b.has(`getComputedStyle(document.body).backgroundColor.match(/\d+/g).every(c => c < 80)`); dark != (scheme == "dark") {
					t.Errorf("it is dark: %v", dark)
				}
			})
		}
	}
}

// TestPrint: on paper there is nothing to press, and nothing is cut off.
func TestPrint(t *testing.T) {
	const paper = 1062 // px between the margins of 8 mm of a landscape A4 sheet
	r, b := everyState(t)
	b.visit(t, r.page())
	b.do(t, chromedp.EmulateViewport(paper, 734), media("print", "light"))
	if seen := read[[]string](t, b, `[...document.querySelectorAll("input, select, textarea, button, dialog")].
		filter(e => !e.matches("td button") && e.checkVisibility()).map(e => e.outerHTML)`); len(seen) > 0 {
		t.Errorf("there are controls: %q", seen)
	}
	if wide := read[[]string](t, b, fmt.Sprintf(`[...document.querySelectorAll("body *")].
		filter(e => e.checkVisibility() && e.getBoundingClientRect().right > %d + 1).map(e => e.localName + " " + e.className)`, paper)); len(wide) > 0 {
		t.Errorf("cut off: %d elements, such as %q", len(wide), wide[:min(5, len(wide))])
	}
	b.do(t, media("", "light"))
	for name, paper := range map[string]chromedp.PaperSize{"A4": chromedp.PaperA4, "Letter": chromedp.PaperLetter} {
		pdf := ask(t, b, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPaper(paper)))
		if sheets := len(regexp.MustCompile(`/Type */Page\b`).FindAll(pdf, -1)); sheets < 1 || sheets > 3 {
			t.Errorf("three backends take %d sheets of %s", sheets, name)
		}
	}
}

// media makes the browser look at pages as on paper or on screen, and as its user likes them.
func media(media, scheme string) step {
	return call(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// everyState is a balancer whose page has rows of all colours, orders, transitions and long names,
// and the tab of an operator.
func everyState(t *testing.T) (*relais, *tab) {
	t.Helper()
	good, sinking, rising := newOrigin(t, "good").addr, newOrigin(t, "sinking"), newOrigin(t, "rising")
	bad := testkit.RefusingAddr(t)
	rising.failing.Store(true)
	r := runGuarded(t, backend("app", "health_check: {path: /health, inter: 100ms}",
		"web1="+good, "web2="+bad, "web3="+good, "web4="+good+", disabled: true", "a-server-with-quite-a-long-name.example.com="+good,
		"spare1="+good+", backup: true", "spare2="+bad+", backup: true", "spare3="+good+", backup: true")+
		backend("moving", "health_check: {path: /health, inter: 100ms, rise: 1000, fall: 1000}",
			"sinking="+sinking.addr, "rising="+rising.addr, "sparesink="+sinking.addr+", backup: true", "sparerise="+rising.addr+", backup: true")+
		backend("unchecked", "balance: leastconn", "web1="+good, "spare1="+good+", backup: true"))
	r.share(t, 50)
	b := newTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	b.eventually(t, patience, "web2 is down", shows(row("app/web2"), "DOWN"))
	sinking.failing.Store(true)
	rising.failing.Store(false)
	b.order(t, r, "web3", "drain", "a reason that is long enough to need more than one line on a phone, and then some")
	b.order(t, r, "spare3", "drain", "")
	const colours = `new Set([...document.querySelectorAll("tr[id] > th")].map(e => getComputedStyle(e).backgroundColor)).size`
	testkit.Eventually(t, "all colours are there", func() bool {
		b.visit(t, r.page())
		return read[int](t, b, colours) >= 12
	})
	return r, b
}
