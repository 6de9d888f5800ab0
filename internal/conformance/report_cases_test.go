package conformance

// reportCases: what passes with syntax: report, beside HAProxy with accept-invalid-http-request.
func reportCases() []testCase {
	var cases []testCase
	for what, target := range map[string]string{
		"a byte above ASCII": "/\xc3\xa9", "a byte above ASCII in the query": "/?a=\xff", "a byte above ASCII in the path of a URL": "http://h/\xe9",
	} {
		line := "GET " + target + " HTTP/1.1"
		cases = append(cases, passes("target with "+what, request(line, ""), request(line, "")))
	}
	for what, field := range map[string]string{
		"a bell in its value": "A: b\ac", "an escape in its value": "A: b\x1bc", "a DEL in its value": "A: b\x7fc", "a slash in its name": "A/b: c", "brackets in its name": "A[b]: c",
	} {
		cases = append(cases, passes("field with "+what, get(field), get(field)))
	}
	name := "some programs leave such characters out or stop at them, so that the name becomes another one"
	for what, send := range map[string]string{
		"a control byte in a name": get("A\x01: b"), "a byte above ASCII in a name": get("\xc3\xa9: b"), "a space before a colon": get("A : b"), "a space in a name": get("A b: c"),
		"a Content-Length with marks in its name": post("Content-Length(): 2", ""), "an X-Forwarded-For with marks in its name": get("X-Forwarded/For: 192.0.2.1"),
	} {
		cases = append(cases, refused(what, "400", send).unlike(rfcFields, name))
	}
	cases = append(cases,
		refused("a fragment in the target", "400", request("GET /a#b HTTP/1.1", "")).unlike(rfcTarget, "programs differ in whether the target ends there"),
		refused("a NUL in a value", "400", get("A: b\x00c")).unlike("RFC 9110 5.5", "programs differ in whether the value ends there"),
		refused("HTTP/0.9", "400", request("GET / HTTP/0.9", "")).unlike("RFC 9112 2.3", "what other versions mean is not known"),
		refused("a Host that differs", "400", request("GET http://x/ HTTP/1.1", "")).unlike("RFC 9112 3.2.2", "programs differ in which of the two they go by"),
		refused("a bare LF", "400", "GET / HTTP/1.1\nHost: h\r\n\r\n").unlike(rfcParsing, "a bare LF ends no line"),
		refused("a folded field", "400", get("A: b", " c")).unlike("RFC 9112 5.2", "servers differ in what they make of folded fields"),
	)
	for what, send := range map[string]string{
		"a control byte in the target": request("GET /\x01 HTTP/1.1", ""), "a DEL in the target": request("GET /\x7f HTTP/1.1", ""),
		"a bare CR in a value": get("A: b\rc"), "a bell in Content-Length": post("Content-Length: 2\a", "ab"), "an empty name": get(": b"),
	} {
		cases = append(cases, refused(what, "400", send))
	}
	for i := range cases {
		cases[i] = cases[i].reporting()
	}
	return byName(cases)
}
