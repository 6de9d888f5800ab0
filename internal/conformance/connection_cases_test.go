package conformance

// connectionCases: when a connection goes on, pipelining, and HTTP/1.0 on both sides.
func connectionCases() []testCase {
	const (
		ending  = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
		telling = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
		old     = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n"
	)
	oldGet := func(fields ...string) string { return request("GET / HTTP/1.0", "", fields...) }
	cases := []testCase{
		passes("1.1", get(), get()),
		passes("1.1 with close", get("Connection: close"), get()).gives(ending).left(closed),
		passes("1.1 with Close", get("Connection: ClOsE"), get()).gives(ending).left(closed),
		passes("1.1 with keep-alive", get("Connection: keep-alive"), get()),
		passes("1.1 with keep-alive and close", get("Connection: keep-alive, close"), get()).gives(ending).left(closed),
		passes("1.1 with close in a second line", get("Connection: x", "Connection: close"), get()).gives(ending).left(closed),
		passes("1.1 with close in quotes", get(`Connection: "close"`), get()),
		passes("1.0", oldGet(), get()).gives(ending).left(closed),
		passes("1.0 with close", oldGet("Connection: close"), get()).gives(ending).left(closed),
		passes("1.0 with keep-alive", oldGet("Connection: keep-alive"), get()).gives(telling),
		passes("1.0 with Keep-Alive and more", oldGet("Connection: Keep-Alive, x"), get()).gives(telling),
		passes("1.0 with keep-alive and close", oldGet("Connection: keep-alive, close"), get()).gives(ending).left(closed),
		relayed("a server that closes", plain+shut, plain).asked(get()+answer+pause, get()),
		relayed("a server that says close", ending, plain),
		relayed("a server that says keep-alive", telling, plain),
		relayed("a server of HTTP/1.0", old+"\r\nok", plain),
		relayed("a server of HTTP/1.0 that goes on", old+"Connection: keep-alive\r\n\r\nok", plain),
		relayed("a server of HTTP/1.0 that says close", old+"Connection: close\r\n\r\nok", plain),
		relayed("both of HTTP/1.0", old+"\r\nok"+shut, ending).asked(oldGet(), get()).left(closed),
		relayed("both of HTTP/1.0, going on", old+"Connection: keep-alive\r\n\r\nok", telling).asked(oldGet("Connection: keep-alive"), get()),
		relayed("chunks for a client of HTTP/1.0", status200("Transfer-Encoding: chunked", "2\r\nok\r\n0\r\n\r\n"), status200("Connection: close", "ok")).asked(oldGet("Connection: keep-alive"), get()).left(closed).unlike("RFC 9112 6.1", "HTTP/1.0 has no chunks; the end of the connection ends the answer"),
		relayed("a 1.1 answer until close for a client of HTTP/1.0", "HTTP/1.1 200 OK\r\n\r\nok"+shut, status200("Connection: close", "ok")).asked(oldGet("Connection: keep-alive"), get()).left(closed),
		relayed("bytes behind an answer", plain+plain, plain),
		relayed("HEAD for a client of HTTP/1.0 that goes on", status200("Content-Length: 500", ""), status200("Content-Length: 500", "Connection: keep-alive", "")).
			asked(request("HEAD / HTTP/1.0", "", "Connection: keep-alive"), request("HEAD / HTTP/1.1", "")),
	}
	return append(cases, pipelineCases()...)
}

func pipelineCases() []testCase {
	one, two, three := request("GET /1 HTTP/1.1", ""), request("POST /2 HTTP/1.1", "abc", "Content-Length: 3"), request("GET /3 HTTP/1.1", "")
	says := func(s string) string { return status200("Content-Length: 1", s) }
	last := func(s string) string { return status200("Content-Length: 1", "Connection: close", s) }
	closing := request("GET /3 HTTP/1.1", "", "Connection: close")
	coded := request("POST /2 HTTP/1.1", "3\r\nabc\r\n0\r\n\r\n", "Transfer-Encoding: chunked")
	bad := "GET /bad HTTP/1.1\r\nHost : h\r\n\r\n"
	return []testCase{
		passes("three in one piece", one+two+three, one, two, three).by(says("1"), says("2"), says("3")).gives(says("1"), says("2"), says("3")),
		passes("three in one piece, one chunked", one+coded+three, one, coded, three).by(says("1"), says("2"), says("3")).gives(says("1"), says("2"), says("3")),
		passes("cut at odd places", one[:9]+pause+one[9:]+two[:20]+pause+two[20:]+three, one, two, three).by(says("1"), says("2"), says("3")).gives(says("1"), says("2"), says("3")),
		passes("an empty line behind a body", two+"\r\n"+three, two, three).by(says("2"), says("3")).gives(says("2"), says("3")),
		passes("nothing is read behind a close", one+closing+two, one, request("GET /3 HTTP/1.1", "")).by(says("1"), says("3")).gives(says("1"), last("3")).left(closed),
		passes("junk behind a close", closing+"junk is not sent\r\n\r\n", three).by(says("3")).gives(last("3")).left(closed),
		passes("a refusal waits for its turn", one+bad+three, one).by(pause+says("1")).gives(says("1"), "400").left(closed),
		passes("a refusal behind a body", two+bad+three, two).by(says("2")).gives(says("2"), "400").left(closed),
		passes("more body than announced", request("POST /2 HTTP/1.1", "abcGET /bad HTTP/1.0\r\n\r\n", "Content-Length: 3", "Connection: close"), two).by(says("2")).gives(last("2")).left(closed),
		passes("HEAD and GET", request("HEAD /1 HTTP/1.1", "")+three, request("HEAD /1 HTTP/1.1", ""), three).by(status200("Content-Length: 9", ""), says("3")).gives(status200("Content-Length: 9", ""), says("3")),
		passes("an answer that closes, then another", one+answer+pause+three, one, three).by(says("1")+shut, says("3")).gives(says("1"), says("3")),
		passes("one after the other", one+answer+two+answer+three+answer, one, two, three).by(says("1"), says("2"), says("3")).gives(says("1"), says("2"), says("3")),
		passes("an answer without a length ends it", one+three, one).by("HTTP/1.1 200 OK\r\n\r\n1" + shut).gives(status200("Connection: close", "1")).left(closed),
	}
}
