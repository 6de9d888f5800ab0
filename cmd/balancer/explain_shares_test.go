package main_test

import (
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestExplainShares asks three backends why one server got more than the other: it weighs more,
// cookies name it, or the other one was down for some time. Requests are those of the CSV.
func TestExplainShares(t *testing.T) {
	webs, addrs, start := webServers(t, 2)
	a, b := named(t, "a"), named(t, "b")
	o := forgetful(t, strings.Replace(farm("health_check: {path: /health, inter: 100ms, rise: 1, fall: 2}\n", addrs...), "backends:", `  - {name: heavy, bind: "127.0.0.1:0", default_backend: heavy}
  - {name: loyal, bind: "127.0.0.1:0", default_backend: loyal}
backends:
  - {name: heavy, servers: [{name: web1, address: "`+a+`", weight: 3}, {name: web2, address: "`+b+`"}]}
  - {name: loyal, cookie: {name: SRV}, servers: [{name: web1, address: "`+a+`", cookie: a}, {name: web2, address: "`+b+`", cookie: b}]}`, 1))
	heavy, loyal := "http://"+o.frontends(t)[1], "http://"+o.frontends(t)[2]

	for range 80 {
		bodyOf(heavy)
	}
	o.shared(t, "heavy", "80 requests for 2 servers by roundrobin\n", "Every server got what its weight is of all weights, or nearly")
	o.shared(t, "heavy --server web1", "web1 got 75.0 % (60 of 80). Its weight is 3 of 4, 75.0 %.", "75.0 % 60 roundrobin had the choice\n")

	for range 100 {
		bodyOf(loyal, "Cookie", "SRV=b")
	}
	for range 20 {
		bodyOf(loyal)
	}
	o.shared(t, "loyal", "web2 got 91.7 % (110 of 120). Its weight is 1 of 2, 50.0 %.", "8.3 % 10 roundrobin had the choice\n", "83.3 % 100 the client's cookie named it\n",
		"web1 got 8.3 % (10 of 120).")

	l := startLoad("http://"+o.addr+"/health", 4)
	l.proceed(t, 200)
	webs[1].Signal(syscall.SIGKILL)
	o.status(t, "web2", "DOWN")
	for down := time.Now(); time.Since(down) < 1200*time.Millisecond; {
		l.proceed(t, 50)
	}
	start(1)
	o.status(t, "web2", "UP")
	l.proceed(t, 200)
	l.end(t)
	said := o.shared(t, "app", "web1 got ", "Its weight is 1 of 2, 50.0 %. Among those that were candidates at the time, its weight was ",
		" roundrobin had the choice\n", " no other server was usable and had room\n", "web2 was no candidate for TIME of TIME: down from CLOCK to CLOCK\n")
	if strings.Contains(said, "web2 was no candidate for 0s") {
		t.Errorf("it was out for more than a second: %s", said)
	}
	o.wentOn(t, said)
}

// shared asks how the requests to a backend were shared: it says so in these words, in this order,
// and each server has as many as in the CSV.
func (o *operated) shared(t *testing.T, question string, want ...string) string {
	t.Helper()
	code, said := o.explain(t, append(strings.Fields("--last 5m --backend"), strings.Fields(question)...)...)
	if code != 0 || !inOrder(plainStory(said), want) {
		t.Errorf("exit %d, explain says\n%s\nwant %q", code, said, want)
	}
	backend, _, _ := strings.Cut(question, " ")
	rows := regexp.MustCompile(`(?m)^(web\d) +([\d,]+) +[\d.]+ %`).FindAllStringSubmatch(said, -1)
	if len(rows) != 2 {
		t.Errorf("%d servers in\n%s", len(rows), said)
	}
	for _, row := range rows {
		if got, csv := strings.ReplaceAll(row[2], ",", ""), o.column(t, backend, row[1], "stot"); got != csv {
			t.Errorf("%s/%s got %s requests, the CSV says %s:\n%s", backend, row[1], got, csv, said)
		}
	}
	return said
}

// wentOn checks what is said of attempts on web2 that failed: as many went on to another server as
// the CSV says, and no more than failed.
func (o *operated) wentOn(t *testing.T, said string) {
	t.Helper()
	failed, away := 0, 0
	if m := regexp.MustCompile(`(?m)^web2: ([\d,]+) attempts? failed; ([\d,]+) went on to another server$`).FindStringSubmatch(said); m != nil {
		failed, _ = strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		away, _ = strconv.Atoi(strings.ReplaceAll(m[2], ",", ""))
	}
	if again := wholeNumber(t, o.column(t, "app", "web2", "wredis")); away != again || failed < away {
		t.Errorf("the CSV has %d redispatches; explain says\n%s", again, said)
	}
}

// TestExplainOutlivesChanges: a request has the same story after its servers, backend and frontend
// have got other names, and the shares of those that are gone are known for a while.
func TestExplainOutlivesChanges(t *testing.T) {
	config := farm("", named(t, "a"), named(t, "b"))
	o := operate(t, config)
	for _, path := range []string{"/one", "/two", "/three"} {
		o.body(path)
	}
	ids := o.ids(t, 3)
	before := map[string]string{}
	for target, id := range ids {
		_, before[target] = o.explain(t, id)
		if !inOrder(before[target], []string{"asked for   GET " + target + " of ", "through     frontend web, backend app\n", "candidates since ", ": web1, web2\n"}) {
			t.Fatalf("explain says\n%s", before[target])
		}
	}
	for _, change := range [][]string{
		{"web2", "web9", "web1, address", "web1, weight: 5, address"},
		{"web2", "web9", "name: app", "name: shop", "default_backend: app", "default_backend: shop", "name: web,", "name: shop,"},
	} {
		o.change(t, strings.NewReplacer(change...).Replace(config))
		for target, id := range ids {
			if _, after := o.explain(t, id); after != before[target] {
				t.Errorf("after %q explain says\n%s\nbefore\n%s", change, after, before[target])
			}
		}
		if _, said := o.explain(t, "--backend", "app", "--last", "5m"); !inOrder(said, []string{"3 requests for ", "\nweb1 ", "\nweb2 "}) {
			t.Errorf("after %q explain says\n%s", change, said)
		}
	}
	if got := o.listed(t, "--backend", "app", "--status", "200"); len(got) != 3 {
		t.Errorf("of the backend that is gone there are %q", got)
	}
	o.body("/four")
	if _, said := o.explain(t, o.ids(t, 4)["/four"]); !inOrder(said, []string{"through     frontend shop, backend shop\n", ": web1, web9\n"}) {
		t.Errorf("explain says\n%s", said)
	}
}
