package main_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"relais/internal/testkit"
)

// figuresLane is a frontend and a backend of both balancers, with the same servers and the same
// requests. Lanes run beside each other, and each makes one request after the other, so that both
// balancers have to choose the same server for each.
type figuresLane struct {
	name     string
	tcp      bool
	haproxy  string // lines of its sections, those of the backend after "backend"
	frontend string // keys of Relais
	backend  string // the same
	servers  []logServer
	visit    func(c *figuresClient)
}

// figuresFarm makes the servers of the lanes.
type figuresFarm struct {
	t       *testing.T
	signals figuresSignals
}

// told is a server that does as it is told.
func (f *figuresFarm) told() logServer {
	s := &toldServer{t: f.t, signals: &f.signals}
	return logServer{addr: testkit.RawServer(f.t, s.serve).Addr}
}

// refused is a server that refuses connections.
func (f *figuresFarm) refused() logServer {
	f.t.Helper()
	return logServer{addr: testkit.ClosedAddr(f.t)}
}

// lanes make about 10,000 requests.
func (f *figuresFarm) lanes() []*figuresLane {
	return append(f.lanesOfAnswers(), f.lanesOfTrouble()...)
}

// lanesOfAnswers are those in which all goes well.
func (f *figuresFarm) lanesOfAnswers() []*figuresLane {
	statuses := []int{200, 200, 201, 202, 204, 206, 301, 302, 304, 307, 400, 401, 404, 410, 429, 500, 501, 502, 503, 504}
	sizes := []int{0, 1, 100, 1000, 5000, 16384, 20000, 65536, 100000, mebibyte}
	const checked = "check inter 1s rise 2 fall 3"
	return []*figuresLane{
		{name: "statuses", servers: []logServer{f.told(), f.told()}, visit: func(c *figuresClient) {
			for i := range 3000 {
				c.get(fmt.Sprintf("answer %d %d", statuses[i%len(statuses)], i%300))
			}
			for range 20 {
				c.get("hints")
				c.ask("HEAD", "/", "answer 200 1000", "")
				c.get("slow")
			}
			for range 20 {
				c.ask("GET", "/", "upgrade", "", "Connection: Upgrade", "Upgrade: echo")
				c.conn.Send("ping")
				c.conn.Body(4)
				c.hangUp()
			}
		}},
		{name: "weights", servers: []logServer{
			f.told().with("weight 3 check inter 1s", "weight: 3"), f.told().with("weight 1 check inter 1s", "weight: 1"),
			f.told().with("weight 2 check inter 1s", "weight: 2"), f.told().with("weight 0 check inter 1s", "weight: 0"),
			f.told().with("backup check inter 1s", "backup: true"),
		}, haproxy: "backend\n option httpchk GET /health\n", backend: "health_check: {path: /health, inter: 1s}", visit: func(c *figuresClient) {
			for i := range 1200 {
				c.get(fmt.Sprintf("answer 200 %d", i%100))
			}
		}},
		{name: "sizes", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for i := range 500 {
				c.get(fmt.Sprintf("%s 200 %d", []string{"answer", "chunked"}[i/len(sizes)%2], max(1, sizes[i%len(sizes)])))
			}
		}},
		{name: "uploads", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for i := range 500 {
				size := sizes[i%len(sizes)]
				if i/len(sizes)%2 == 0 {
					c.ask("POST", "/", "answer 200 10", filler(size))
					continue
				}
				c.exchange("POST", headOf("POST", "/", "answer 201 10", "Transfer-Encoding: chunked")+
					fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", size+1, filler(size)+"x"))
			}
		}},
		{name: "closing", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for range 500 {
				c.once("answer 200 10")
			}
		}},
		{name: "cookie", haproxy: "backend\n cookie SRV insert indirect nocache\n", backend: "cookie: {name: SRV}", servers: []logServer{
			f.told().with("cookie w1", "cookie: w1"), f.told().with("cookie w2", "cookie: w2"), f.told().with("cookie w3 disabled", "cookie: w3, disabled: true"),
		}, visit: func(c *figuresClient) {
			for i := range 500 {
				c.get("answer 200 10", "Cookie: SRV="+[]string{"w1", "w1", "w2", "w3", "w9"}[i%5])
			}
		}},
		{name: "rules", haproxy: figuresRules, frontend: figuresOwnRules, servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for i := range 1200 {
				c.ask("GET", []string{"/", "/denied", "/moved", "/fixed"}[i%4], "answer 200 10", "")
			}
		}},
		{name: "tcp", tcp: true, servers: []logServer{f.told(), f.told()}, visit: func(c *figuresClient) {
			for range 200 {
				c.get("answer 200 1000")
				c.get("answer 200 1000")
				c.hangUp()
			}
		}},
		{name: "checked", haproxy: "backend\n option httpchk GET /health\n", backend: "health_check: {path: /health, inter: 1s, rise: 2, fall: 3}", servers: []logServer{
			f.told().with(checked, ""), f.refused().with(checked, ""), f.told().with(checked+" disabled", "disabled: true"),
		}, visit: func(c *figuresClient) {
			testkit.Eventually(c.t, "a server is down", func() bool { return c.side.row(c.t, "checked/s2")["status"] == "DOWN" })
			for range 500 {
				c.get("answer 200 10")
			}
		}},
	}
}

const (
	figuresRules = " http-request deny if { path /denied }\n http-request redirect location /x code 302 if { path /moved }\n" +
		" http-request return status 200 content-type text/plain string hi if { path /fixed }\n"
	figuresOwnRules = "rules: [{path: /denied, deny: 403}, {path: /moved, redirect: {location: /x, code: 302}}, {path: /fixed, return: {body: hi, content_type: text/plain}}]"
)

// lanesOfTrouble are those in which something goes wrong.
func (f *figuresFarm) lanesOfTrouble() []*figuresLane {
	malformed := []string{
		"GET /\r\n\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nBad Name: x\r\n\r\n", "hello\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\n\r\n",
	}
	return []*figuresLane{
		{name: "refused", servers: []logServer{f.refused(), f.told()}, visit: func(c *figuresClient) {
			for range 400 {
				c.get("answer 200 10")
			}
		}},
		{name: "flaky", servers: []logServer{f.told(), f.told()}, visit: func(c *figuresClient) {
			for range 400 {
				c.get("answer 200 10")
				c.get("flaky " + c.signals.key())
			}
		}},
		{name: "failing", haproxy: "backend\n timeout server 700ms\n retry-on conn-failure\n", backend: "timeout: {server: 700ms}\nretry_on: [conn-failure]", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for range 60 {
				c.once("close")
				c.once("junk")
			}
			for range 10 {
				c.cut()
			}
			for range 3 {
				c.once("silent " + c.signals.key())
				c.once("part")
			}
		}},
		{name: "nobody", servers: []logServer{f.told().with("disabled", "disabled: true")}, visit: func(c *figuresClient) {
			for range 200 {
				c.once("answer 200 10")
			}
		}},
		{name: "unreachable", haproxy: "backend\n retries 0\n", backend: "retries: 0", servers: []logServer{f.refused()}, visit: func(c *figuresClient) {
			for range 200 {
				c.once("answer 200 10")
			}
		}},
		{name: "malformed", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for i := range 200 {
				c.exchange("GET", malformed[i%len(malformed)])
				c.hangUp()
			}
			c.once("answer 200 10")
		}},
		{name: "aborts", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for range 20 {
				c.abort()
			}
		}},
		{name: "waiting", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for range 20 {
				c.leave("GET", "silent", "")
			}
		}},
		{name: "halves", servers: []logServer{f.told()}, visit: func(c *figuresClient) {
			for range 20 {
				c.leave("POST", "stall", filler(500), "Content-Length: 1000")
			}
		}},
		{name: "queue", servers: []logServer{f.told().with("maxconn 1", "maxconn: 1")}, visit: func(c *figuresClient) {
			var all sync.WaitGroup
			for range 4 {
				all.Go(func() {
					own := *c
					for range 50 {
						own.get("slow")
					}
					own.hangUp()
				})
			}
			all.Wait()
		}},
	}
}

// startFigures runs both balancers with the lanes.
func startFigures(t *testing.T, program string, lanes []*figuresLane) (theirs, ours *figuresSide) {
	theirs = startFiguresHAProxy(t, program, lanes)
	r := run(t, figuresConfig(lanes), nil)
	return theirs, &figuresSide{name: "relais", addrs: startedOn(r.Stderr.String()), page: r.stats}
}

// figuresConfig is the configuration of Relais.
func figuresConfig(lanes []*figuresLane) string {
	var b strings.Builder
	b.WriteString("stats: {bind: \"127.0.0.1:0\"}\naccess_log: {output: \"off\"}\n" +
		"defaults: {retries: 3, retry_on: [conn-failure, empty-response], retry_budget: {ratio: 1, floor: 1000}, " +
		"timeout: {connect: 1s, client: 10s, server: 10s, queue: 10s, http_request: 10s}}\nfrontends:\n")
	for _, l := range lanes {
		fmt.Fprintf(&b, "  - {name: f_%s, mode: %s, maxconn: 100, bind: \"127.0.0.1:0\", default_backend: b_%s%s}\n", l.name, l.mode(), l.name, more(l.frontend))
	}
	b.WriteString("backends:\n")
	for _, l := range lanes {
		fmt.Fprintf(&b, "  - name: b_%s\n    mode: %s\n", l.name, l.mode())
		if l.backend != "" {
			fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(l.backend, "\n", "\n    "))
		}
		b.WriteString("    servers:\n")
		for n, s := range l.servers {
			fmt.Fprintf(&b, "      - {name: s%d, address: %q%s}\n", n+1, s.addr, more(s.relais))
		}
	}
	return b.String()
}

func (l *figuresLane) mode() string { return (&logCase{tcp: l.tcp}).mode() }
