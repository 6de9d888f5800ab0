package browser_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// frames is the longest time in ms for which the page shows nothing new while the user scrolls
// through it and moves the mouse over it for a second.
const frames = `(async () => {
	let longest = 0, last = performance.now();
	const end = last + 1000, height = document.documentElement.scrollHeight;
	while (last < end) {
		scrollTo(0, (1 - (end - last) / 1000) * height);
		const now = await new Promise(requestAnimationFrame);
		longest = Math.max(longest, now - last);
		last = now;
	}
	return longest;
})()`

// TestThousandServers: the page of a large farm is there soon, and does not hang.
func TestThousandServers(t *testing.T) {
	const backends, servers = 100, 10
	addr := newOrigin(t, "a").addr
	var farm strings.Builder
	for i := range backends {
		var list []string
		for j := range servers {
			list = append(list, fmt.Sprintf("web%d=%s", j, addr))
		}
		farm.WriteString(backend(fmt.Sprint("app", i), "health_check: {path: /health, inter: 10s}", list...))
	}
	r, b := run(t, farm.String()), newTab(t)
	took, longest := time.Hour, 0.0
	for tries := 0; tries < 5 && took > 3*time.Second; tries++ { // others may need the machine, too
		b.visit(t, r.page()+";norefresh")
		b.eventually(t, patience, "the last server", holds(row("app99/web9"), "UP"))
		took = min(took, time.Duration(read[float64](t, b, `performance.getEntriesByType("navigation")[0].duration`)*1e6))
		longest = read[float64](t, b, frames)
		t.Logf("1,000 servers: %v until the page is there; it stands still for %.0f ms at most", took, longest)
	}
	if took > 3*time.Second {
		t.Errorf("the page takes %v", took)
	}
	if longest > 1000 {
		t.Errorf("the page stands still for %.0f ms", longest)
	}
	start := time.Now()
	b.do(t, chromedp.SendKeys(chromedp.CSS("input[name=scope]"), "app42"), chromedp.SendKeys(chromedp.CSS("input[name=scope]"), "\r"))
	b.eventually(t, patience, "the backend that was asked for", "!"+row("app1/web1")+" && "+holds(row("app42/web1"), "UP"))
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the scope takes %v", took)
	}
}
