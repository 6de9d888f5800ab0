package conformance

import "strings"

// answerHeadCases: status lines and fields of answers.
func answerHeadCases() []testCase {
	const rest = "Content-Length: 0\r\n\r\n"
	var cases []testCase
	for name, line := range map[string]string{
		"another reason": "HTTP/1.1 200 Fine, thanks", "an empty reason": "HTTP/1.1 200 ", "a reason with bytes above ASCII": "HTTP/1.1 200 \xc3\xa9", "status 299": "HTTP/1.1 299 X", "status 400": "HTTP/1.1 400 Bad", "status 500": "HTTP/1.1 500 Bad",
		"status 599": "HTTP/1.1 599 X", "status 302": "HTTP/1.1 302 Found", "a tab in the reason": "HTTP/1.1 200 a\tb",
	} {
		cases = append(cases, relayed(name, line+"\r\n"+rest, line+"\r\n"+rest))
	}
	cases = append(cases, relayed("no reason and no space", "HTTP/1.1 200\r\n"+rest, "HTTP/1.1 200 \r\n"+rest))
	for name, line := range map[string]string{
		"a version in lower case": "http/1.1 200 OK", "another protocol": "ICY 200 OK", "a status with a letter": "HTTP/1.1 2x0 OK", "a negative status": "HTTP/1.1 -20 OK", "no status": "HTTP/1.1", "a bare CR in the reason": "HTTP/1.1 200 O\rK", "a request": "GET / HTTP/1.1", "nothing in the status line": "",
	} {
		cases = append(cases, unfit(name, line+"\r\n"+rest))
	}
	for name, field := range map[string]string{
		"a space before a colon": "A : b", "no colon": "abc", "an empty name": ": b", "a NUL in a value": "A: \x00", "a bare CR in a value": "A: b\rc", "a NUL in a name": "A\x00: b", "a space in a name": "A b: c", "a byte above ASCII in a name": "\xc3: b",
	} {
		cases = append(cases, unfit(name, "HTTP/1.1 200 OK\r\n"+field+"\r\n"+rest))
	}
	cases = byName(cases)
	for name, line := range map[string]string{
		"a version of HTTP/2": "HTTP/2.0 200 OK", "a version of HTTP/0.9": "HTTP/0.9 200 OK", "two spaces": "HTTP/1.1  200 OK", "a status of two digits": "HTTP/1.1 20 OK",
		"a status of four digits": "HTTP/1.1 2000 OK", "a status below 100": "HTTP/1.1 099 OK", "a tab before the status": "HTTP/1.1\t200 OK", "a control byte in the reason": "HTTP/1.1 200 O\x01K", "a NUL in the reason": "HTTP/1.1 200 O\x00K",
	} {
		cases = append(cases, unfit(name, line+"\r\n"+rest).unlike("RFC 9112 4", "a status line that breaks the grammar is not guessed at"))
	}
	cases = byName(cases)
	lf, fold := "the same strictness as for requests", "the RFC lets a gateway answer 502 for a folded field"
	return append(cases,
		unfit("a control byte in a value", "HTTP/1.1 200 OK\r\nA: b\x01\r\n"+rest).unlike("RFC 9110 5.5", lf),
		unfit("a folded field", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n"+rest).unlike("RFC 9112 5.2", fold),
		unfit("a bare LF behind the status line", "HTTP/1.1 200 OK\n"+rest).unlike(rfcParsing, lf),
		unfit("a bare LF behind a field", "HTTP/1.1 200 OK\r\nA: b\n"+rest).unlike(rfcParsing, lf),
		unfit("a bare LF as the blank line", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n").unlike(rfcParsing, lf),
		unfit("nothing but a line", "hello\r\n\r\n"),
		unfit("binary", "\x16\x03\x01\x00\x05hello"+shut),
		unfit("a head that is cut", "HTTP/1.1 200 OK\r\nContent-"+shut),
		unfit("a head that is cut by a reset", "HTTP/1.1 200 OK\r\nContent-"+pause+reset),
		unfit("no answer at all", shut),
		unfit("a reset instead of an answer", reset),
		unfit("101 unasked", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
		unfit("a head that is too large", "HTTP/1.1 200 OK\r\nA: "+strings.Repeat("b", 40<<10)+"\r\n"+rest),
		unfit("too many fields", "HTTP/1.1 200 OK\r\n"+strings.Repeat("A: b\r\n", 120)+rest),
		unfit("a bad answer behind an interim one", "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/9 200 OK\r\n\r\n").gives("HTTP/1.1 103 Early Hints\r\n\r\n", "502").unlike("RFC 9110 15.2", "what came before is sound, and on its way"),
		unfit("an interim answer and no more", "HTTP/1.1 103 Early Hints\r\n\r\n"+shut).gives("HTTP/1.1 103 Early Hints\r\n\r\n", "502"),
		relayed("spelling, order and repetition", "HTTP/1.1 200 OK\r\nset-cookie: a\r\nSET-COOKIE:  b \r\nX_y.z: 1\r\nServer: s\r\nDate: d\r\n"+rest, "HTTP/1.1 200 OK\r\nset-cookie: a\r\nSET-COOKIE:  b \r\nX_y.z: 1\r\nServer: s\r\nDate: d\r\n"+rest),
		relayed("a head in pieces", "HTT"+pause+"P/1.1 200 OK\r\nA"+pause+": b\r\n"+rest, "HTTP/1.1 200 OK\r\nA: b\r\n"+rest),
		relayed("Host and TE of a server", "HTTP/1.1 200 OK\r\nHost: x\r\n"+rest, "HTTP/1.1 200 OK\r\nHost: x\r\n"+rest),
	)
}
