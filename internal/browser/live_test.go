package browser_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"relais/internal/testkit"
)

// live is how long the page may take to show what has happened.
const live = 3 * time.Second

// stays sees that the page was not loaded again while something happens, and that what happens
// leaves no error in the console.
func (b *tab) stays(t *testing.T, happens func()) {
	t.Helper()
	_, _, before := b.noticed()
	read[chromedp.Void](t, b, "void (window.same = true)")
	happens()
	if faults, _, visits := b.noticed(); visits != before || len(faults) > 0 || !b.has("window.same") {
		t.Errorf("the page was loaded %d times, its console has %q", visits-before, faults)
	}
}

// keys are pressed with nothing in focus but the page.
func (b *tab) keys(t *testing.T, keys string) {
	t.Helper()
	b.do(t, chromedp.KeyEvent(keys))
}

// TestLiveFigures: figures follow the traffic without the page being loaded again, for who may
// look and for who may operate.
func TestLiveFigures(t *testing.T) {
	r := guardedPair(t)
	for user, password := range map[string]string{"eye": readerPassword, "ops": operatorPassword} {
		t.Run(user, func(t *testing.T) {
			b := newTab(t)
			b.visitAs(t, user, password, r.page())
			b.stays(t, func() {
				for range 3 {
					before := read[string](t, b, row("app/web1")+".innerText")
					r.share(t, 50)
					b.eventually(t, live, "other figures", fmt.Sprintf("%s.innerText != %q", row("app/web1"), before))
				}
			})
		})
	}
}

// TestLiveKeepsTheForm: a half filled form, the focus and the place in the page survive.
func TestLiveKeepsTheForm(t *testing.T) {
	r, b := guardedPair(t), newTab(t)
	b.visitAs(t, "ops", operatorPassword, r.page())
	form := `[id="app"] form[method="post"] `
	b.do(t, chromedp.Click(chromedp.CSS(form+`input[name="s"][value="web2"]`)), chromedp.SendKeys(chromedp.CSS(form+`input[name="reason"]`), "half a rea"))
	before := read[string](t, b, row("app/web1")+".innerText")
	r.share(t, 50)
	b.eventually(t, live, "other figures", fmt.Sprintf("%s.innerText != %q", row("app/web1"), before))
	b.keys(t, "son")
	if !b.has(`document.querySelector("[name=s][value=web2]").checked`) {
		t.Error("the box is not checked any more")
	}
	if reason := read[string](t, b, `document.querySelector("[name=reason]").value`); reason != "half a reason" {
		t.Errorf("the reason is %q", reason)
	}
}

// TestLiveKilledServer: a server that dies turns red within its check time, and the page names it
// above all.
func TestLiveKilledServer(t *testing.T) {
	const inter, fall = 500 * time.Millisecond, 2
	victim, addr := startOrigin(t, "a")
	r := run(t, backend("app", fmt.Sprintf("health_check: {path: /health, inter: %v, fall: %d}", inter, fall), "web1="+addr, "web2="+newOrigin(t, "b").addr))
	b := newTab(t)
	b.visit(t, r.page())
	b.eventually(t, patience, "both are up", shows(row("app/web1"), "UP")+" && !"+red("app/web1"))
	b.stays(t, func() {
		victim.Signal(syscall.SIGKILL)
		b.eventually(t, fall*inter+live, "DOWN, in red", shows(row("app/web1"), "DOWN")+" && "+red("app/web1"))
		b.eventually(t, live, "its name above all", shows(`document.querySelector(".summary")`, "web1"))
	})
}

// TestLiveFrozenServer: a server that is stopped under load is noticed within 2 s by its oldest
// request, long before its checks fail.
func TestLiveFrozenServer(t *testing.T) {
	victim, addr := startOrigin(t, "a")
	r := run(t, backend("app", "health_check: {path: /health, inter: 1h}", "web1="+addr))
	b := newTab(t)
	b.visit(t, r.page())
	b.eventually(t, patience, "it is up", shows(row("app/web1"), "UP"))
	victim.Signal(syscall.SIGSTOP)
	load := testkit.Start(t, nil, testkit.Program(t, "curl"), "-s", "-m", "20", r.web+"/")
	b.stays(t, func() {
		b.eventually(t, 2*time.Second+live/3, "for how long the oldest request has been waiting",
			`document.querySelector("main").innerText.match(/web1[^]{0,80}oldest|oldest[^]{0,80}web1/i)`)
	})
	victim.Signal(syscall.SIGCONT)
	load.ExitCode(t)
}

// seen are the names of the rows of servers that are to be seen, in the order in which they are.
const seen = `[...document.querySelectorAll("tbody tr")].filter(r => r.checkVisibility() && /\/web\d$/.test(r.id)).map(r => r.id.split("/")[1]).join(" ")`

// three are servers of different sizes.
func three(t *testing.T) (*relais, *tab) {
	t.Helper()
	a := newOrigin(t, "a").addr
	r := run(t, backend("app", checked, "web1="+a+", weight: 2", "web2="+testkit.RefusingAddr(t), "web3="+a+", weight: 4"))
	r.share(t, 60)
	b := newTab(t)
	b.visit(t, r.page())
	b.eventually(t, patience, "web2 is down", shows(row("app/web2"), "DOWN"))
	return r, b
}

// TestLiveFilter: / leads to the filter, what is typed there hides the other servers, also after
// the next figures, and Escape shows them again.
func TestLiveFilter(t *testing.T) {
	r, b := three(t)
	b.stays(t, func() {
		// A key of chromedp is two events, of which the second would type the slash into the filter.
		read[chromedp.Void](t, b, `void document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true}))`)
		b.eventually(t, live, "the filter has the focus", `document.activeElement.matches("input") && document.activeElement.value == ""`)
		b.keys(t, "web3")
		b.eventually(t, live, "web3 alone", seen+` == "web3"`)
		before := read[string](t, b, row("app/web3")+".innerText")
		r.share(t, 60)
		b.eventually(t, live, "other figures, web3 alone", fmt.Sprintf(`%s.innerText != %q && %s == "web3"`, row("app/web3"), before, seen))
		b.do(t, chromedp.KeyEvent("\u001b"))
		b.eventually(t, live, "all", seen+` == "web1 web2 web3"`)
	})
}

// TestLiveSort: the head of a column sorts by it, says so to those who listen, and the order
// holds while figures change.
func TestLiveSort(t *testing.T) {
	r, b := three(t)
	head := read[[]float64](t, b, `(h => { h.scrollIntoView({block: "center", inline: "center"}); const {x, y, width, height} = h.getBoundingClientRect(); return [x + width / 2, y + height / 2] })
		([...document.querySelectorAll("#app thead th[scope=col]")].filter(h => /^Total/.test(h.innerText.trim()))[0])`)
	press := chromedp.MouseClickXY(head[0], head[1])
	b.stays(t, func() {
		b.do(t, press)
		b.eventually(t, live, "the head says how it sorts", `document.querySelector("#app thead [aria-sort=ascending], #app thead [aria-sort=descending]")`)
		first := read[string](t, b, seen)
		b.do(t, press)
		b.eventually(t, live, "the other way round", seen+fmt.Sprintf(` == %q`, reversed(first)))
		if first != "web2 web1 web3" && first != "web3 web1 web2" {
			t.Errorf("by total sessions: %s", first)
		}
		before := read[string](t, b, row("app/web3")+".innerText")
		r.share(t, 60)
		b.eventually(t, live, "other figures in the same order", fmt.Sprintf(`%s.innerText != %q && %s == %q`, row("app/web3"), before, seen, reversed(first)))
	})
}

func reversed(words string) string {
	list := strings.Fields(words)
	slices.Reverse(list)
	return strings.Join(list, " ")
}

// TestLiveKeyboard: j and k go down and up through the rows, with a focus that is to be seen.
func TestLiveKeyboard(t *testing.T) {
	_, b := three(t)
	const at = `document.activeElement.closest("tr")?.id`
	b.stays(t, func() {
		var way []string
		for range 3 {
			b.keys(t, "j")
			b.eventually(t, live, "a row has the focus", at)
			way = append(way, read[string](t, b, at))
		}
		if way[0] == way[1] || way[1] == way[2] {
			t.Errorf("j goes through %v", way)
		}
		b.keys(t, "k")
		b.eventually(t, live, "the row before", at+fmt.Sprintf(" == %q", way[1]))
		if !b.has(`(s => s.outlineStyle != "none" || s.boxShadow != "none")(getComputedStyle(document.activeElement))`) {
			t.Error("the focus is not to be seen")
		}
	})
}

// TestLivePause: while the page is paused its figures stand still, and it says so; then they go on.
func TestLivePause(t *testing.T) {
	r, b := three(t)
	pause := `[...document.querySelectorAll("button")].filter(b => /pause/i.test(b.innerText + b.ariaLabel))[0]`
	b.stays(t, func() {
		b.eventually(t, live, "something to pause it with", pause)
		read[chromedp.Void](t, b, "void "+pause+".click()")
		b.eventually(t, live, "that it is paused", `document.body.innerText.match(/paused/i)`)
		before := read[string](t, b, row("app/web1")+".innerText")
		r.share(t, 60)
		for end := time.Now().Add(live); time.Now().Before(end); {
			if b.has(fmt.Sprintf("%s.innerText != %q", row("app/web1"), before)) {
				t.Fatal("figures go on while it is paused")
			}
		}
		read[chromedp.Void](t, b, `void [...document.querySelectorAll("button")].filter(b => /go live/i.test(b.innerText + b.ariaLabel))[0].click()`)
		b.eventually(t, live, "other figures", fmt.Sprintf("%s.innerText != %q", row("app/web1"), before))
	})
}

// TestLiveOutage: when the balancer has gone the page says so, and when it is back the page goes
// on by itself.
func TestLiveOutage(t *testing.T) {
	const cutOff = `document.body.innerText.match(/disconnected|connection lost|reconnect|no connection|no answer/i)`
	r, b := three(t)
	read[chromedp.Void](t, b, "void (window.same = true)")
	r.Signal(syscall.SIGKILL)
	r.ExitCode(t)
	b.eventually(t, 10*time.Second, "that it is cut off", "window.same && "+cutOff)
	again := r.restart(t)
	again.share(t, 60)
	b.eventually(t, 15*time.Second, "the figures of the other process", fmt.Sprintf(`window.same && !%s && document.body.innerText.includes(%q)`, cutOff, fmt.Sprint(again.Process.Process.Pid)))
}

// restart starts another balancer in the place of one that has ended.
func (r *relais) restart(t *testing.T) *relais {
	t.Helper()
	file := r.Args[len(r.Args)-1]
	config, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	binds := []string{r.stats, r.web} // in the order of the file
	config = regexp.MustCompile(`127\.0\.0\.1:0`).ReplaceAllFunc(config, func([]byte) []byte {
		address := strings.TrimPrefix(binds[0], "http://")
		binds = binds[1:]
		return []byte(address)
	})
	testkit.WriteFile(t, file, config)
	again := &relais{Process: testkit.Start(t, nil, balancerPath, "run", "--config", file)}
	testkit.Eventually(t, "the balancer is back", again.started)
	return again
}
