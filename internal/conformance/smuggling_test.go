package conformance

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// variant is an attempt to make a proxy and a server disagree about where a request ends. /T/ in
// it stands for a path that is its own; what follows it on the connection is a harmless request,
// which a server that disagrees reads as something else, or not at all.
type variant struct {
	name string
	send string
	want []reading // of one that is in order; nil: nobody is told
}

// follower is sent right behind a variant.
const follower = "GET /T/after HTTP/1.1\r\nHost: h\r\n\r\n"

// fate is what became of a variant in front of one server.
type fate struct {
	statuses string
	refused  bool   // the last answer is a refusal of the proxy's own
	alien    string // an answer to somebody else's request
	end      string
	fresh    string // what came of a request over a new connection, afterwards
}

// TestSmuggling demands of every variant that it is refused, with the connection closed and no
// request reaching any server, or read alike by three servers that have nothing in common.
func TestSmuggling(t *testing.T) {
	servers := readers(t)
	variants := corpus()
	t.Logf("%d variants", len(variants))
	lanes := make([]lane, len(servers))
	for i, s := range servers {
		lanes[i] = lane{server: s.addr, limit: 2 * time.Second}
	}
	addrs := startRelais(t, lanes)
	fates := make([][]fate, len(variants))
	t.Run("send", func(t *testing.T) {
		for i, v := range variants {
			fates[i] = make([]fate, len(servers))
			for j, s := range servers {
				t.Run(fmt.Sprintf("%s/%d %s", s.name, i, v.name), func(t *testing.T) {
					t.Parallel()
					fates[i][j] = try(t, addrs[j], strings.ReplaceAll(v.send+follower, "/T/", tag(i)), tag(i))
				})
			}
		}
	})
	judge(t, servers, variants, fates, collect(t, servers, addrs))
}

// endTag is the path of the last request, as long as any tag.
const endTag = "/vlast/"

func tag(i int) string { return fmt.Sprintf("/v%04d/", i) }

// try sends a variant and whatever follows it, and reads until the end of the connection.
func try(t *testing.T, addr, send, tag string) (f fate) {
	cl := &client{Conn: testkit.Dial(t, addr)}
	defer cl.Close()
	_ = cl.SetReadDeadline(time.Now().Add(2 * patience))
	play(cl.Conn.Conn, send, nil)
	for cl.ended == nil {
		n := len(cl.seen.client)
		cl.await()
		for _, m := range cl.seen.client[n:] {
			f.see(m, tag)
			if strings.HasSuffix(m.body, "/after") {
				_ = cl.Conn.Conn.(*net.TCPConn).CloseWrite() // there is no more to come
			}
		}
	}
	cl.finish()
	f.end = cl.seen.end
	f.fresh = fresh(t, addr, tag)
	return f
}

// see notes an answer.
func (f *fate) see(m message, tag string) {
	f.statuses += fmt.Sprint(m.status(), " ")
	f.refused = own(m) && (m.status() < 500 || m.status() == 501)
	if m.status() == 200 && !strings.Contains(m.body, tag) {
		f.alien = fmt.Sprintf("%q", m.body)
	}
}

// fresh sends a request over a new connection. It must meet nobody else's remains.
func fresh(t *testing.T, addr, tag string) string {
	c := testkit.Dial(t, addr)
	defer c.Close()
	c.Send("GET " + tag + "fresh HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	m := message{}
	if m.readHead(c.R) != nil || m.readBody(c.R, true, false) != nil {
		return "no answer"
	}
	if m.body != "GET "+tag+"fresh" {
		return fmt.Sprintf("%d %q", m.status(), m.body)
	}
	return "200"
}

// collect returns what each server has read, by path of the variant. A last request to each tells
// that everything before it has been written down.
func collect(t *testing.T, servers []reader, addrs []string) []map[string][]reading {
	var all []map[string][]reading
	for j, s := range servers {
		if got := fresh(t, addrs[j], endTag); got != "200" {
			t.Fatalf("%s: the last request got %s", s.name, got)
		}
		by := map[string][]reading{}
		testkit.Eventually(t, "the last request is read", func() bool {
			clear(by)
			for _, r := range s.readings() {
				tag := r.Target[:min(len(r.Target), len(tag(0)))]
				by[tag] = append(by[tag], r)
			}
			return len(by[endTag]) > 0
		})
		all = append(all, by)
	}
	return all
}

// judge compares the readings of the servers.
func judge(t *testing.T, servers []reader, variants []variant, fates [][]fate, read []map[string][]reading) {
	refusals := 0
	for i, v := range variants {
		t.Run(fmt.Sprintf("judge/%d %s", i, v.name), func(t *testing.T) {
			got := make([][]reading, len(servers))
			for j, s := range servers {
				got[j] = judgeOne(t, s.name, fates[i][j], read[j][tag(i)], tag(i))
				delete(read[j], tag(i))
				if !slices.Equal(got[j], got[0]) {
					t.Errorf("%s read\n%q, %s read\n%q", s.name, got[j], servers[0].name, got[0])
				}
			}
			if v.want != nil && !slices.Equal(got[0], withTag(v.want, tag(i))) {
				t.Errorf("the servers read\n%q, want\n%q", got[0], withTag(v.want, tag(i)))
			}
			if len(got[0]) == 0 {
				refusals++
			}
		})
	}
	for j, s := range servers {
		delete(read[j], endTag)
		for _, r := range read[j] {
			t.Errorf("%s read what nobody has sent: %q", s.name, r)
		}
	}
	t.Logf("%d variants: %d refused, %d read alike by all", len(variants), refusals, len(variants)-refusals)
}

// judgeOne looks at what became of a variant in front of one server, and returns what that has
// read, but for the request over a new connection.
func judgeOne(t *testing.T, server string, f fate, got []reading, tag string) []reading {
	if n := len(got); n == 0 || got[n-1] != (reading{"GET", tag + "fresh", ""}) || f.fresh != "200" {
		t.Errorf("%s: a new connection afterwards got %s; it read %q", server, f.fresh, got)
	} else {
		got = got[:n-1]
	}
	if f.alien != "" {
		t.Errorf("%s: the client got what is no answer to it: %s", server, f.alien)
	}
	if f.end != closed {
		t.Errorf("%s: the connection was left %s after %s", server, f.end, f.statuses)
	}
	if answered := strings.Count(f.statuses, "200 "); answered != len(got) {
		t.Errorf("%s: %d requests reached it, the client got %s", server, len(got), f.statuses)
	}
	if len(got) == 0 && !f.refused {
		t.Errorf("%s: nothing reached it, and the client got %s", server, f.statuses)
	}
	return got
}

func withTag(readings []reading, tag string) []reading {
	var out []reading
	for _, r := range append(readings, reading{"GET", "/T/after", ""}) {
		out = append(out, reading{r.Method, strings.ReplaceAll(r.Target, "/T/", tag), strings.ReplaceAll(r.Body, "/T/", tag)})
	}
	return out
}
