package conformance

// lineVariants: ends of lines that are ends to some programs only, with a hidden request behind.
func lineVariants() []variant {
	ends := map[string]string{
		"LF": "\n", "CR": "\r", "CR CR LF": "\r\r\n", "LF CR": "\n\r", "a vertical tab": "\v", "a form feed": "\f", "NUL": "\x00", "a next-line character": "\xc2\x85", "a line separator": "\xe2\x80\xa8", "a space and CRLF": " \r\n", "a tab and CRLF": "\t\r\n", "NUL and CRLF": "\x00\r\n", "a backslash n": `\n`,
	}
	var all []variant
	for _, name := range sorted(ends) {
		e := ends[name]
		all = append(all,
			variant{name + " behind the request line", "POST /T/a HTTP/1.1" + e + "Host: h\r\nContent-Length: 3\r\n\r\nabc", nil},
			variant{name + " behind a field", "POST /T/a HTTP/1.1\r\nHost: h" + e + "Content-Length: 3\r\n\r\nabc", nil},
			variant{name + " behind a length", "POST /T/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3" + e + "X: y\r\n\r\nabc", nil},
			variant{name + " as the blank line", "POST /T/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n" + e + "abc", nil},
			variant{name + " twice, a length behind it", "POST /T/a HTTP/1.1\r\nHost: h" + e + e + "Content-Length: 3\r\n\r\nabc", nil},
			variant{name + " in a value, a hidden request behind it", "GET /T/a HTTP/1.1\r\nHost: h\r\nX: y" + e + e + hidden, nil},
			variant{name + " before the request", e + "GET /T/a HTTP/1.1\r\nHost: h\r\n\r\n", nil},
		)
	}
	return all
}

// startVariants: request lines that programs cut in different places.
func startVariants() []variant {
	rest := "\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
	starts := map[string]string{
		"two spaces": "POST  /T/a HTTP/1.1", "two spaces before the version": "POST /T/a  HTTP/1.1", "a tab": "POST\t/T/a\tHTTP/1.1", "a vertical tab": "POST\v/T/a\vHTTP/1.1", "a space before": " POST /T/a HTTP/1.1", "a space behind": "POST /T/a HTTP/1.1 ", "a space in the target": "POST /T/a b HTTP/1.1", "a version in the target": "POST /T/a HTTP/1.1 HTTP/1.1", "two versions": "POST /T/a HTTP/1.0 HTTP/1.1",
		"no version": "POST /T/a", "version 0.9": "POST /T/a HTTP/0.9", "version 1.2": "POST /T/a HTTP/1.2", "version 1.10": "POST /T/a HTTP/1.10", "version 01.1": "POST /T/a HTTP/01.1", "version 2.0": "POST /T/a HTTP/2.0", "a lower-case version": "POST /T/a http/1.1", "a gap in the version": "POST /T/a HTTP /1.1", "a version and letters": "POST /T/a HTTP/1.1x", "a version with a sign": "POST /T/a HTTP/+1.1",
		"another host in the target": "POST http://x/T/a HTTP/1.1", "user information in the target": "POST http://h@x/T/a HTTP/1.1", "a port in the target": "POST http://h:81/T/a HTTP/1.1", "another scheme": "POST file:///T/a HTTP/1.1", "no authority": "POST http:///T/a HTTP/1.1", "two slashes": "POST /T//a HTTP/1.1", "a relative target": "POST T/a HTTP/1.1", "a fragment": "POST /T/a#b HTTP/1.1", "a NUL in the target": "POST /T/a\x00b HTTP/1.1", "a byte above ASCII": "POST /T/a\xff HTTP/1.1", "a bare CR in the target": "POST /T/a\rb HTTP/1.1", "a bare LF in the target": "POST /T/a\nb HTTP/1.1",
		"a colon in the method": "PO:ST /T/a HTTP/1.1", "a method with a NUL": "PO\x00ST /T/a HTTP/1.1", "an empty method": " /T/a HTTP/1.1", "a field before it": "X: y\r\nPOST /T/a HTTP/1.1", "HTTP/2's preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nPOST /T/a HTTP/1.1", "CONNECT": "CONNECT h:80 HTTP/1.1", "an answer": "HTTP/1.1 200 OK",
	}
	var all []variant
	for _, name := range sorted(starts) {
		all = append(all, variant{"request line with " + name, starts[name] + rest, nil})
	}
	hosts := map[string]string{
		"two": "Host: h\r\nHost: x\r\n", "two that are equal": "Host: h\r\nHost: h\r\n", "none": "", "a space before the colon": "Host : h\r\n", "a folded one": "Host: h\r\n x\r\n", "a path in it": "Host: h/x\r\n", "user information in it": "Host: x@h\r\n", "a comma in it": "Host: h, x\r\n", "a second one behind a bare LF": "Host: h\nHost: x\r\n", "a NUL in it": "Host: h\x00x\r\n", "a bad port": "Host: h:80x\r\n", "an at sign and a fragment": "Host: h#@x\r\n",
	}
	for _, name := range sorted(hosts) {
		all = append(all, variant{"Host: " + name, "POST /T/a HTTP/1.1\r\n" + hosts[name] + "Content-Length: 3\r\n\r\nabc", nil})
	}
	return all
}

// hopVariants: fields that change what the next hop does with the length of a message.
func hopVariants() []variant {
	coded := chunkOf("abc") + "0\r\n\r\n"
	return []variant{
		{"Connection takes away the length", carrier("Connection: Content-Length\r\nContent-Length: 3\r\n", "abc"), nil},
		{"Connection takes away the coding", carrier("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", coded), nil},
		{"Connection takes away Host", carrier("Connection: Host, close\r\nContent-Length: 3\r\n", "abc"), nil},
		{"Connection takes away Connection", carrier("Connection: Connection, keep-alive\r\nContent-Length: 3\r\n", "abc"), nil},
		{"close, and a hidden request", carrier("Connection: close\r\nContent-Length: 3\r\n", "abc"+hidden), nil},
		{"keep-alive and close", carrier("Connection: keep-alive, close\r\nContent-Length: 3\r\n", "abc"+hidden), nil},
		{"100-continue with a body", carrier("Expect: 100-continue\r\nContent-Length: 3\r\n", "abc"), nil},
		{"100-continue with chunks", carrier("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", coded), nil},
		{"100-continue of a GET", "GET /T/a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc", nil},
		{"100-continue with no body", carrier("Expect: 100-continue\r\n", ""), nil},
		{"Upgrade to h2c with a body", carrier("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nContent-Length: 3\r\n", "abc"), nil},
		{"Upgrade that Connection does not name", carrier("Upgrade: websocket\r\nContent-Length: 3\r\n", "abc"), nil},
		{"TE and a length", carrier("TE: chunked, trailers\r\nContent-Length: 3\r\n", "abc"), nil},
		{"HTTP/1.0 and chunks", "POST /T/a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + coded, nil},
		{"HTTP/1.0, going on, and chunks", "POST /T/a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + coded + hidden, nil},
		{"HTTP/1.0, chunks and a length", "POST /T/a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + coded, nil},
		{"HTTP/1.0 and no length", "POST /T/a HTTP/1.0\r\nHost: h\r\n\r\n" + hidden, nil},
		{"HTTP/1.0, going on, and no length", "POST /T/a HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n" + hidden, nil},
		{"a method in a field", carrier("X-HTTP-Method-Override: GET\r\nContent-Length: 3\r\n", "abc"), nil},
		{"a multipart length", carrier("Content-Type: multipart/byteranges; boundary=b\r\n", ""), nil},
		{"a length, and a body that is longer", carrier("Content-Length: 3\r\n", "abcX:"), nil},
		{"a length, and a body that is a line longer", carrier("Content-Length: 3\r\n", "abc\r\n\r\n"), nil},
		{"a DELETE with a body", "DELETE /T/a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc", nil},
		{"an OPTIONS with chunks", "OPTIONS /T/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + coded, nil},
		{"a PROPFIND with chunks", "PROPFIND /T/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + coded, nil},
	}
}
