package main_test

import (
	"html"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"relais/internal/testkit"
)

var (
	timelineItem = regexp.MustCompile(`<li class="(\w*)">.*<time datetime="[-\dT:]+Z">[\d:]+</time> .*<span class="story">(.*)</span></li>`)
	markup       = regexp.MustCompile(`<[^>]*>`)
)

// timeline reads the timeline of the page: the kind of each happening and its words, newest first.
func (r *running) timeline(t *testing.T) (list []string) {
	t.Helper()
	_, page := r.get(t, "/haproxy-stats")
	_, section, _ := strings.Cut(page, `id="/timeline"`)
	section, _, _ = strings.Cut(section, "</section>")
	for _, item := range timelineItem.FindAllStringSubmatch(section, -1) {
		list = append(list, item[1]+"; "+html.UnescapeString(markup.ReplaceAllString(item[2], "")))
	}
	return list
}

// TestTimelineOnThePage: a server is killed, an operator drains another one, and the configuration is
// read again and refused: the page has them in order, with who it was and why.
func TestTimelineOnThePage(t *testing.T) {
	webs, addrs, _ := webServers(t, 1)
	a, b := newOrigin(t, "a"), newOrigin(t, "b")
	config := farm("health_check: {path: /health, inter: 100ms, rise: 1, fall: 2}\n", addrs[0], a.addr, b.addr)
	o := operate(t, config)
	testkit.Eventually(t, "checked", func() bool { return o.column(t, "app", "web1", "check_status") == "L7OK" })
	webs[0].Signal(syscall.SIGKILL)
	o.status(t, "web1", "DOWN")
	o.do(t, `set server app/web2 state drain reason "disk <swap>" for 1h`)
	changed := strings.Replace(config, "web3, address", "web3, weight: 7, address", 1)
	o.change(t, changed)
	o.configure(t, o.with(strings.Replace(changed, "weight: 7", "weight: 700", 1)))
	o.reload(t)
	want := []string{
		`trouble; trouble: reload refused by SIGHUP: .*balancer.yml:\d+: .*weight.* 256.*`,
		`order; reload by SIGHUP: ~ backends\[app\]\.servers\[web3\]\.weight: 1 -> 7`,
		`order; app/web2 state drain for 1h0m0s by \w+ \(pid \d+\): disk <swap>`,
		`trouble; trouble: app/web1 DOWN: 2 failures: connection refused`,
		`; start: version .*`,
	}
	list := o.timeline(t)
	if !regexp.MustCompile(`^` + strings.Join(want, "\n") + `$`).MatchString(strings.Join(list, "\n")) {
		t.Errorf("the timeline is\n%s\nwant\n%s", strings.Join(list, "\n"), strings.Join(want, "\n"))
	}
}
