package conformance

import "strings"

// bodyCases: bodies with every method, in both directions, and 100-continue.
func bodyCases() []testCase {
	const last = "0\r\n\r\n"
	var cases []testCase
	for _, m := range []string{"GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO"} {
		line := m + " /b HTTP/1.1"
		cases = append(cases,
			passes(m+" with a body", request(line, "abc", "Content-Length: 3"), request(line, "abc", "Content-Length: 3")),
			passes(m+" with a chunked body", request(line, "3\r\nabc\r\n"+last, "Transfer-Encoding: chunked"), request(line, "3\r\nabc\r\n"+last, "Transfer-Encoding: chunked")))
	}
	large := strings.Repeat("0123456789abcdef", 16<<10)
	cases = append(cases,
		passes("HEAD with a body", request("HEAD / HTTP/1.1", "abc", "Content-Length: 3"), request("HEAD / HTTP/1.1", "abc", "Content-Length: 3")).
			by(status200("Content-Length: 2", "")).gives(status200("Content-Length: 2", "")),
		passes("a body of 256 KiB", post("Content-Length: 262144", large), post("Content-Length: 262144", large)),
		passes("a chunked body of 256 KiB", chunked("40000\r\n"+large+"\r\n"+last), chunked("40000\r\n"+large+"\r\n"+last)),
		passes("a body in pieces", post("Content-Length: 6", "ab"+pause+"cd"+pause+"ef"), post("Content-Length: 6", "abcdef")),
		passes("a body behind its head", post("Content-Length: 3", pause+"abc"), post("Content-Length: 3", "abc")),
		passes("a body that looks like a request", post("Content-Length: 27", get()), post("Content-Length: 27", get())),
		relayed("an answer of 256 KiB", status200("Content-Length: 262144", large), status200("Content-Length: 262144", large)),
		relayed("a chunked answer of 256 KiB", status200("Transfer-Encoding: chunked", "40000\r\n"+large+"\r\n"+last), status200("Transfer-Encoding: chunked", "40000\r\n"+large+"\r\n"+last)),
		passes("a body from an HTTP/1.0 client", request("POST / HTTP/1.0", "abc", "Content-Length: 3"), post("Content-Length: 3", "abc")).gives(status200("Content-Length: 2", "Connection: close", "ok")).left(closed),
		refused("a GET with a body from an HTTP/1.0 client", "413", request("GET / HTTP/1.0", "abc", "Content-Length: 3")),
		refused("a DELETE with a body from an HTTP/1.0 client", "413", request("DELETE / HTTP/1.0", "abc", "Content-Length: 3")),
	)
	return append(append(cases, expectCases()...), earlyCases()...)
}

func expectCases() []testCase {
	expect := post("Expect: 100-continue", "Content-Length: 3", "")
	return []testCase{
		passes("100-continue that the server allows", expect+answer+"abc", expect+"abc").by("HTTP/1.1 100 Continue\r\n\r\n"+body+plain).
			gives("HTTP/1.1 100 Continue\r\n\r\n", plain),
		passes("100-continue that the client does not wait for", expect+"abc", expect+"abc").by("HTTP/1.1 100 Continue\r\n\r\n"+body+plain).
			gives("HTTP/1.1 100 Continue\r\n\r\n", plain),
		passes("100-continue and no 100", expect+pause+"abc", expect+"abc"),
		passes("100-continue without a body", get("Expect: 100-continue"), get("Expect: 100-continue")),
		passes("another expectation", post("Expect: miracles", "Content-Length: 3", "abc"), post("Expect: miracles", "Content-Length: 3", "abc")),
		relayed("103 before 200", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"+plain, "").gives("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", plain),
		relayed("two 1xx before 200", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"+pause+plain, "").
			gives("HTTP/1.1 102 Processing\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n", plain),
		relayed("an unknown 1xx", "HTTP/1.1 199 Odd\r\n\r\n"+plain, "").gives("HTTP/1.1 199 Odd\r\n\r\n", plain),
		relayed("100 unasked", "HTTP/1.1 100 Continue\r\n\r\n"+plain, "").gives("HTTP/1.1 100 Continue\r\n\r\n", plain),
		relayed("1xx for an HTTP/1.0 client", "HTTP/1.1 103 Early Hints\r\n\r\n"+plain, status200("Content-Length: 2", "Connection: close", "ok")).
			asked(request("GET / HTTP/1.0", ""), get()).left(closed).unlike("RFC 9110 15.2", "HTTP/1.0 has no interim answers"),
	}
}

func earlyCases() []testCase {
	tooLarge := "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n"
	c := passes("an answer before the body is there", post("Content-Length: 100", "abc"+hang)).by(early + tooLarge + "\r\n").gives(tooLarge + "Connection: close\r\n\r\n").left(closed)
	c.got = []string{post("Content-Length: 100", "")}
	refusing := passes("a refusal instead of 100", post("Expect: 100-continue", "Content-Length: 3", hang)).
		by(early + "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n").gives("HTTP/1.1 417 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").left(closed)
	refusing.got = []string{post("Expect: 100-continue", "Content-Length: 3", "")}
	return []testCase{c, refusing}
}
