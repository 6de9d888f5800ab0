package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sorted(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }

// lengthVariants: lengths that programs read as different numbers, or not at all. N stands for
// the true one.
func lengthVariants() []variant {
	lines := map[string]string{
		"a plus": "Content-Length: +N", "a minus": "Content-Length: -N", "minus zero": "Content-Length: -0", "hexadecimal": "Content-Length: 0xN", "octal": "Content-Length: 0oN", "zeros before": "Content-Length: 000N", "a fraction": "Content-Length: N.0", "an exponent": "Content-Length: Ne0",
		"an underscore in the number": "Content-Length: 0_N", "a semicolon": "Content-Length: N;", "a comma behind": "Content-Length: N,", "a comma before": "Content-Length: ,N", "a list": "Content-Length: N, N", "a list of two numbers": "Content-Length: 0, N", "a list of three": "Content-Length: N, N, 0", "quotes": `Content-Length: "N"`,
		"two numbers": "Content-Length: 0 N", "a tab between numbers": "Content-Length: 0\tN", "a vertical tab": "Content-Length:\vN", "a vertical tab behind": "Content-Length: N\v", "a NUL behind": "Content-Length: N\x00", "a CR behind": "Content-Length: N\r", "a NUL and more": "Content-Length: 0\x00N", "letters behind": "Content-Length: Nabc", "full-width digits": "Content-Length: \xef\xbc\x91",
		"space before the colon": "Content-Length : N", "a tab before the colon": "Content-Length\t: N", "folded": "Content-Length:\r\n N", "a folded second number": "Content-Length: 0\r\n N", "behind a bare LF": "X: y\nContent-Length: N", "behind a bare CR": "X: y\rContent-Length: N", "an underscore": "Content_Length: N", "a dot": "Content.Length: N", "no hyphen": "ContentLength: N", "a colon before": ":Content-Length: N",
		"twice": "Content-Length: N\r\nContent-Length: N", "twice, the first 0": "Content-Length: 0\r\nContent-Length: N", "twice, the second 0": "Content-Length: N\r\nContent-Length: 0", "twice, the second empty": "Content-Length: N\r\nContent-Length:", "twice, the second in another case": "Content-Length: N\r\nCONTENT-LENGTH: 0", "twice, the second with a space": "Content-Length: N\r\nContent-Length : 0", "empty": "Content-Length:",
		"2^64 and more": "Content-Length: 18446744073709551616", "2^64 and N": "Content-Length: 184467440737095516N", "2^63": "Content-Length: 9223372036854775808", "2^32": "Content-Length: 4294967296x", "many digits": "Content-Length: 00000000000000000000000000N", "a name that is longer": "Content-Length-X: N", "a second space": "Content-Length:  N ",
	}
	var all []variant
	n := fmt.Sprint(len(strings.ReplaceAll(hidden, "/T/", tag(0))))
	for _, name := range sorted(lines) {
		field := strings.ReplaceAll(lines[name], "N", n)
		all = append(all,
			variant{"length " + name, carrier(field+"\r\n", hidden), nil},
			variant{"length of a GET " + name, "GET /T/a HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n" + hidden, nil},
		)
	}
	return all
}

// chunkVariants: framing of chunks that programs read in several ways, in one piece and with the
// body behind the head, which is another path through the proxy.
func chunkVariants() []variant {
	bodies := map[string]string{}
	for name, line := range map[string]string{
		"zeros before": "0003\r\n", "0x": "0x3\r\n", "a plus": "+3\r\n", "a minus": "-3\r\n", "a space before": " 3\r\n", "a tab before": "\t3\r\n", "a space behind": "3 \r\n", "a tab behind": "3\t\r\n", "a vertical tab behind": "3\v\r\n", "a bare LF": "3\n", "a bare CR": "3\r", "two CRs": "3\r\r\n", "a LF before": "\n3\r\n", "a CRLF before": "\r\n3\r\n",
		"an extension": "3;a=b\r\n", "an empty extension": "3;\r\n", "an extension with a bare LF": "3;a\nb\r\n", "an extension that ends with a bare LF": "3;a\n", "an extension with a bare CR": "3;a\rb\r\n", "an extension with a NUL": "3;a\x00\r\n", "an extension with a quoted LF": "3;a=\"\n\"\r\n", "an extension with a quoted CRLF": "3;a=\"\r\n\"\r\n", "an open quote": "3;a=\"b\r\n", "a backslash": "3;a=\\\r\n", "a long extension": "3;" + strings.Repeat("x", 5000) + "\r\n", "spaces and an extension": "3 \t ;a\r\n",
		"a comma": "3,\r\n", "a letter": "3g\r\n", "a word": "three\r\n", "nothing": "\r\n", "an underscore": "0_3\r\n", "a fraction": "3.0\r\n", "16 digits": "0000000000000003\r\n", "17 digits": "00000000000000003\r\n", "2^64 and 3": "10000000000000003\r\n", "2^32 and 3": "100000003\r\n", "2^63": "8000000000000000\r\n", "all ones": "ffffffffffffffff\r\n", "two sizes": "3 3\r\n", "a colon": "3: x\r\n", "a NUL": "3\x00\r\n",
	} {
		bodies["size with "+name] = line + "abc\r\n0\r\n\r\n"
	}
	for name, end := range map[string]string{
		"nothing": "", "a bare LF": "\n", "a bare CR": "\r", "two letters": "xx", "CR and a letter": "\rx", "a letter and LF": "x\n", "two CRLFs": "\r\n\r\n", "LF CR": "\n\r", "a space and CRLF": " \r\n", "more data": "defg\r\n",
	} {
		bodies["data that end with "+name] = "3\r\nabc" + end + "0\r\n\r\n"
	}
	for name, end := range map[string]string{
		"bare LFs": "0\n\n", "a bare LF behind the size": "0\n\r\n", "a bare LF at the end": "0\r\n\n", "bare CRs": "0\r\r", "several zeros": "0000\r\n\r\n", "an extension": "0;a\r\n\r\n", "a space": "0 \r\n\r\n", "0x0": "0x0\r\n\r\n", "minus zero": "-0\r\n\r\n", "two CRs": "0\r\r\n\r\n", "CR at the end": "0\r\n\r", "a letter behind CR": "0\r\n\rX", "nothing": "",
		"a request for a trailer": "0\r\n" + hidden, "a length as trailer": "0\r\nContent-Length: 9\r\n\r\n", "a coding as trailer": "0\r\nTransfer-Encoding: chunked\r\n\r\n", "a Host as trailer": "0\r\nHost: x\r\n\r\n", "a trailer with a bare LF": "0\r\nA: b\n\r\n", "a trailer that ends with bare LFs": "0\r\nA: b\n\n", "a trailer with a space": "0\r\nA : b\r\n\r\n", "a trailer without a colon": "0\r\nabc\r\n\r\n", "a folded trailer": "0\r\nA: b\r\n c\r\n\r\n", "a trailer with a NUL": "0\r\nA: \x00\r\n\r\n", "a trailer with a bare CR": "0\r\nA: b\rc\r\n\r\n", "an empty name in a trailer": "0\r\n: b\r\n\r\n", "a second end": "0\r\n\r\n0\r\n\r\n",
	} {
		bodies["an end with "+name] = "3\r\nabc\r\n" + end
	}
	var all []variant
	for _, name := range sorted(bodies) {
		const coded = "Transfer-Encoding: chunked\r\n"
		all = append(all,
			variant{name, carrier(coded, bodies[name]+hidden), nil},
			variant{name + ", behind its head", carrier(coded, pause+bodies[name]+hidden), nil},
		)
	}
	return all
}
