package route

import (
	"fmt"
	"slices"
	"strings"
)

// framing are the fields that say where a message goes, where it ends and what becomes of the
// connection. They belong to the balancer.
var framing = []string{
	"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer",
	"http2-settings", "sec-websocket-key", "sec-websocket-accept",
}

// mayEdit tells what stands against a key of an edit touching the fields of a name.
func (s scope) mayEdit(name, key string) error {
	lowered := strings.ToLower(name)
	plain := strings.NewReplacer("_", "-", ".", "-").Replace(lowered) // as some servers read it
	switch {
	case !isToken(name):
		return fmt.Errorf("%s: %q is no name of a header field", key, name)
	case slices.Contains(framing, plain):
		return fmt.Errorf("%s: %s frames the message or belongs to the connection, which the balancer decides about; remove it", key, name)
	case s == inResponse:
		return nil
	case plain == "host":
		return fmt.Errorf("%s: %s says where the request goes; write set_host", key, name)
	case plain == "x-request-id":
		return fmt.Errorf("%s: %s is the balancer's own, by which a request is found in the log; remove it", key, name)
	case !isForwarded(plain):
		return nil
	case plain != lowered:
		return fmt.Errorf("%s: %s is what some servers take for %s; write that", key, name, plain)
	case key != "set_header":
		return fmt.Errorf("%s: %s says who the client is, and servers trust that; write set_header, which replaces it", key, name)
	}
	return nil
}

// isForwarded tells whether a name is one by which servers learn about the client.
func isForwarded(name string) bool {
	return name == "forwarded" || name == "x-real-ip" || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "x-ssl-")
}

// isToken tells whether s can be the name of a header field (RFC 9110 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}
