package h1

import "bytes"

// name is a field name that the proxy itself has something to do with.
type name uint8

const (
	nameOther name = iota
	nameHost
	nameContentLength
	nameTransferEncoding
	nameConnection
	nameHop       // meant for one hop only: removed
	nameTE        // only its "trailers" goes on
	nameForwarded // what only a proxy may say about the client: kept if a trusted one says it
	nameAlias     // what some servers take for such a name: removed
	nameKeepAlive
	nameUpgrade
	nameWebSocketKey
	nameWebSocketAccept
	nameRequestID
	nameAccept
	nameUserAgent
	nameReferer
	nameListed // named by Connection: removed
	nameForwardedFor
	nameForwardedHost
	nameForwardedProto
	nameForwardedList // Forwarded, the chain of RFC 7239
	nameCookie
	nameSetCookie
	nameCacheControl
)

// known maps a lower-case name to what it is.
var known = []struct {
	text string
	name name
}{
	{"te", nameTE},
	{"host", nameHost},
	{"accept", nameAccept},
	{"cookie", nameCookie},
	{"referer", nameReferer},
	{"upgrade", nameUpgrade},
	{"forwarded", nameForwardedList},
	{"x-real-ip", nameForwarded},
	{"connection", nameConnection},
	{"keep-alive", nameKeepAlive},
	{"set-cookie", nameSetCookie},
	{"user-agent", nameUserAgent},
	{"x-request-id", nameRequestID},
	{"cache-control", nameCacheControl},
	{"content-length", nameContentLength},
	{"http2-settings", nameHop},
	{"x-forwarded-for", nameForwardedFor},
	{"proxy-connection", nameHop},
	{"x-forwarded-host", nameForwardedHost},
	{"sec-websocket-key", nameWebSocketKey},
	{"transfer-encoding", nameTransferEncoding},
	{"x-forwarded-proto", nameForwardedProto},
	{"proxy-authenticate", nameHop},
	{"proxy-authorization", nameHop},
	{"sec-websocket-accept", nameWebSocketAccept},
}

// forwardedPrefixes begin the names by which a server learns about the client.
var forwardedPrefixes = []string{"x-forwarded-", "x-ssl-"}

// classify tells what a field name is. "_" and "." count as "-" in the names that servers trust
// to come from us, because some servers read them so.
func classify(b []byte) name {
	switch b[0] | 0x20 {
	case 'a', 'c', 'f', 'h', 'k', 'p', 'r', 's', 't', 'u', 'x':
	default:
		return nameOther
	}
	for i := range known {
		k := &known[i]
		if len(k.text) < len(b) {
			continue
		}
		if len(k.text) > len(b) {
			break
		}
		if equalFold(b, k.text) {
			return k.name
		}
		if (k.name == nameForwarded || k.name == nameRequestID) && equalAlias(b, k.text) {
			return nameAlias
		}
	}
	if b[0]|0x20 == 'x' {
		for _, prefix := range forwardedPrefixes {
			if len(b) > len(prefix) && equalAlias(b[:len(prefix)], prefix) {
				return forwardedOrAlias(b)
			}
		}
	}
	return nameOther
}

// forwardedOrAlias tells a name with one of the prefixes from one that only some servers read so.
func forwardedOrAlias(b []byte) name {
	if bytes.ContainsAny(b, "_.") {
		return nameAlias
	}
	return nameForwarded
}

func equalAlias(b []byte, s string) bool {
	for i, c := range b {
		if c == '_' || c == '.' {
			c = '-'
		}
		if lower(c) != s[i] {
			return false
		}
	}
	return true
}
