package conformance

import "strings"

const rfcFields = "RFC 9112 5"

// requestFieldCases: the syntax of header fields.
func requestFieldCases() []testCase {
	var cases []testCase
	for name, field := range map[string]string{
		"an empty value": "A:", "only space in the value": "A: \t ", "space around the value": "A:  two  words \t", "no space before the value": "A:b",
		"every mark in its name": "!#$%&'*+-.^_`|~9: b", "a colon in its value": "A: b:c", "bytes above ASCII in its value": "A: \xc3\xa9\xff", "a tab in its value": "A: b\tc",
		"quotes": `A: "b\"c"`, "a name of one letter": "a: b", "digits only": "123: b", "a name of 255 letters": strings.Repeat("n", 255) + ": b", "a long value": "A: " + strings.Repeat("v", 8000),
	} {
		cases = append(cases, passes("a field with "+name, get(field), get(field)))
	}
	for name, field := range map[string]string{
		"a space before the colon": "A : b", "a tab before the colon": "A\t: b", "a space in its name": "A b: c", "an empty name": ": b", "no colon": "abc",
		"a control byte in its name": "A\x01: b", "a NUL in its name": "A\x00: b", "a byte above ASCII in its name": "\xc3\xa9: b", "a quote in its name": `"A": b`, "a slash in its name": "A/b: c",
		"an at sign in its name": "A@b: c", "brackets in its name": "A[b]: c", "a parenthesis in its name": "(A): b", "a comma in its name": "A,b: c", "a semicolon in its name": "A;b: c",
		"a NUL in its value": "A: b\x00c", "a bare CR in its value": "A: b\rc", "a CR at its end": "A: b\r",
	} {
		cases = append(cases, refused("a field with "+name, "400", get(field)))
	}
	control := "control characters have no meaning in a value, and programs differ in what they do with them"
	for name, field := range map[string]string{
		"a bell in its value": "A: b\ac", "an escape in its value": "A: b\x1bc", "a DEL in its value": "A: b\x7fc", "a form feed in its value": "A: b\fc", "a vertical tab in its value": "A: \vb", "a backspace in its value": "A: b\bc",
	} {
		cases = append(cases, refused("a field with "+name, "400", get(field)).unlike("RFC 9110 5.5", control))
	}
	cases = byName(cases)
	lf := "a bare LF ends no line: what one program reads as a field, the next one reads as a value"
	fold := "the RFC lets a server refuse folded fields; servers differ in what they make of them"
	return append(cases,
		refused("bare LF behind a field", "400", "GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n").unlike(rfcParsing, lf),
		refused("bare LF as the blank line", "400", "GET / HTTP/1.1\r\nHost: h\r\n\n").unlike(rfcParsing, lf),
		refused("bare LF everywhere", "400", "GET / HTTP/1.1\nHost: h\n\n").unlike(rfcParsing, lf),
		refused("a folded field", "400", get("A: b", " c")).unlike("RFC 9112 5.2", fold),
		refused("a field folded with a tab", "400", get("A: b", "\tc")).unlike("RFC 9112 5.2", fold),
		refused("a folded Content-Length", "400", post("Content-Length:", " 2", "ab")).unlike("RFC 9112 5.2", fold),
		refused("a folded Transfer-Encoding", "400", post("Transfer-Encoding:", " chunked", "0\r\n\r\n")).unlike("RFC 9112 5.2", fold),
		refused("a line of one space", "400", get(" ")).unlike("RFC 9112 5.2", fold),
		passes("a name of 300 letters", get(strings.Repeat("n", 300)+": b"), get(strings.Repeat("n", 300)+": b")).unlike(rfcFields, "names have no limit of their own, only max_header_size"),
		refused("a first field that is folded", "400", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"),
		refused("a line of space before the blank line", "400", get("A: b", " ")).unlike("RFC 9112 5.2", fold),
		refused("CR CR LF as the blank line", "400", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n"),
		passes("order, spelling and repetition", get("X-a: 1", "b: 2", "X-A: 3", "ACCEPT: */*", "Cookie: a=b", "cookie: c=d"), get("X-a: 1", "b: 2", "X-A: 3", "ACCEPT: */*", "Cookie: a=b", "cookie: c=d")),
		passes("fields in pieces", "GET / HTTP/1.1\r\nHo"+pause+"st: h\r\nA:"+pause+" b\r\n\r"+pause+"\n", get("A: b")),
		passes("the last LF in a piece of its own", "GET / HTTP/1.1\r\nHost: h\r\n\r"+pause+"\n", get()),
	)
}
