package h1

// Fault is a message that breaks the rules of HTTP/1.1, or one of our limits. Seen from a
// client it is answered with Status, from a server it is a bad answer.
type Fault struct {
	Status int    // what the client gets for a request with this fault
	Name   string // for counters, never changed
	Reason string // in words, for the answer and the log
}

func (f *Fault) Error() string { return f.Reason }

// The faults of requests and of answers. Ambiguity is never repaired: what two programs could
// read in two ways is refused.
var (
	errBareLF         = &Fault{400, "bare_lf", "a line ends with a bare LF"}
	errControl        = &Fault{400, "field_value", "a control character in a header field"}
	errFold           = &Fault{400, "folded_field", "a folded header field"}
	errFieldName      = &Fault{400, "field_name", "a bad header field name"}
	errStartLine      = &Fault{400, "start_line", "a bad start line"}
	errTarget         = &Fault{400, "target", "a bad request target"}
	errMethod         = &Fault{400, "method", "a bad method"}
	errConnect        = &Fault{400, "connect", "CONNECT is not served"}
	errVersion        = &Fault{400, "version", "a bad HTTP version"}
	errHost           = &Fault{400, "host", "a bad or repeated Host"}
	errNoHost         = &Fault{400, "no_host", "no Host"}
	errAuthority      = &Fault{400, "authority", "Host differs from the target's authority"}
	errContentLength  = &Fault{400, "content_length", "a bad Content-Length"}
	errLengths        = &Fault{400, "differing_lengths", "differing Content-Lengths"}
	errTwoFramings    = &Fault{400, "two_framings", "Content-Length together with Transfer-Encoding"}
	errTransferOld    = &Fault{400, "transfer_encoding_in_1_0", "Transfer-Encoding in an HTTP/1.0 message"}
	errTransfer       = &Fault{400, "transfer_encoding", "a bad Transfer-Encoding"}
	errTransferCoding = &Fault{501, "transfer_coding", "a transfer coding other than chunked"}
	errChunk          = &Fault{400, "chunk", "a bad chunk"}
	errTrailer        = &Fault{400, "trailer", "a bad or too large trailer"}
	errTargetTooLong  = &Fault{414, "request_line_too_long", "the request line is longer than max_header_size"}
	errHeadTooLarge   = &Fault{431, "head_too_large", "the header is larger than max_header_size"}
	errTooManyFields  = &Fault{431, "too_many_fields", "more header fields than max_headers"}
	ErrSlowHead       = &Fault{408, "slow_head", "the request head did not arrive within timeout.http_request"}
	ErrCutHead        = &Fault{400, "cut_head", "the client closed in the middle of the request head"}
	errOldBody        = &Fault{413, "body_in_1_0", "a body with this method in HTTP/1.0"}
	errWebSocketKey   = &Fault{400, "websocket_key", "a WebSocket without Sec-WebSocket-Key"}
	errUpgrade        = &Fault{502, "upgrade", "101 Switching Protocols to a protocol that was not asked for"}
	errAccept         = &Fault{502, "websocket_accept", "a WebSocket without Sec-WebSocket-Accept"}
	errEditedField    = &Fault{400, "edited_field", "a value that an edit of the frontend makes of the request cannot be a header field"}
	errEditedHost     = &Fault{400, "edited_host", "what set_host makes of the request cannot be a Host"}
	errEditedTarget   = &Fault{400, "edited_target", "what an edit of the frontend makes of the path cannot be one"}
	errStatusLine     = &Fault{502, "status_line", "a bad status line"}
)
