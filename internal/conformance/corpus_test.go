package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// hidden is the request that a variant tries to get past the proxy inside of another one.
const hidden = "GET /T/hidden HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n"

// corpus is every variant: the classics in one place each, and combinations of them.
func corpus() []variant {
	return slices.Concat(controls(), codingVariants(), lengthVariants(), chunkVariants(), lineVariants(), startVariants(), hopVariants())
}

// carrier is a POST with the given field lines, which end their own lines, and what follows.
func carrier(fields, rest string) string {
	return "POST /T/a HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n" + rest
}

func lengthOf(s string) string {
	return fmt.Sprintf("Content-Length: %d\r\n", len(strings.ReplaceAll(s, "/T/", tag(0))))
}

// controls are in order: a proxy that refuses everything would be safe and useless.
func controls() []variant {
	one := func(body string) []reading { return []reading{{"POST", "/T/a", body}} }
	coded := "Transfer-Encoding: chunked\r\n"
	return []variant{
		{"nothing special", "GET /T/a HTTP/1.1\r\nHost: h\r\n\r\n", []reading{{"GET", "/T/a", ""}}},
		{"a request as a body", carrier(lengthOf(hidden), hidden), one(hidden)},
		{"a request as a chunk", carrier(coded, chunkOf(hidden)+"0\r\n\r\n"), one(hidden)},
		{"an empty body", carrier("Content-Length: 0\r\n", ""), one("")},
		{"an empty chunked body", carrier(coded, "0\r\n\r\n"), one("")},
		{"no length", carrier("", ""), one("")},
		{"equal lengths", carrier("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), one("abc")},
		{"a list of equal lengths", carrier("Content-Length: 3, 3\r\n", "abc"), one("abc")},
		{"a GET with a body", "GET /T/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", []reading{{"GET", "/T/a", "abc"}}},
		{"a PUT with chunks and a trailer", "PUT /T/a HTTP/1.1\r\nHost: h\r\n" + coded + "\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n", []reading{{"PUT", "/T/a", "abc"}}},
		{"two requests", "GET /T/a HTTP/1.1\r\nHost: h\r\n\r\n" + carrier("Content-Length: 1\r\n", "x"), []reading{{"GET", "/T/a", ""}, {"POST", "/T/a", "x"}}},
		{"an empty line between requests", carrier("Content-Length: 3\r\n", "abc\r\n"), one("abc")},
		{"a body in pieces", carrier("Content-Length: 6\r\n", "ab"+pause+"cd"+pause+"ef"), one("abcdef")},
		{"chunks in pieces", carrier(coded, "1\r"+pause+"\na"+pause+"\r\n2\r\nbc\r\n0\r\n"+pause+"\r\n"), one("abc")},
		{"absolute form", "GET http://h/T/a HTTP/1.1\r\nHost: h\r\n\r\n", []reading{{"GET", "/T/a", ""}}},
		{"HTTP/1.0 that goes on", "POST /T/a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", one("abc")},
	}
}

func chunkOf(s string) string {
	return fmt.Sprintf("%x\r\n%s\r\n", len(strings.ReplaceAll(s, "/T/", tag(0))), s)
}

// codingLines are Transfer-Encoding fields that some program takes for one and another does not.
func codingLines() map[string]string {
	return map[string]string{
		"as it should be": "Transfer-Encoding: chunked", "no space": "Transfer-Encoding:chunked", "a tab": "Transfer-Encoding:\tchunked", "upper case": "TRANSFER-ENCODING: CHUNKED",
		"space behind": "Transfer-Encoding: chunked ", "a tab behind": "Transfer-Encoding: chunked\t", "a space before the colon": "Transfer-Encoding : chunked", "a tab before the colon": "Transfer-Encoding\t: chunked",
		"folded": "Transfer-Encoding:\r\n chunked", "folded with a tab": "Transfer-Encoding:\r\n\tchunked", "folded with a bare LF": "Transfer-Encoding:\n chunked", "behind a bare LF": "X: y\nTransfer-Encoding: chunked", "behind a bare CR": "X: y\rTransfer-Encoding: chunked",
		"as a folded line": "X: y\r\n Transfer-Encoding: chunked", "as a line that a tab folds": "X: y\r\n\tTransfer-Encoding: chunked", "behind a NUL": "X: y\x00Transfer-Encoding: chunked",
		"a vertical tab": "Transfer-Encoding:\vchunked", "a form feed": "Transfer-Encoding:\fchunked", "a vertical tab behind": "Transfer-Encoding: chunked\v", "a NUL before": "Transfer-Encoding: \x00chunked", "a NUL behind": "Transfer-Encoding: chunked\x00", "a CR behind": "Transfer-Encoding: chunked\r", "a backspace": "Transfer-Encoding: x\bchunked",
		"a no-break space": "Transfer-Encoding:\xa0chunked", "a no-break space in the name": "Transfer-Encoding\xa0: chunked", "a Kelvin sign": "Transfer-Encoding: chun\xe2\x84\xaaed", "a soft hyphen": "Transfer\xc2\xadEncoding: chunked", "a byte order mark": "\xef\xbb\xbfTransfer-Encoding: chunked",
		"more letters": "Transfer-Encoding: xchunked", "letters behind": "Transfer-Encoding: chunkedx", "quotes": `Transfer-Encoding: "chunked"`, "single quotes": "Transfer-Encoding: 'chunked'", "a parameter": "Transfer-Encoding: chunked;q=1", "a gap": "Transfer-Encoding: chu nked", "two words": "Transfer-Encoding: x chunked",
		"a comma before": "Transfer-Encoding: ,chunked", "a comma behind": "Transfer-Encoding: chunked,", "commas": "Transfer-Encoding: ,,chunked,,", "twice": "Transfer-Encoding: chunked, chunked", "identity behind": "Transfer-Encoding: chunked, identity", "identity before": "Transfer-Encoding: identity, chunked", "gzip before": "Transfer-Encoding: gzip, chunked", "an unknown coding behind": "Transfer-Encoding: chunked, cow",
		"two lines": "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "identity in a second line": "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "identity in a first line": "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "an unknown coding in a second line": "Transfer-Encoding: chunked\r\nTransfer-encoding: cow", "an empty second line": "Transfer-Encoding: chunked\r\nTransfer-Encoding:", "an empty value": "Transfer-Encoding:", "identity": "Transfer-Encoding: identity",
		"an underscore": "Transfer_Encoding: chunked", "a dot": "Transfer.Encoding: chunked", "no hyphen": "TransferEncoding: chunked", "a gap in the name": "Transfer Encoding: chunked", "a colon too many": "Transfer-Encoding:: chunked", "a colon before": ":Transfer-Encoding: chunked", "a NUL in the name": "Transfer-Encoding\x00: chunked", "another field": "Content-Encoding: chunked", "TE": "TE: chunked", "a trailing dot": "Transfer-Encoding.: chunked",
	}
}

// codingVariants put each of them beside a length: a program that goes by the length and one that
// goes by the coding disagree about where the request ends, one way or the other.
func codingVariants() []variant {
	var all []variant
	lines := codingLines()
	for _, name := range sorted(lines) {
		field := lines[name] + "\r\n"
		long := "0\r\n\r\n" + hidden
		short := chunkOf(hidden) + "0\r\n\r\n"
		size, _, _ := strings.Cut(short, "\r\n")
		all = append(all,
			variant{"coding " + name + ", length of all", carrier(lengthOf(long)+field, long), nil},
			variant{"coding " + name + ", then length of all", carrier(field+lengthOf(long), long), nil},
			variant{"coding " + name + ", length of a part", carrier(field+fmt.Sprintf("Content-Length: %d\r\n", len(size)+2), short), nil},
			variant{"coding " + name + ", no length", carrier(field, long), nil},
		)
	}
	return all
}
