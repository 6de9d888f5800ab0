package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"relais/internal/testkit"
)

// scene is where a story happens: a frontend, its backend and the servers s1, s2 and so on.
type scene struct {
	*operated
	t                 *testing.T
	log               *logReader
	addr              string
	frontend, backend string
}

// forgetful starts a balancer with a runtime socket and no state file, so that servers have the cookies
// that the configuration names.
func forgetful(t *testing.T, config string) *operated {
	t.Helper()
	o := &operated{dir: t.TempDir()}
	o.running = run(t, fmt.Sprintf("admin_socket: %s\n", o.socket())+config, nil)
	return o
}

// send sends a request for a path. fields have line ends.
func (s *scene) send(path, fields string) *testkit.Conn {
	s.t.Helper()
	c := testkit.Dial(s.t, s.addr)
	c.Send("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + "\r\n")
	return c
}

// ask sends the request that is asked for later, and waits for the end of the answer.
func (s *scene) ask(fields string) {
	s.t.Helper()
	_, _ = s.send("/asked", fields).Rest()
}

// occupy has another client take the place at s1 until it leaves.
func (s *scene) occupy(fields string) *testkit.Conn {
	s.t.Helper()
	c := s.send("/held", fields)
	s.wait("s1", "scur", "1")
	return c
}

// queue has a request wait in the queue, which then has so many.
func (s *scene) queue(path, fields, length string) *testkit.Conn {
	s.t.Helper()
	c := s.send(path, fields)
	s.wait("BACKEND", "qcur", length)
	return c
}

// wait waits until a column of the CSV is so.
func (s *scene) wait(server, column, want string) {
	s.t.Helper()
	testkit.Eventually(s.t, column+" of "+server+" is "+want, func() bool { return s.column(s.t, s.backend, server, column) == want })
}

// order gives an order to a server. As the balancer has no state file, the answer is that the order
// ends with it.
func (s *scene) order(server, order string) {
	s.t.Helper()
	if answer := s.say(s.t, "set server "+s.backend+"/"+server+" "+order); !strings.HasPrefix(answer, "not kept over a restart") {
		s.t.Fatalf("%s: %s", order, answer)
	}
}

// logLine is what such tests read of a line of the access log.
type logLine struct {
	ID, Frontend, Target string
}

// line waits for the line of a request; of TCP mode the target is empty.
func (s *scene) line(target string) logLine {
	s.t.Helper()
	for {
		message := s.log.next(s.t)
		var l logLine
		if err := json.Unmarshal([]byte(message[strings.Index(message, "{"):]), &l); err != nil {
			s.t.Fatalf("%q: %v", message, err)
		}
		if l.Frontend == s.frontend && l.Target == target {
			return l
		}
	}
}

var (
	storyGaps  = regexp.MustCompile(` {2,}`)
	storyTimes = regexp.MustCompile(`\b\d+(\.\d+)? ?m?s\b`)
	storyClock = regexp.MustCompile(`\b\d\d:\d\d:\d\d\b`)
)

// plainStory leaves out of what explain says what no two times have in common.
func plainStory(text string) string {
	text = storyGaps.ReplaceAllString(text, " ")
	return storyClock.ReplaceAllString(storyTimes.ReplaceAllString(text, "TIME"), "CLOCK")
}

// inOrder tells whether a text has all the words, one behind the other.
func inOrder(text string, words []string) bool {
	for _, w := range words {
		_, after, found := strings.Cut(text, w)
		if !found {
			return false
		}
		text = after
	}
	return true
}

// patient is a server that answers at once, but keeps who asks for /held waiting for ever.
func patient() logServer {
	return logServer{script: func(c *testkit.Conn) {
		for head := c.Head(); head != ""; head = c.Head() {
			if strings.HasPrefix(head, "GET /held ") {
				c.Closed()
				return
			}
			c.Answer(200, "hello")
		}
	}}
}

// keys gives a server more keys of its own.
func (s logServer) keys(keys string) logServer { return s.with("", keys) }
