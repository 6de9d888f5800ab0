package conformance

const rfcConnection = "RFC 9110 7.6.1"

// hopCases: fields that are meant for one hop, of requests and of answers.
func hopCases() []testCase {
	removed := func(name string, fields ...string) testCase {
		return passes("request: "+name, get(append(fields, "A: b")...), get("A: b"))
	}
	kept := func(name string, fields ...string) testCase {
		return passes("request: "+name, get(fields...), get(fields[1:]...))
	}
	demanded := "the RFC demands that a proxy removes them; HAProxy is told by rules"
	trailers := get("TE: trailers", "Connection: TE")
	cases := []testCase{
		removed("Keep-Alive", "Keep-Alive: timeout=5"),
		removed("Proxy-Connection", "Proxy-Connection: keep-alive").unlike("RFC 9112 C.2.2", "it is meant for a proxy, and this is where it ends"),
		removed("Connection: keep-alive", "Connection: keep-alive"),
		removed("a field that Connection names", "Connection: X-Hop", "X-Hop: 1").unlike(rfcConnection, demanded),
		removed("fields that Connection names, in any case and more than once", "Connection: x-HOP,, keep-alive , X-Two", "X-Hop: 1", "x-hop: 2", "X-Two: 3").unlike(rfcConnection, demanded),
		removed("two Connection fields", "Connection: X-Hop", "Connection: X-Two", "X-Hop: 1", "X-Two: 1").unlike(rfcConnection, demanded),
		removed("Connection behind the field that it names", "X-Hop: 1", "Connection: X-Hop").unlike(rfcConnection, demanded),
		removed("Upgrade without Connection", "Upgrade: websocket").unlike("RFC 9110 7.8", "an Upgrade that Connection does not name is not meant for anybody"),
		removed("Connection: upgrade without Upgrade", "Connection: upgrade"),
		removed("h2c with its settings", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA").unlike("RFC 9113 3.1", "it means nothing without h2c"),
		removed("TE: gzip", "TE: gzip", "Connection: TE"),
		removed("TE: trailers with a weight", "TE: trailers;q=0.5", "Connection: TE"),
		removed("empty Connection", "Connection:"),
		kept("Cookie that Connection names", "Connection: Cookie", "Cookie: a"),
		kept("Authorization that Connection names", "Connection: Authorization", "Authorization: a"),
		kept("Host that Connection names", "Connection: Host"),
		kept("Content-Type that Connection names", "Connection: Content-Type", "Content-Type: a"),
		kept("Cache-Control that Connection names", "Connection: Cache-Control", "Cache-Control: a"),
		passes("request: Content-Length that Connection names", post("Connection: Content-Length", "Content-Length: 2", "ab"), post("Content-Length: 2", "ab")),
		passes("request: Transfer-Encoding that Connection names", post("Connection: Transfer-Encoding", "Transfer-Encoding: chunked", "0\r\n\r\n"), chunked("0\r\n\r\n")),
		passes("request: X-Forwarded-For that Connection names", get("Connection: X-Forwarded-For, X-Request-Id"), get()),
		passes("request: TE: trailers", trailers, trailers),
		passes("request: TE: trailers among others", get("TE: trailers, gzip", "Connection: TE"), trailers),
		removed("Proxy-Authorization", "Proxy-Authorization: x").unlike("RFC 9110 11.7.2", "it is meant for a proxy, and this is where it ends"),
	}
	return append(cases, answerHopCases()...)
}

func answerHopCases() []testCase {
	demanded := "the RFC demands that a proxy removes them; HAProxy is told by rules"
	removed := func(name string, fields ...string) testCase {
		return relayed("answer: "+name, status200(append(fields, "A: b", "Content-Length: 2", "ok")...), status200("A: b", "Content-Length: 2", "ok"))
	}
	kept := func(name string, fields ...string) testCase {
		return relayed("answer: "+name, status200(append(fields, "Content-Length: 2", "ok")...), status200(append(fields[1:], "Content-Length: 2", "ok")...))
	}
	return []testCase{
		removed("Keep-Alive", "Keep-Alive: timeout=5"),
		removed("Proxy-Connection", "Proxy-Connection: keep-alive").unlike("RFC 9112 C.2.2", "it is meant for a proxy, and this is where it ends"),
		removed("Connection: close", "Connection: close"),
		removed("a field that Connection names", "Connection: X-Hop", "X-Hop: 1").unlike(rfcConnection, demanded),
		removed("several that Connection names", "Connection: X-Hop, close,X-Two", "X-Hop: 1", "X-Two: 1", "x-two: 2").unlike(rfcConnection, demanded),
		removed("Upgrade", "Upgrade: h2c", "Connection: upgrade"),
		kept("Set-Cookie that Connection names", "Connection: Set-Cookie", "Set-Cookie: a"),
		kept("Content-Type that Connection names", "Connection: Content-Type", "Content-Type: a"),
		kept("Content-Length that Connection names", "Connection: Content-Length"),
		removed("Proxy-Authenticate", "Proxy-Authenticate: x").unlike("RFC 9110 11.7.1", "a server behind a gateway has nothing to ask of a proxy"),
	}
}
