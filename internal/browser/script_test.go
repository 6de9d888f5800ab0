package browser_test

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"relais/internal/testkit"
)

// newPlainTab is a tab in which no page can run a script.
func newPlainTab(t *testing.T) *tab {
	t.Helper()
	b := newTab(t)
	b.do(t, call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	s := testkit.HTTPServer(t, func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "<!DOCTYPE html><title>t</title><p id=p>off</p><script>p.textContent = 'on'</script>")
	})
	b.visit(t, s.URL)
	if !b.has("p.textContent == 'off'") {
		t.Fatal("scripts are on")
	}
	return b
}

// TestRefreshWithoutScripts: the page gets new figures by itself.
func TestRefreshWithoutScripts(t *testing.T) {
	t.Parallel()
	r, b := run(t, backend("app", checked, "web1="+newOrigin(t, "a").addr)), newPlainTab(t)
	r.share(t, 137)
	b.visit(t, r.page())
	b.eventually(t, patience, "137 requests", row("app/web1")+`?.innerText.match(/\b137\b/)`)
	r.share(t, 106)
	b.eventually(t, 8*time.Second, "243 requests", row("app/web1")+`?.innerText.match(/\b243\b/)`)
}

func TestDrainAndReadyWithoutScripts(t *testing.T) {
	r, b := guardedPair(t), newPlainTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	drainAndReady(t, b, r)
}
