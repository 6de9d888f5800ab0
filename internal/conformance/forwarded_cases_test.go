package conformance

// forwardedCases: what a client says about itself that only a proxy may say.
func forwardedCases() []testCase {
	var cases []testCase
	for _, field := range []string{
		"X-Forwarded-For: 9.9.9.9", "x-forwarded-for: 9.9.9.9, 8.8.8.8", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil", "X-Forwarded-Port: 1", "X-Forwarded-Anything: 1",
		"Forwarded: for=9.9.9.9", "X-Real-IP: 9.9.9.9", "X-SSL-Client: 1", "X-SSL-Client-CN: admin", "X-Request-Id: mine",
	} {
		cases = append(cases, passes(field, get(field, "A: b"), get("A: b")))
	}
	alias := "some servers read _ and . as -, and would trust it"
	for _, field := range []string{
		"X_Forwarded_For: 9.9.9.9", "X.Forwarded.For: 9.9.9.9", "x-forwarded_for: 9.9.9.9", "X_Forwarded_Proto: https", "X.Forwarded_Host: evil", "X_Real_IP: 9.9.9.9", "X.Real.IP: 9.9.9.9",
		"X_SSL_Client: 1", "X.SSL.Client: 1",
	} {
		cases = append(cases, passes(field, get(field, "A: b"), get("A: b")).unlike("CGI, RFC 3875 4.1.18", alias))
	}
	return append(cases,
		passes("X_Request_Id: mine", get("X_Request_Id: mine", "A: b"), get("A: b")).unlike("CGI, RFC 3875 4.1.18", alias),
		passes("several at once", get("X-Forwarded-For: 1", "A: b", "X-Forwarded-For: 2", "X-Forwarded-Proto: https"), get("A: b")),
		passes("names that only begin alike", get("X-Forward: 1", "X-Forwarded: 1", "XForwarded-For: 1", "X-Real: 1", "X-SSL: 1", "Forwarded-For: 1"), get("X-Forward: 1", "X-Forwarded: 1", "XForwarded-For: 1", "X-Real: 1", "X-SSL: 1", "Forwarded-For: 1")),
		passes("other names with _ and .", get("my_field: 1", "my.field: 2"), get("my_field: 1", "my.field: 2")),
		passes("Via", get("Via: 1.1 a"), get("Via: 1.1 a")),
		passes("Max-Forwards", get("Max-Forwards: 0"), get("Max-Forwards: 0")),
		relayed("a server may say what it wants", status200("X-Forwarded-For: a", "X_Forwarded_For: b", "Content-Length: 0", ""), status200("X-Forwarded-For: a", "X_Forwarded_For: b", "Content-Length: 0", "")),
		passes("the Host of the client in X-Forwarded-Host", "GET / HTTP/1.1\r\nHost: Some.Name:8080\r\n\r\n", "GET / HTTP/1.1\r\nHost: Some.Name:8080\r\n\r\n"),
	)
}
