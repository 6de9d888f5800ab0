package conformance

import (
	"fmt"
	"strings"
	"time"
)

// limitCases: sizes and counts of heads. The limits are the defaults of both: 16 KiB and 101
// fields.
func limitCases() []testCase {
	const status = "HAProxy answers 414 and 431 from 3.3 on"
	many := func(n int) []string {
		var fields []string
		for i := range n {
			fields = append(fields, fmt.Sprintf("A%d: b", i))
		}
		return fields
	}
	fill := func(n int) string { return strings.Repeat("b", n) }
	long := "GET /" + fill(8000) + " HTTP/1.1"
	return []testCase{
		passes("90 fields beside Host", get(many(90)...), get(many(90)...)),
		passes("100 fields beside Host", get(many(100)...), get(many(100)...)).unlike("RFC 6585 5", "max_headers counts fields and nothing else"),
		refused("101 fields beside Host", "431", get(many(101)...)).unlike("RFC 6585 5", status),
		refused("1000 fields", "431", get(many(1000)...)).unlike("RFC 6585 5", status),
		passes("a target of 8 KB", request(long, ""), request(long, "")),
		passes("a field of 14 KB", get("A: "+fill(14000)), get("A: "+fill(14000))),
		refused("a field of 16 KiB", "431", get("A: "+fill(16<<10))).unlike("RFC 6585 5", status),
		refused("a field of 64 KiB", "431", get("A: "+fill(64<<10))).unlike("RFC 6585 5", status),
		refused("a name of 16 KiB", "431", get(fill(16<<10)+": b")).unlike("RFC 6585 5", status),
		refused("a target of 16 KiB", "414", request("GET /"+fill(16<<10)+" HTTP/1.1", "")).unlike("RFC 9112 3", status),
		refused("a target without end", "414", "GET /"+fill(100<<10)).unlike("RFC 9112 3", status),
		refused("a method without end", "414", fill(40<<10)).unlike("RFC 9112 3", status),
		passes("a body larger than the limit of heads", post("Content-Length: 20000", fill(20000)), post("Content-Length: 20000", fill(20000))),
		relayed("an answer with 90 fields", status200(append(many(90), "Content-Length: 0", "")...), status200(append(many(90), "Content-Length: 0", "")...)),
		unfit("an answer with 102 fields", status200(append(many(101), "Content-Length: 0", "")...)),
		relayed("an answer with a field of 14 KB", status200("A: "+fill(14000), "Content-Length: 0", ""), status200("A: "+fill(14000), "Content-Length: 0", "")),
	}
}

// timeCases: clients and servers that are slow or silent.
func timeCases() []testCase {
	const short = 400 * time.Millisecond
	late := func(c testCase) testCase { return c.until(short) }
	silent := testCase{name: "a client that sends nothing", send: hang, end: closed}
	idle := passes("a client that sends no second request", get()+hang, get()).left(closed)
	again := get() + answer + strings.Repeat(pause, 9)
	ageing := again + again + get() + answer + pause + pause + pause + post("Content-Length: 3", pause+"abc")
	slow := pause + pause + pause + pause + pause
	return []testCase{
		late(silent).unlike("RFC 9110 15.5.9", "a connection that was opened ahead and not used is no error"),
		late(idle),
		late(refused("a request line that does not end", "408", "GET / HT"+hang)),
		late(refused("fields that do not end", "408", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n"+hang)),
		late(refused("an empty line and no more", "408", "\r\n"+hang)),
		late(refused("a blank line that lacks its LF", "408", "GET / HTTP/1.1\r\nHost: h\r\n\r"+hang)),
		late(unfit("a server that is silent", hang).gives("504")),
		late(unfit("a server that is silent in its head", "HTTP/1.1 200 OK\r\n"+hang).gives("504")),
		late(unfit("a server that is silent behind an interim answer", "HTTP/1.1 103 Early Hints\r\n\r\n"+hang).gives("HTTP/1.1 103 Early Hints\r\n\r\n", "504")),
		late(relayed("a server that is silent in its body", status200("Content-Length: 5", "abc"+hang), status200("Content-Length: 5", "abc"+cutMark)).left(closed)),
		late(relayed("a server that is silent in its chunks", status200("Transfer-Encoding: chunked", "3\r\nabc\r\n"+hang), status200("Transfer-Encoding: chunked", "abc"+cutMark)).left(closed)),
		late(refused("a body that does not come", "408", post("Content-Length: 5", "abc"+hang)).asked(post("Content-Length: 5", "abc"+hang), post("Content-Length: 5", "abc"+cutMark)).unlike("RFC 9110 15.5.9", "408 says what happened")),
		passes("an upload over a connection older than a timeout", ageing, get(), get(), get(), post("Content-Length: 3", "abc")).gives(plain, plain, plain, plain).within(short),
		passes("a client that is slow but sends", "GET / HT"+slow+"TP/1.1\r\nHo"+slow+"st: h\r\n\r\n", get()),
		relayed("a server that is slow but sends", "HTTP/1.1 200 OK\r\n"+slow+"Content-Length: 2\r\n\r\no"+slow+"k", plain),
	}
}
