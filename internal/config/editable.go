package config

import (
	"fmt"
	"slices"
	"strings"
)

// framing are the fields that say where a message goes, where it ends and what becomes of the
// connection.
func framing() []string {
	return []string{
		"content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te", "trailer",
		"http2-settings", "sec-websocket-key", "sec-websocket-accept",
	}
}

// EditFault says what stands against an edit's key, such as set_header, touching the field name of
// a request, or of an answer; empty: nothing does.
func EditFault(name, key string, answer bool) string {
	lowered := strings.ToLower(name)
	plain := strings.NewReplacer("_", "-", ".", "-").Replace(lowered) // as some servers read it
	switch {
	case !isToken(name):
		return fieldNameFault(name)
	case slices.Contains(framing(), plain):
		return fmt.Sprintf("%s frames the message or belongs to the connection, which is the balancer's own; remove it", name)
	case answer:
		return ""
	case plain == "host":
		return "Host is changed by set_host only; write set_host: NAME in place of it"
	case plain == "x-request-id":
		return fmt.Sprintf("%s is the balancer's own, by which a request is found in the log; remove it", name)
	case !isForwarded(plain):
		return ""
	case plain != lowered:
		return fmt.Sprintf("%s is what some servers take for %s; write that", name, plain)
	case key != "set_header":
		return fmt.Sprintf("%s says who the client is, and servers trust that; write set_header, which replaces it", name)
	}
	return ""
}

// isForwarded tells whether a name is one by which servers learn about the client.
func isForwarded(name string) bool {
	return name == "forwarded" || name == "x-real-ip" || strings.HasPrefix(name, "x-forwarded-") || strings.HasPrefix(name, "x-ssl-")
}
