package browser_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// red is that a row has the colour of a server that is down.
func red(id string) string {
	return fmt.Sprintf(`(([r, g, b]) => r > g + 40 && r > b + 40)(getComputedStyle(%s.querySelector("th")).backgroundColor.match(/\d+/g).map(Number))`, row(id))
}

// TestKilledServer: a server that dies is red as soon as its checks have noticed and the page has
// been loaded again, without anybody touching it.
func TestKilledServer(t *testing.T) {
	t.Parallel()
	const inter, fall, refresh = 500 * time.Millisecond, 2, 5 * time.Second
	victim, addr := startOrigin(t, "a")
	r := run(t, backend("app", fmt.Sprintf("health_check: {path: /health, inter: %v, fall: %d}", inter, fall), "web1="+addr, "web2="+newOrigin(t, "b").addr))
	b := newTab(t)
	b.visit(t, r.page())
	b.eventually(t, patience, "both are up", shows(row("app/web1"), "UP")+" && !"+red("app/web1"))
	victim.Signal(syscall.SIGKILL)
	b.eventually(t, fall*inter+refresh+2*time.Second, "DOWN, in red", shows(row("app/web1"), "DOWN")+" && "+red("app/web1"))
	if !b.has(shows(row("app/web2"), "UP") + " && !" + red("app/web2")) {
		t.Error("the other one is not up any more")
	}
	if !b.has(shows("document.querySelector('main')", "refused")) {
		t.Error("the page does not say why")
	}
}
