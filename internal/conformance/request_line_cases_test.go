package conformance

// Sections of the RFCs that several cases name.
const (
	rfcParsing = "RFC 9112 2.2"
	rfcTarget  = "RFC 9112 3.2"
)

// requestLineCases: methods, targets, versions and what comes before them.
func requestLineCases() []testCase {
	cases := []testCase{
		passes("a root path", get(), get()),
		passes("one empty line before it", "\r\n"+get(), get()),
		refused("two empty lines before it", "400", "\r\n\r\n"+get()).unlike(rfcParsing, "one empty line is tolerated, as the RFC asks for; more is no client's mistake"),
		refused("an empty line with a bare LF before it", "400", "\n"+get()).unlike(rfcParsing, "a bare LF ends no line"),
		refused("a space before it", "400", " "+get()),
		refused("bare LF at its end", "400", "GET / HTTP/1.1\nHost: h\r\n\r\n").unlike(rfcParsing, "a bare LF ends no line: a server may read on"),
		refused("bare CR in it", "400", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n"),
		refused("bare CR at its end", "400", "GET / HTTP/1.1\rHost: h\r\n\r\n"),
		refused("two CRs at its end", "400", request("GET / HTTP/1.1\r", "")),
		refused("two spaces before the target", "400", request("GET  / HTTP/1.1", "")).unlike("RFC 9112 3", "one space separates"),
		refused("two spaces before the version", "400", request("GET /  HTTP/1.1", "")).unlike("RFC 9112 3", "one space separates"),
		refused("a tab before the target", "400", request("GET\t/ HTTP/1.1", "")).unlike("RFC 9112 3", "one space separates"),
		refused("a tab before the version", "400", request("GET /\tHTTP/1.1", "")).unlike("RFC 9112 3", "one space separates"),
		refused("a space at its end", "400", request("GET / HTTP/1.1 ", "")),
		refused("a vertical tab before the version", "400", request("GET /\vHTTP/1.1", "")),
		refused("a NUL in it", "400", request("GET /\x00 HTTP/1.1", "")),
		refused("a DEL in it", "400", request("GET /\x7f HTTP/1.1", "")),
		refused("no target", "400", request("GET HTTP/1.1", "")),
		refused("an empty target", "400", request("GET  HTTP/1.1", "")),
		refused("a space in the target", "400", request("GET /a b HTTP/1.1", "")),
		refused("only a method", "400", "GET\r\n\r\n"),
		refused("a field in its place", "400", "Host: h\r\n\r\n"),
		refused("a TLS handshake", "400", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"),
		refused("the preface of HTTP/2", "400", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unlike("RFC 9113 3.3", "HTTP/2 is not spoken here; HAProxy answers in it"),
		passes("in pieces", "G"+pause+"ET"+pause+" / HT"+pause+"TP/1.1\r"+pause+"\nHost: h\r\n\r\n", get()),
	}
	cases = append(cases, methodCases()...)
	cases = append(cases, targetCases()...)
	return append(cases, versionCases()...)
}

func methodCases() []testCase {
	var cases []testCase
	for _, m := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get", "Get", "M-SEARCH", "A!#$%&'*+-.^_`|~0"} {
		line := m + " /m HTTP/1.1"
		cases = append(cases, passes("method "+m, request(line, ""), request(line, "")))
	}
	for name, m := range map[string]string{"a colon": "GE:T", "a slash": "GE/T", "a control byte": "GE\x01T", "a byte above ASCII": "GE\xc3\xa9T", "a quote": `"GET"`, "a parenthesis": "GET()"} {
		cases = append(cases, refused("method with "+name, "400", request(m+" / HTTP/1.1", "")))
	}
	return byName(append(cases, refused("an empty method", "400", request(" / HTTP/1.1", ""))))
}

func targetCases() []testCase {
	var cases []testCase
	for name, target := range map[string]string{
		"query": "/a?b=c&d=%2F", "bad percent signs": "/%zz%", "semicolons and brackets": "/a;b=[c]{d}|e^f`g\"<h>\\i",
		"two slashes": "//a", "dots": "/../a/./b", "only a query": "/?", "every mark": "/!$&'()*+,;=:@-._~",
	} {
		line := "GET " + target + " HTTP/1.1"
		cases = append(cases, passes("target with "+name, request(line, ""), request(line, "")))
	}
	for name, target := range map[string]string{
		"with a fragment": "/a#b", "with a byte above ASCII": "/\xc3\xa9", "with a control byte": "/\x01", "that is relative": "admin",
		"that is a relative path": "admin/a/b", "that is a query": "?a", "that is an authority": "h:80", "* for a GET": "*", "that begins with *": "*/a",
	} {
		cases = append(cases, refused("target "+name, "400", request("GET "+target+" HTTP/1.1", "")))
	}
	cases = byName(cases)
	star, origin := "OPTIONS * HTTP/1.1", "OPTIONS / HTTP/1.1"
	return append(cases,
		passes("OPTIONS *", request(star, ""), request(star, "")),
		passes("OPTIONS /", request(origin, ""), request(origin, "")),
		refused("OPTIONS */test", "400", request("OPTIONS */test HTTP/1.1", "")),
		refused("CONNECT with a port", "400", "CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n").unlike("RFC 9110 9.3.6", "a gateway is no proxy: it opens no tunnels to where a client wants"),
		refused("CONNECT without a port", "400", "CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n"),
		refused("CONNECT with an empty port", "400", "CONNECT h: HTTP/1.1\r\nHost: h:\r\n\r\n"),
		refused("CONNECT with a path", "400", request("CONNECT / HTTP/1.1", "")),
		refused("CONNECT with a URL", "400", "CONNECT http://h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
	)
}

func versionCases() []testCase {
	var cases []testCase
	for name, version := range map[string]string{
		"in lower case": "http/1.1", "with two digits": "HTTP/1.10", "with leading zeros": "HTTP/01.1", "with a comma": "HTTP/1,1",
		"without a minor digit": "HTTP/1.", "without a dot": "HTTP/11", "of another protocol": "RTSP/1.0", "that is empty": "", "with letters": "HTTP/1.x", "with a space in it": "HTTP/ 1.1",
	} {
		cases = append(cases, refused("version "+name, "400", request("GET / "+version, "")))
	}
	for _, version := range []string{"0.9", "1.2", "1.9", "2.0", "3.0", "9.9"} {
		cases = append(cases, refused("version "+version, "400", request("GET / HTTP/"+version, "")).
			unlike("RFC 9112 2.3", "what other versions mean is not known; HTTP/2 and 3 have another syntax"))
	}
	return append(byName(cases), refused("no version, HTTP/0.9", "400", "GET /\r\n"))
}
