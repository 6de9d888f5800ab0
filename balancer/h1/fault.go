package h1

// Fault is a message that breaks the rules of HTTP/1.1, or one of our limits. Seen from a
// client it is answered with Status, from a server it is a bad answer.
type Fault struct {
	Status int    // what the client gets for a request with this fault
	Reason string // in words, for the answer and the log
}

func (f *Fault) Error() string { return f.Reason }

// The faults of requests and of answers. Ambiguity is never repaired: what two programs could
// read in two ways is refused.
var (
	errBareLF         = &Fault{400, "a line ends with a bare LF"}
	errControl        = &Fault{400, "a control character in a header field"}
	errFold           = &Fault{400, "a folded header field"}
	errFieldName      = &Fault{400, "a bad header field name"}
	errStartLine      = &Fault{400, "a bad start line"}
	errTarget         = &Fault{400, "a bad request target"}
	errMethod         = &Fault{400, "a bad method"}
	errConnect        = &Fault{400, "CONNECT is not served"}
	errVersion        = &Fault{400, "a bad HTTP version"}
	errHost           = &Fault{400, "a bad or repeated Host"}
	errNoHost         = &Fault{400, "no Host"}
	errAuthority      = &Fault{400, "Host differs from the target's authority"}
	errContentLength  = &Fault{400, "a bad Content-Length"}
	errLengths        = &Fault{400, "differing Content-Lengths"}
	errTwoFramings    = &Fault{400, "Content-Length together with Transfer-Encoding"}
	errTransferOld    = &Fault{400, "Transfer-Encoding in an HTTP/1.0 message"}
	errTransfer       = &Fault{400, "a bad Transfer-Encoding"}
	errTransferCoding = &Fault{501, "a transfer coding other than chunked"}
	errChunk          = &Fault{400, "a bad chunk"}
	errTrailer        = &Fault{400, "a bad or too large trailer"}
	errTargetTooLong  = &Fault{414, "the request line is longer than max_header_size"}
	errHeadTooLarge   = &Fault{431, "the header is larger than max_header_size"}
	errTooManyFields  = &Fault{431, "more header fields than max_headers"}
	ErrSlowHead       = &Fault{408, "the request head did not arrive within timeout.http_request"}
	ErrCutHead        = &Fault{400, "the client closed in the middle of the request head"}
	errOldBody        = &Fault{413, "a body with this method in HTTP/1.0"}
	errWebSocketKey   = &Fault{400, "a WebSocket without Sec-WebSocket-Key"}
	errUpgrade        = &Fault{502, "101 Switching Protocols to a protocol that was not asked for"}
	errAccept         = &Fault{502, "a WebSocket without Sec-WebSocket-Accept"}
	errStatusLine     = &Fault{502, "a bad status line"}
)
