package conformance

import "strings"

// requestChunkCases: chunk lines and trailers of requests.
func requestChunkCases() []testCase {
	const last = "0\r\n\r\n"
	var cases []testCase
	for name, framing := range map[string]string{
		"one chunk": "3\r\nabc\r\n" + last, "two chunks": "1\r\na\r\n2\r\nbc\r\n" + last, "leading zeros": "0003\r\nabc\r\n" + last, "an extension": "3;a=b\r\nabc\r\n" + last,
		"an extension without a value": "3;a\r\nabc\r\n" + last, "a quoted extension": "3;a=\"b;c\"\r\nabc\r\n" + last, "an extension of the last chunk": "3\r\nabc\r\n0;a=b\r\n\r\n",
		"several zeros at the end": "3\r\nabc\r\n000\r\n\r\n", "space behind the size": "3 \r\nabc\r\n" + last, "a tab behind the size": "3\t\r\nabc\r\n" + last, "space before an extension": "3 ; a=b\r\nabc\r\n" + last,
		"a line in each piece": "3\r\n" + pause + "abc\r\n" + pause + "0\r\n" + pause + "\r\n", "every byte in a piece": "3" + pause + "\r" + pause + "\n" + pause + "a" + pause + "b" + pause + "c" + pause + "\r" + pause + "\n" + pause + "0" + pause + "\r" + pause + "\n" + pause + "\r" + pause + "\n",
		"a long extension": "3;" + strings.Repeat("a", 2000) + "\r\nabc\r\n" + last,
	} {
		cases = append(cases, passes(name, chunked(framing), chunked("3\r\nabc\r\n"+last)))
	}
	for name, framing := range map[string]string{
		"no size": "\r\nabc\r\n" + last, "a letter as size": "x\r\nabc\r\n" + last, "0x before the size": "0x3\r\nabc\r\n" + last, "a plus before the size": "+3\r\nabc\r\n" + last,
		"a minus before the size": "-3\r\nabc\r\n" + last, "a size of 16 digits": "1000000000000003\r\nabc\r\n" + last, "a size of 17 digits": "fffffffffffffffff\r\nabc\r\n" + last,
		"a bare LF behind the size": "3\nabc\r\n" + last, "a bare CR behind the size": "3\rabc\r\n" + last, "a bare LF behind the data": "3\r\nabc\n" + last, "nothing behind the data": "3\r\nabc" + last,
		"too much data": "3\r\nabcd\r\n" + last, "too little data": "3\r\nab\r\n" + last, "a bare LF behind the last size": "3\r\nabc\r\n0\n\n",
		"a letter behind the size": "3g\r\nabc\r\n" + last, "a comma behind the size": "3,\r\nabc\r\n" + last, "a bare CR in an extension": "3;a\rb\r\nabc\r\n" + last, "a bare LF in an extension": "3;a\nb\r\nabc\r\n" + last,
		"a word behind the size": "3 abc\r\nabc\r\n" + last, "a semicolon for a size": ";\r\nabc\r\n" + last,
		"an underscore in the size": "0_3\r\nabc\r\n" + last, "a vertical tab behind the size": "3\v\r\nabc\r\n" + last,
	} {
		cases = append(cases, refused(name, "400", chunked(framing)))
	}
	cases = byName(cases)
	cases = append(cases,
		refused("a space before the size", "400", chunked(" 3\r\nabc\r\n"+last)),
		refused("a size of 14 digits", "400", chunked("00000000000003\r\nabc\r\n"+last)).unlike("RFC 9112 7.1", "13 digits are enough for 4 PiB; zeros before count as digits"),
		refused("an extension with a DEL", "400", chunked("3;a\x7f\r\nabc\r\n"+last)).unlike("RFC 9112 7.1.1", "an extension is made of tokens and quoted strings"),
		refused("an extension with a NUL", "400", chunked("3;a\x00\r\nabc\r\n"+last)).unlike("RFC 9112 7.1.1", "an extension is made of tokens and quoted strings"),
		refused("a size of 2^52", "400", chunked("10000000000000\r\nabc"+hang)),
	)
	return append(append(cases, lateChunkCases()...), trailerCases()...)
}

// lateChunkCases are faults that show when the server has the head already, and perhaps a chunk.
func lateChunkCases() []testCase {
	coded := chunked("")
	late := func(name, framing string) testCase {
		return refused("behind its head, "+name, "400", chunked(pause+pause+framing)).asked(chunked(pause+pause+framing), coded+cutMark)
	}
	return []testCase{
		late("a letter as size", "x\r\n"),
		late("a bare LF behind the size", "3\nabc\r\n0\r\n\r\n"),
		late("too much data", "3\r\nabcd\r\n0\r\n\r\n"),
		late("a trailer without a colon", "0\r\nabc\r\n\r\n"),
		late("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n").unlike("RFC 9112 5.2", "a folded field is refused, in trailers too"),
		late("a bare LF as the last line", "0\r\n\n").unlike(rfcParsing, "a bare LF ends no line"),
	}
}

func trailerCases() []testCase {
	const data = "3\r\nabc\r\n0\r\n"
	lost := "fields that frame, route or vouch for a message mean nothing behind it"
	with := func(name, trailer, want string) testCase {
		return passes("trailer: "+name, chunked(data+trailer+"\r\n"), chunked(data+want+"\r\n"))
	}
	cases := []testCase{
		with("one field", "A: b\r\n", "A: b\r\n"),
		with("two fields", "A: b\r\nC: d\r\n", "A: b\r\nC: d\r\n"),
		with("spelling kept", "x-Sum:  1 \r\n", "x-Sum:  1 \r\n"),
		with("in pieces", "A: "+pause+"b\r"+pause+"\n", "A: b\r\n"),
		with("Content-Length", "Content-Length: 9\r\nA: b\r\n", "A: b\r\n").unlike("RFC 9110 6.5.1", lost),
		with("Transfer-Encoding", "Transfer-Encoding: chunked\r\nA: b\r\n", "A: b\r\n"),
		with("Host", "Host: evil\r\nA: b\r\n", "A: b\r\n").unlike("RFC 9110 6.5.1", lost),
		with("Authorization", "Authorization: x\r\nA: b\r\n", "A: b\r\n").unlike("RFC 9110 6.5.1", lost),
		with("Cookie", "Cookie: x\r\nA: b\r\n", "A: b\r\n").unlike("RFC 9110 6.5.1", lost),
		with("X-Forwarded-For", "X-Forwarded-For: 9.9.9.9\r\nA: b\r\n", "A: b\r\n"),
		with("Connection", "Connection: close\r\nA: b\r\n", "A: b\r\n"),
	}
	for name, trailer := range map[string]string{
		"no colon": "abc\r\n", "a space before the colon": "A : b\r\n", "a NUL": "A: \x00\r\n", "an empty name": ": b\r\n", "a bare CR": "A: b\rc\r\n",
	} {
		cases = append(cases, refused("trailer with "+name, "400", chunked(data+trailer+"\r\n")))
	}
	cases = append(cases, refused("trailer with a bare LF", "400", chunked(data+"A: b\n\r\n")).unlike(rfcParsing, "a bare LF ends no line"),
		refused("trailer with a folded field", "400", chunked(data+"A: b\r\n c\r\n\r\n")).unlike("RFC 9112 5.2", "a folded field is refused, in trailers too"),
		refused("trailer that is too large", "400", chunked(data+"A: "+strings.Repeat("b", 9000)+"\r\n\r\n")).unlike("RFC 9110 6.5.1", "trailers are held in memory until they are complete: 8 KiB must do"))
	return byName(cases)
}
