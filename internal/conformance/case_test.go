package conformance

import (
	"strings"
	"time"
)

// Marks in the scripts of clients and servers. What is between them is sent as it is.
const (
	pause  = "‹pause›"  // what comes next arrives in a piece of its own
	answer = "‹answer›" // a client waits for an answer, an interim one too
	half   = "‹half›"   // a client says that it has nothing more to send
	shut   = "‹shut›"   // the connection is closed
	reset  = "‹reset›"  // the connection is reset
	early  = "‹early›"  // at the start: a server answers before it has read the body
	body   = "‹body›"   // a server reads the body
	hang   = "‹hang›"   // a server does no more, and a client neither but reading
)

// How a connection of a client is left.
const (
	kept   = "kept"   // it served one more request
	closed = "closed" // the balancer closed it
	broken = "reset"  // the balancer reset it
)

// testCase is one row of the table.
type testCase struct {
	name    string
	send    string        // script of the client
	answers []string      // scripts of the server, one for each request; the last one goes on
	got     []string      // what the server must get, without the fields that Relais adds; nil: nothing
	want    []string      // what the client must get: an answer, or the status of a page of Relais
	end     string        // how the connection is left
	limit   time.Duration // of all timeouts; 0: long
	waits   bool          // one of them ends
	report  bool          // syntax: report
	reason  string        // why HAProxy does something else; "": it does not
	rfc     string        // where it is written
}

// plain is the answer of a server that has nothing special to say.
const plain = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// passes is a case in which a request reaches the server as it is said, and is answered.
func passes(name, send string, got ...string) testCase {
	return testCase{name: name, send: send, got: got, want: []string{plain}, end: kept}
}

// refused is a case in which nothing reaches the server.
func refused(name, status, send string) testCase {
	return testCase{name: name, send: send, want: []string{status}, end: closed}
}

// relayed is a case in which an answer reaches the client as it is said.
func relayed(name, from, want string) testCase {
	return testCase{name: name, send: get(), answers: []string{from}, got: []string{get()}, want: []string{want}, end: kept}
}

// unfit is a case in which an answer is not fit to reach the client.
func unfit(name, from string) testCase { return relayed(name, from, "502") }

// asked changes the request of a case.
func (c testCase) asked(send string, got ...string) testCase {
	c.send, c.got = send, got
	return c
}

// by changes the answers of the server.
func (c testCase) by(answers ...string) testCase {
	c.answers = answers
	return c
}

// gives changes what the client must get.
func (c testCase) gives(want ...string) testCase {
	c.want = want
	return c
}

// left changes how the connection is left.
func (c testCase) left(end string) testCase {
	c.end = end
	return c
}

// within makes all timeouts so short.
func (c testCase) within(limit time.Duration) testCase {
	c.limit = limit
	return c
}

// until makes all timeouts so short that one ends.
func (c testCase) until(limit time.Duration) testCase {
	c.limit, c.waits = limit, true
	return c
}

// reporting lets harmless faults through.
func (c testCase) reporting() testCase {
	c.report = true
	return c
}

// unlike says that HAProxy does something else, on purpose of ours.
func (c testCase) unlike(rfc, reason string) testCase {
	c.rfc, c.reason = rfc, reason
	return c
}

// get is a GET with the given fields.
func get(fields ...string) string { return request("GET / HTTP/1.1", "", fields...) }

// post is a POST with the given fields, the last of which is its body.
func post(fieldsAndBody ...string) string {
	last := len(fieldsAndBody) - 1
	return request("POST / HTTP/1.1", fieldsAndBody[last], fieldsAndBody[:last]...)
}

// chunked is a POST with a chunked body.
func chunked(framed string) string { return post("Transfer-Encoding: chunked", framed) }

// request has a Host behind its request line.
func request(line, content string, fields ...string) string {
	return line + "\r\nHost: h\r\n" + lines(fields) + "\r\n" + content
}

// status200 is an answer with the given fields, the last of which is its body.
func status200(fieldsAndBody ...string) string {
	last := len(fieldsAndBody) - 1
	return "HTTP/1.1 200 OK\r\n" + lines(fieldsAndBody[:last]) + "\r\n" + fieldsAndBody[last]
}

func lines(fields []string) string {
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f + "\r\n")
	}
	return b.String()
}

// theme is a table of cases.
type theme struct {
	name  string
	cases []testCase
}

func themes() []theme {
	return []theme{
		{"request line", requestLineCases()},
		{"host", hostCases()},
		{"request fields", requestFieldCases()},
		{"syntax: report", reportCases()},
		{"request length", requestLengthCases()},
		{"request chunks", requestChunkCases()},
		{"hop by hop", hopCases()},
		{"forwarded", forwardedCases()},
		{"bodies", bodyCases()},
		{"connection", connectionCases()},
		{"answer head", answerHeadCases()},
		{"answer length", answerLengthCases()},
		{"limits", limitCases()},
		{"time", timeCases()},
	}
}
