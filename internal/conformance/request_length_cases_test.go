package conformance

const rfcLength = "RFC 9112 6.3"

// requestLengthCases: Content-Length and Transfer-Encoding of requests.
func requestLengthCases() []testCase {
	cases := []testCase{
		passes("Content-Length 0", post("Content-Length: 0", ""), post("Content-Length: 0", "")),
		passes("Content-Length 2", post("Content-Length: 2", "ab"), post("Content-Length: 2", "ab")),
		passes("Content-Length with leading zeros", post("Content-Length: 0002", "ab"), post("Content-Length: 0002", "ab")).unlike("RFC 9110 8.6", "any number of digits is allowed, and a value goes on as it came"),
		passes("Content-Length with space around it", post("Content-Length: \t2 ", "ab"), post("Content-Length: 2", "ab")),
		passes("two equal Content-Lengths", post("Content-Length: 2", "Content-Length: 2", "ab"), post("Content-Length: 2", "ab")),
		passes("three equal Content-Lengths", post("Content-Length: 2", "content-length: 2", "CONTENT-LENGTH: 2", "ab"), post("Content-Length: 2", "ab")),
		passes("a list of equal Content-Lengths", post("Content-Length: 2, 2", "ab"), post("Content-Length: 2", "ab")),
		passes("a list of equal Content-Lengths, 0 and 00", post("Content-Length: 0, 00", ""), post("Content-Length: 0", "")),
		passes("no length, no body", request("POST / HTTP/1.1", ""), request("POST / HTTP/1.1", "")),
	}
	for name, value := range map[string]string{
		"a comma at its end": "0,", "a comma at its start": ",0", "nothing in it": "", "a plus": "+2", "a minus": "-2", "hexadecimal digits": "0x2", "a fraction": "2.0",
		"an exponent": "1e1", "a space in it": "1 2", "a letter at its end": "2a", "quotes": `"2"`, "twenty digits": "99999999999999999999", "2^63": "9223372036854775808",
		"different ones in a list": "2, 3", "a semicolon": "2;", "an Arabic digit": "\xd9\xa2", "an underscore": "1_0", "a tab in it": "1\t2", "an empty element": "2,,2",
	} {
		cases = append(cases, refused("Content-Length with "+name, "400", post("Content-Length: "+value, "ab")))
	}
	cases = byName(cases)
	cases = append(cases,
		refused("two different Content-Lengths", "400", post("Content-Length: 2", "Content-Length: 3", "abc")),
		refused("Content-Length with 2^64", "400", post("Content-Length: 18446744073709551616", "ab")).unlike(rfcLength, "a number that overflows is no length"),
		refused("two Content-Lengths, one of them bad", "400", post("Content-Length: 2", "Content-Length: x", "ab")),
		refused("Content-Length with a space before the colon", "400", post("Content-Length : 2", "ab")),
	)
	return append(cases, codingCases()...)
}

func codingCases() []testCase {
	const end = "0\r\n\r\n"
	both := "either may be what the next program goes by: refused, not repaired"
	cases := []testCase{
		passes("chunked", chunked(end), chunked(end)),
		passes("chunked in upper case", post("Transfer-Encoding: CHUNKED", end), chunked(end)),
		passes("chunked with space around it", post("Transfer-Encoding: \tchunked ", end), chunked(end)),
		refused("Transfer-Encoding and Content-Length", "400", post("Transfer-Encoding: chunked", "Content-Length: 31", end+"GET /smuggled HTTP/1.1\r\n\r\n")).unlike(rfcLength, both),
		refused("Content-Length and Transfer-Encoding", "400", post("Content-Length: 5", "Transfer-Encoding: chunked", end)).unlike(rfcLength, both),
		refused("Content-Length 0 and Transfer-Encoding", "400", post("Content-Length: 0", "Transfer-Encoding: chunked", end)).unlike(rfcLength, both),
		refused("gzip, chunked", "501", post("Transfer-Encoding: gzip, chunked", end)).unlike("RFC 9112 6.1", "the RFC says 501 for a coding that is not understood"),
		refused("two lines: gzip and chunked", "501", post("Transfer-Encoding: gzip", "Transfer-Encoding: chunked", end)).unlike("RFC 9112 6.1", "the RFC says 501 for a coding that is not understood"),
		refused("two lines, both chunked", "400", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked", end)),
		refused("chunked in HTTP/1.0", "400", request("POST / HTTP/1.0", end, "Transfer-Encoding: chunked")).unlike("RFC 9112 6.1", "HTTP/1.0 has no chunks; who sends them has a proxy in between that does not know them"),
		refused("chunked in HTTP/1.0 that goes on", "400", request("POST / HTTP/1.0", end, "Transfer-Encoding: chunked", "Connection: keep-alive")).unlike("RFC 9112 6.1", "HTTP/1.0 has no chunks"),
		refused("Transfer-Encoding with a space before the colon", "400", post("Transfer-Encoding : chunked", end)),
		passes("Transfer_Encoding is any other field", post("Transfer_Encoding: chunked", "Content-Length: 5", end), post("Transfer_Encoding: chunked", "Content-Length: 5", end)),
	}
	for name, value := range map[string]string{
		"chunked, chunked": "chunked, chunked", "chunked, gzip": "chunked, gzip", "chunked, gzip, chunked": "chunked, gzip, chunked", "gzip": "gzip", "identity": "identity",
		"nothing": "", "only a comma": ",", "chunked with a comma behind it": "chunked,", "chunked with a comma before it": ",chunked", "chunked with a parameter": "chunked;a=b",
		"quotes": `"chunked"`, "xchunked": "xchunked", "a control byte before chunked": "\x0bchunked", "two words": "chunked x", "chunked twice without a comma": "chunked chunked", "a NUL behind chunked": "chunked\x00", "identity, then chunked": "chunked, identity",
	} {
		cases = append(cases, refused("Transfer-Encoding: "+name, "400", post("Transfer-Encoding: "+value, end)))
	}
	return byName(cases)
}
