package conformance

import (
	"maps"
	"slices"
	"strings"
)

// byName puts cases that come from a map in order.
func byName(cases []testCase) []testCase {
	slices.SortFunc(cases, func(a, b testCase) int { return strings.Compare(a.name, b.name) })
	return cases
}

// head is a GET without a Host but those given.
func head(target string, hosts ...string) string {
	h := "GET " + target + " HTTP/1.1\r\n"
	for _, host := range hosts {
		h += "Host:" + host + "\r\n"
	}
	return h + "\r\n"
}

// hostCases: the Host field, and the authority of a target in absolute form.
func hostCases() []testCase {
	var cases []testCase
	for name, host := range map[string]string{
		"a name": " h", "a name with a port": " h:8080", "no space before it": "h", "space around it": " \t h \t", "IPv6": " [::1]:80",
		"a name that ends with a dot": " h.", "upper case": " HOST", "an underscore": " a_b", "an empty port": " h:", "nothing in it": "",
	} {
		cases = append(cases, passes("Host: "+name, head("/", host), head("/", " "+strings.Trim(host, " \t"))))
	}
	for name, host := range map[string]string{
		"with a path": " h/x", "with user information": " u@h", "with a space": " a b", "with a comma": " a,b", "with a tab": " a\tb",
		"with a question mark": " h?a", "with a fragment": " h#a", "with a backslash": ` a\b`, "with a byte above ASCII": " \xc3\xa9", "with a NUL": " h\x00",
	} {
		cases = append(cases, refused("Host "+name, "400", head("/", host)))
	}
	cases = byName(cases)
	characters := "RFC 3986 has no such character in a host, and servers put the name into pages and logs"
	cases = append(cases,
		refused("Host with a quote", "400", head("/", ` "h"`)).unlike("RFC 3986 3.2.2", characters),
		refused("Host with angle brackets", "400", head("/", " <h>")).unlike("RFC 3986 3.2.2", characters),
		refused("no Host in HTTP/1.1", "400", head("/")).unlike(rfcTarget, "the RFC demands 400: a server would choose a site on its own"),
		passes("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nHost: ADDR\r\n\r\n").left(closed).gives(status200("Content-Length: 2", "Connection: close", "ok")).unlike(rfcTarget, "servers are spoken to in HTTP/1.1, which needs a Host"),
		refused("two equal Hosts", "400", head("/", " h", " h")).unlike(rfcTarget, "the RFC demands 400 for more than one"),
		refused("two Hosts", "400", head("/", " a", " b")),
		refused("two Hosts that differ by a port", "400", head("/", " a:80", " a")),
		refused("two Hosts in HTTP/1.0", "400", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"),
	)
	return append(cases, authorityCases()...)
}

// authorityCases follow HAProxy's own list of targets and Hosts.
func authorityCases() []testCase {
	type pair struct{ target, host string }
	passing := map[string]pair{
		"equal":                {"http://h/x", " h"},
		"equal but for case":   {"http://H/x", " h"},
		"equal with a port":    {"http://h:8080/", " h:8080"},
		"equal, https":         {"https://h:80/", " h:80"},
		"an upper-case scheme": {"HTTP://h/", " h"},
		"IPv6":                 {"http://[::1]:8080/", " [::1]:8080"},
	}
	var cases []testCase
	for _, name := range slices.Sorted(maps.Keys(passing)) {
		p := passing[name]
		cases = append(cases, passes("authority and Host "+name, head(p.target, p.host), head(p.target, p.host)))
	}
	refusals := map[string]pair{
		"different names":          {"http://a/", " b"},
		"different ports":          {"http://h:80/", " h:81"},
		"a port and none":          {"http://h:8080/", " h"},
		"none and a port":          {"http://h/", " h:81"},
		"no authority":             {"http:///x", " h"},
		"only a scheme":            {"http://", " h"},
		"one slash":                {"http:/h/", " h"},
		"user information in both": {"http://u@h/", " u@h"},
		"a backslash in it":        {`http://h\x/`, " h"},
		"a prefix of the other":    {"http://h.evil/", " h"},
		"an empty Host":            {"http://h/", ""},
	}
	for _, name := range slices.Sorted(maps.Keys(refusals)) {
		p := refusals[name]
		cases = append(cases, refused("authority and Host: "+name, "400", head(p.target, p.host)))
	}
	asIs := "a target goes on as it came"
	pass := func(name, target, host string) testCase {
		return passes("authority and Host "+name, head(target, host), head(target, host))
	}
	refuse := func(name, target, host string) testCase {
		return refused("authority and Host: "+name, "400", head(target, host))
	}
	return append(cases,
		pass("equal with the default port", "http://h:80/", " h:80").unlike(rfcTarget+".2", asIs),
		pass("equal with the default port of https", "https://h:443/", " h:443").unlike(rfcTarget+".2", asIs),
		pass("equal, no path", "http://h", " h").unlike(rfcTarget+".2", asIs),
		pass("equal, a query and no path", "http://h?a=b", " h").unlike(rfcTarget+".2", "RFC 3986 3 allows a query without a path"),
		refuse("both empty, with a colon", "http://:", " :").unlike("RFC 9110 4.2.1", "an empty host identifies nothing"),
		refuse("another scheme", "ftp://h/", " h").unlike(rfcTarget+".2", "a gateway serves http and https"),
		refuse("user information before it", "http://u:p@h/", " h").unlike("RFC 9110 4.2.4", "an authority with user information is an error, and likely deceit"),
		pass("with the default port only there", "http://h:80/", " h").unlike(rfcTarget+".2", asIs),
		pass("with the default port only here", "http://h/", " h:80"),
		refused("authority and no Host", "400", head("http://h/")).unlike(rfcTarget, "a missing Host is 400 in every form"),
		passes("authority and no Host in HTTP/1.0", "GET http://h/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET http://h/ HTTP/1.1\r\nHost: ADDR\r\n\r\n").
			gives(status200("Content-Length: 2", "Connection: keep-alive", "ok")).unlike(rfcTarget, "servers are spoken to in HTTP/1.1, which needs a Host"),
	)
}
