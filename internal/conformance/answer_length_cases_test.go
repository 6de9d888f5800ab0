package conformance

// answerLengthCases: framing of answers, and answers that are not complete.
func answerLengthCases() []testCase {
	const last = "0\r\n\r\n"
	coded := func(framing string) string { return status200("Transfer-Encoding: chunked", framing) }
	cases := []testCase{
		relayed("until close", "HTTP/1.1 200 OK\r\n\r\nabc"+shut, status200("Connection: close", "abc")).left(closed),
		relayed("until close, in pieces", "HTTP/1.1 200 OK\r\n\r\na"+pause+"bc"+shut, status200("Connection: close", "abc")).left(closed),
		relayed("until close, HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nabc"+shut, status200("Connection: close", "abc")).left(closed),
		relayed("until close, nothing", "HTTP/1.1 200 OK\r\n\r\n"+shut, status200("Connection: close", "")).left(closed),
		relayed("chunks", coded("1\r\na\r\n2;x=y\r\nbc\r\n"+last), coded("3\r\nabc\r\n"+last)),
		relayed("chunks in pieces", coded("1\r"+pause+"\na\r\n2\r\nb"+pause+"c\r\n0\r\n"+pause+"\r\n"), coded("3\r\nabc\r\n"+last)),
		relayed("no chunk but the last", coded(last), coded(last)),
		relayed("a trailer", coded("3\r\nabc\r\n0\r\nA: b\r\n\r\n"), coded("3\r\nabc\r\n0\r\nA: b\r\n\r\n")),
		relayed("equal Content-Lengths", status200("Content-Length: 2", "Content-Length: 2", "ok"), plain),
		relayed("a list of equal Content-Lengths", status200("Content-Length: 2, 2", "ok"), plain),
		relayed("cut in its body", status200("Content-Length: 5", "abc"+pause+shut), status200("Content-Length: 5", "abc"+cutMark)).left(closed),
		relayed("cut in its body by a reset", status200("Content-Length: 5", "abc"+pause+reset), status200("Content-Length: 5", "abc"+cutMark)).left(closed),
		relayed("cut in its chunks", coded("3\r\nabc\r\n"+pause+shut), coded("abc"+cutMark)).left(closed),
		relayed("cut inside a chunk", coded("5\r\nabc"+pause+shut), coded("abc"+cutMark)).left(closed),
		relayed("cut before the last blank line", coded("3\r\nabc\r\n0\r\n"+pause+shut), coded("abc"+cutMark)).left(closed),
		relayed("until close, but reset", "HTTP/1.1 200 OK\r\n\r\nabc"+pause+reset, status200("Connection: close", "abc"+cutMark)).left(broken).unlike("RFC 9112 8", "a cut answer reaches the client as one that is cut"),
		relayed("a bad chunk behind a good one", coded("3\r\nabc\r\n"+pause+"x\r\n"), coded("abc"+cutMark)).left(closed),
	}
	for name, value := range map[string]string{"a comma at its end": "2,", "nothing in it": "", "a plus": "+2", "a letter": "2x", "too many digits": "99999999999999999999", "different ones in a list": "2, 3"} {
		cases = append(cases, unfit("Content-Length with "+name, status200("Content-Length: "+value, "ok")))
	}
	for name, framing := range map[string]string{"no size": "\r\n", "a letter": "x\r\n", "a bare LF": "3\nabc\n0\n\n", "too many digits": "fffffffffffffffff\r\n", "data that goes on": "2\r\nabc\r\n" + last, "a minus": "-1\r\n"} {
		cases = append(cases, unfit("chunks with "+name, coded(framing)))
	}
	for name, value := range map[string]string{"chunked, chunked": "chunked, chunked", "chunked, gzip, chunked": "chunked, gzip, chunked", "chunked, gzip": "chunked, gzip", "gzip": "gzip", "gzip, chunked": "gzip, chunked", "identity": "identity", "nothing": ""} {
		cases = append(cases, unfit("Transfer-Encoding: "+value+name[len(name):], status200("Transfer-Encoding: "+value, last)))
	}
	both := "either may be what the client goes by"
	cases = append(cases,
		unfit("two different Content-Lengths", status200("Content-Length: 2", "Content-Length: 3", "abc")),
		unfit("Transfer-Encoding and Content-Length", status200("Transfer-Encoding: chunked", "Content-Length: 30", last)).unlike(rfcLength, both),
		unfit("Content-Length and Transfer-Encoding", status200("Content-Length: 30", "Transfer-Encoding: chunked", last)).unlike(rfcLength, both),
		unfit("chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"+last).unlike("RFC 9112 6.1", "HTTP/1.0 has no chunks"),
		unfit("two lines, both chunked", status200("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", last)),
	)
	return append(byName(cases), bodilessCases()...)
}

// bodilessCases: answers that have no body, whatever their fields say.
func bodilessCases() []testCase {
	toHead := request("HEAD / HTTP/1.1", "")
	of := func(name, answer string) testCase { return relayed(name, answer, answer) }
	return []testCase{
		of("HEAD with a length", status200("Content-Length: 500", "")).asked(toHead, toHead),
		relayed("HEAD with chunks", status200("Transfer-Encoding: chunked", ""), status200("")).asked(toHead, toHead),
		of("HEAD without a length", status200("")).asked(toHead, toHead),
		relayed("HEAD and a body all the same", status200("Content-Length: 3", "abc"), status200("Content-Length: 3", "")).asked(toHead, toHead),
		of("204", "HTTP/1.1 204 No Content\r\n\r\n"),
		of("304 with a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"a\"\r\n\r\n"),
		of("304 without a length", "HTTP/1.1 304 Not Modified\r\n\r\n"),
		relayed("204 and a body all the same", "HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 204 No Content\r\n\r\n").unlike("RFC 9112 6.3", "the client's connection is not to blame"),
		relayed("103 with a length", "HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\n"+plain, "").gives("HTTP/1.1 103 Early Hints\r\n\r\n", plain),
		relayed("304 and a body all the same", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"),
		relayed("204 with chunks", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n").unlike("RFC 9112 6.3", "the client's connection is not to blame"),
		of("205 with a length of 0", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n"),
		of("200 with a length of 0", status200("Content-Length: 0", "")),
	}
}
