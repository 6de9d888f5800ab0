package route

import (
	"net/netip"
	"strings"
)

// fields is a header: names and values in turn.
type fields []string

// Field implements Header.
func (f fields) Field(name string, from int) (value []byte, next int) {
	for i := from; i+1 < len(f); i += 2 {
		if strings.EqualFold(f[i], name) {
			return []byte(f[i+1]), i + 2
		}
	}
	return nil, len(f)
}

// request makes a request of METHOD HOST TARGET.
func request(line string, header ...string) *Request {
	return requestFrom("192.0.2.1", line, header...)
}

func requestFrom(source, line string, header ...string) *Request {
	part := strings.SplitN(line, " ", 3)
	addr, _ := netip.ParseAddr(source)
	r := &Request{}
	r.Begin([]byte(part[0]), []byte(part[1]), []byte(part[2]), fields(header), addr)
	return r
}
