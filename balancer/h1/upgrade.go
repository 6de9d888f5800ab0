package h1

import (
	"bytes"
	"net"
)

// finishUpgrade finds out to which protocol a request asks to switch (RFC 9110 7.8). HTTP/2 is
// not offered on: a server that took it up would talk to us in a language that we did not choose.
// With a body, or in HTTP/1.0, there is no switching.
func (h *Head) finishUpgrade() error {
	if !h.upgrades || h.Length != 0 || h.Minor == 0 {
		return nil
	}
	protocol := h.value(nameUpgrade)
	if len(protocol) == 0 || bytes.IndexByte(protocol, ',') >= 0 || equalFold(protocol, "h2c") || equalFold(protocol, "h2") {
		return nil
	}
	if equalFold(protocol, "websocket") && h.value(nameWebSocketKey) == nil {
		return errWebSocketKey
	}
	h.Upgrade = protocol
	return nil
}

// Switches checks that a 101 answers the request's wish (RFC 9110 15.2.2, RFC 6455 4.1).
func (a *Response) Switches(request *Head) error {
	h := &a.Head
	protocol := h.value(nameUpgrade)
	if request.Upgrade == nil || !h.upgrades || !bytes.EqualFold(protocol, request.Upgrade) {
		return errUpgrade
	}
	if equalFold(protocol, "websocket") && h.value(nameWebSocketAccept) == nil {
		return errAccept
	}
	h.Upgrade = protocol
	return nil
}

// Detach hands over the connection behind a 101, with what has arrived there. The answer and the
// buffer it was read into are not needed any more.
func (a *Response) Detach() (conn net.Conn, arrived []byte) {
	arrived = bytes.Clone(a.buf[a.r:a.w])
	a.buf, a.r, a.w = nil, 0, 0
	a.Head = Head{Status: a.Head.Status}
	return a.conn.Conn, arrived
}

// Detach hands over the connection behind a request, with what has arrived there. Only Head, in
// memory of its own from now on, End and Close are of use then.
func (c *ClientConn) Detach() (conn net.Conn, arrived []byte) {
	c.Patience(0)
	in := c.in
	arrived = bytes.Clone(in.buf[in.r:in.w])
	c.in = in.alone(c.gate.MaxHeaders)
	c.detached = true
	c.gate.inboxes.Put(in)
	return c.Conn, arrived
}

// alone returns an inbox with the sound head of in and nothing else.
func (in *inbox) alone(maxHeaders int) *inbox {
	own := &inbox{buf: bytes.Clone(in.buf[:in.head.end])}
	own.head.reset(maxHeaders, false)
	_, _ = own.head.next(own.buf) // has been read before
	_ = own.head.finishRequest()
	return own
}
