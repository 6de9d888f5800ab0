package main_test

import (
	"fmt"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// story is what becomes of a request, and what explain has to say of it, in this order.
type story struct {
	name, frontend, backend string
	tcp                     bool
	servers                 []logServer
	visit                   func(s *scene)
	want                    []string
	never                   string // is said; empty: anything may be
}

// The two servers of most stories, and the client that belongs to each of them.
const (
	sticky = "cookie: {name: SRV}"
	of1    = "Cookie: SRV=a\r\n"
	of2    = "Cookie: SRV=b\r\n"
)

func stories() []story {
	ok, refuses := patient(), refusing()
	closes := does(func(*testkit.Conn) {})
	one := ok.keys("maxconn: 1")
	a, b := ok.keys("cookie: a"), ok.keys("cookie: b")
	plain := func(s *scene) { s.ask("") }
	checked := "health_check: {path: /, inter: 100ms, fall: 1}"
	isDown := func(server, fields string) func(s *scene) {
		return func(s *scene) {
			s.wait(server, "status", "DOWN")
			s.ask(fields)
		}
	}
	ordered := func(order, fields string) func(s *scene) {
		return func(s *scene) {
			s.order("s1", order)
			s.ask(fields)
		}
	}
	return []story{
		{
			name: "turns", servers: []logServer{ok.keys("weight: 2"), ok}, visit: plain,
			want: []string{"result 200 from BACKEND/s1 in TIME\n", "attempt 1 s1 after TIME, chosen by roundrobin: answered\n candidates since CLOCK: s1 (weight 2), s2 (weight 1)\n", "end ----: it ended normally"},
		},
		{
			name: "sticky", backend: sticky, servers: []logServer{a, b}, visit: func(s *scene) { s.ask(of2) },
			want: []string{"cookie names s2, which got the request\n", "attempt 1 s2 after TIME, named by the client's cookie: answered\n", "candidates since CLOCK: s1, s2\n"},
		},
		{
			name: "the sticky server is down", backend: sticky + "\n" + checked, servers: []logServer{a, refuses.keys("cookie: b")}, visit: isDown("s2", of2),
			want: []string{
				"result 200 from BACKEND/s1 in", "cookie names s2, which was not usable; the client got one that names the server that answered\n",
				"attempt 1 s1 after TIME, the only one that was usable and had room: answered\n candidates since CLOCK: s1\n out: s2 (down)\n",
			},
		},
		{
			name: "a cookie of nobody", backend: sticky, servers: []logServer{a, b}, visit: func(s *scene) { s.ask("Cookie: SRV=c\r\n") },
			want: []string{"cookie names no server of the backend; the client got one that", "attempt 1 s1 after TIME, chosen by roundrobin: answered"},
		},
		{
			name: "a full server", servers: []logServer{one, ok},
			visit: func(s *scene) { other := s.occupy(""); s.ask(""); other.Close() },
			want:  []string{"attempt 1 s2 after TIME, the only one that was usable and had room: answered\n candidates since CLOCK: s1, s2\n full: s1\n"},
		},
		{
			name: "the sticky server is full", backend: sticky, servers: []logServer{one.keys("cookie: a, maxconn: 1"), b},
			visit: func(s *scene) {
				other := s.occupy(of1)
				c := s.queue("/asked", of1, "1")
				other.Close()
				_, _ = c.Rest()
			},
			want: []string{
				"cookie names s1, which got the request\n", "queue waited TIME for room on s1, which the cookie names; number 1 in line when it came there\n",
				"attempt 1 s1 after TIME, named by the client's cookie: answered\n",
			},
			never: "s2 after",
		},
		{
			name: "refused", backend: "retries: 1", servers: []logServer{refuses, ok}, visit: plain,
			want: []string{
				"result 200 from BACKEND/s2 in TIME: s1: connection refused; answered by s2\n", "attempt 1 s1 after TIME, chosen by roundrobin: connection refused\n candidates since CLOCK: s1, s2\n",
				"attempt 2 s2 after TIME, the only one that was usable and had room: answered\n candidates: the same\n failed before: s1\n", "end ----: it ended normally",
			},
			never: "full:",
		},
		{
			name: "closed before the answer", backend: "retries: 1", servers: []logServer{closes, ok, ok}, visit: plain,
			want: []string{"attempt 1 s1 after TIME, chosen by roundrobin: the server closed the connection before it answered\n", "attempt 2 s2 after TIME, chosen by roundrobin: answered\n", "failed before: s1\n"},
		},
		{
			name: "the sticky server refuses", backend: sticky + "\nretries: 1", servers: []logServer{refuses.keys("cookie: a"), b}, visit: func(s *scene) { s.ask(of1) },
			want: []string{
				"cookie names s1, which got the request first; the client got one that names the server that answered\n",
				"attempt 1 s1 after TIME, named by the client's cookie: connection refused\n", "attempt 2 s2 after TIME, ", "answered\n", "end --",
			},
		},
		{
			name: "refused again", backend: "retries: 1", servers: []logServer{refuses}, visit: plain,
			want: []string{"result 503 failed after TIME: ", "attempt 1 s1 after", "attempt 2 s1 after TIME, once more, as no other one was usable: connection refused\n", "end SC--: no server was usable, or the server could not be reached"},
		},
		{
			name: "drain", servers: []logServer{ok, ok}, visit: ordered(`state drain reason "disk swap"`, ""),
			want: []string{"attempt 1 s2 after TIME, the only one that was usable and had room: answered\n candidates since CLOCK: s2\n out: s1 (drain)\n"},
		},
		{
			name: "who belongs to a server that drains", backend: sticky, servers: []logServer{a, b}, visit: ordered("state drain", of1),
			want: []string{"cookie names s1, which got the request\n", "attempt 1 s1 after TIME, named by the client's cookie: answered\n", "out: s1 (drain)\n", "s1 keeps the clients whose cookies name it, and gets no others\n"},
		},
		{
			name: "maintenance", backend: sticky, servers: []logServer{a, b, ok.keys("disabled: true, cookie: c")}, visit: ordered("state maint", of1),
			want: []string{"cookie names s1, which was not usable; ", "attempt 1 s2 after TIME, the only one that was usable and had room: answered\n", "candidates since CLOCK: s2\n out: 2 maint (s1, s3)\n"},
		},
		{
			name: "backup", backend: checked, servers: []logServer{refuses, refuses, ok.keys("backup: true")}, visit: func(s *scene) { s.wait("s2", "status", "DOWN"); isDown("s1", "")(s) },
			want: []string{"attempt 1 s3 after TIME, the only one that was usable and had room: answered\n candidates since CLOCK: s3\n out: 2 down (s1, s2)\n"},
		},
		{
			name: "a backup that waits", servers: []logServer{ok, ok.keys("backup: true")}, visit: plain,
			want: []string{"attempt 1 s1 after", "candidates since CLOCK: s1\n out: s2 (backup)\n"},
		},
		{
			name: "queue", servers: []logServer{one},
			visit: func(s *scene) {
				other := s.occupy("")
				first, asked := s.queue("/first", "", "1"), s.queue("/asked", "", "2")
				other.Close()
				_, _ = first.Rest()
				_, _ = asked.Rest()
			},
			want: []string{"result 200 from", "queue waited TIME for a server with room; number 2 in line when it came there\n", "attempt 1 s1 after TIME, which was the first to have room: answered\n", "times queue TIME, connect TIME, answer TIME, "},
		},
		{
			name: "too long in the queue", backend: "timeout: {queue: 200ms}", servers: []logServer{one},
			visit: func(s *scene) { other := s.occupy(""); s.ask(""); other.Close() },
			want: []string{
				"result 503 failed after TIME: no server had room within timeout.queue\n", "queue waited TIME for a server with room; number 1 in line when it came there\n",
				"then no server was got\n candidates since CLOCK: s1\n", "end sQ--: the request was in the queue for too long",
			},
			never: "attempt",
		},
		{
			name: "a queue that is full", backend: "maxqueue: 1", servers: []logServer{one},
			visit: func(s *scene) { other := s.occupy(""); s.queue("/first", "", "1"); s.ask(""); other.Close() },
			want:  []string{"result 503 failed after TIME: ", "then no server was got\n", "end PQ--: the queue was full"},
			never: "attempt",
		},
		{
			name: "gone from the queue", servers: []logServer{one},
			visit: func(s *scene) {
				other := s.occupy("")
				s.queue("/asked", "", "1").Close()
				s.wait("BACKEND", "qcur", "0")
				other.Close()
			},
			want:  []string{"result 499 failed after TIME: the client", "queue waited TIME for a server with room; number 1 in line", "end CQ--: the client closed while the request was in the queue"},
			never: "attempt",
		},
		{
			name: "no server", servers: []logServer{ok.keys("disabled: true"), ok.keys("disabled: true")}, visit: plain,
			want:  []string{"result 503 failed after TIME: no server is usable\n", "then no server was got\n candidates since CLOCK: none\n out: 2 maint (s1, s2)\n", "end SC--"},
			never: "attempt",
		},
		{
			name: "hash of the source", backend: "balance: source", servers: []logServer{ok, ok, ok}, visit: plain,
			want: []string{"after TIME, chosen by the hash of source: answered\n candidates since CLOCK: s1, s2, s3\n"},
		},
		{
			name: "hash of the target", backend: "balance: uri", servers: []logServer{ok, ok, ok}, visit: plain,
			want: []string{"after TIME, chosen by the hash of uri: answered\n candidates since CLOCK: s1, s2, s3\n"},
		},
		{
			name: "panic", backend: "panic_threshold: 60\n" + checked, servers: []logServer{ok.keys("weight: 1"), refuses}, visit: isDown("s2", ""),
			want: []string{"candidates since CLOCK: s1, s2\n too few servers were up for panic_threshold, so all were used\n"},
		},
		{
			name: "gone before the answer", servers: []logServer{ok},
			visit: func(s *scene) { c := s.send("/held", ""); s.wait("s1", "scur", "1"); c.Close() },
			want:  []string{"result 499 failed after TIME: the client", "asked for GET /held of h\n", "attempt 1 s1 after TIME, ", "end CH--: the client closed before there was an answer"},
		},
		{
			name: "no answer in time", backend: "timeout: {server: 200ms}", servers: []logServer{silent()}, visit: plain,
			want: []string{"result 504 failed after TIME: ", "attempt 1 s1 after TIME, the only one that was usable and had room: ", "end sH--: the server did not answer in time"},
		},
		{
			name: "denied", frontend: "rules: [{path: /asked, deny: 403}]", servers: []logServer{ok}, visit: plain,
			want:  []string{"result 403 ", "end PR--: the balancer refused the request"},
			never: "attempt",
		},
		{
			name: "TCP", tcp: true, backend: "retries: 1", servers: []logServer{refuses, ok},
			visit: func(s *scene) { c := s.send("/", ""); c.Head(); c.Body(5); c.Close() },
			want:  []string{"result served by BACKEND/s2 for TIME: s1: connection refused; ", "asked for a connection\n", "attempt 1 s1 after TIME, chosen by roundrobin: connection refused\n", "attempt 2 s2 after TIME, "},
			never: "failed after",
		},
	}
}

// TestExplainStories has one request after the other meet what admins ask for, and explain tells why
// it went where it went. The line in the log has its id.
func TestExplainStories(t *testing.T) {
	all := stories()
	var cases []*logCase
	for _, s := range all {
		for i := range s.servers {
			if s.servers[i].script != nil {
				s.servers[i].addr = testkit.RawServer(t, s.servers[i].script).Addr
			} else {
				s.servers[i].addr = testkit.ClosedAddr(t)
			}
		}
		cases = append(cases, &logCase{tcp: s.tcp, frontend: s.frontend, backend: s.backend, servers: s.servers})
	}
	reader := newLogReader(t)
	o := forgetful(t, strings.Replace(logConfig(t.TempDir(), reader, cases), "format: httplog", "format: json", 1))
	addrs := o.frontends(t)
	for i, story := range all {
		t.Run(story.name, func(t *testing.T) {
			s := &scene{operated: o, t: t, log: reader, addr: addrs[i], frontend: fmt.Sprintf("f%d", i), backend: fmt.Sprintf("b%d", i)}
			story.visit(s)
			s.tells(&story)
		})
	}
}

// tells looks for the story in what explain says.
func (s *scene) tells(story *story) {
	s.t.Helper()
	target := "/asked"
	switch {
	case story.tcp:
		target = ""
	case strings.Contains(strings.Join(story.want, ""), "/held"):
		target = "/held"
	}
	text := s.say(s.t, "explain "+s.line(target).ID)
	plain := strings.ReplaceAll(plainStory(text), " "+s.backend+"/", " BACKEND/")
	if !inOrder(plain, story.want) || story.never != "" && strings.Contains(plain, story.never) {
		s.t.Errorf("explain says\n%s\nwant in this order %q, and never %q", text, story.want, story.never)
	}
}
