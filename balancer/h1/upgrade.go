package h1

import (
	"bytes"
	"time"
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

// ReadTunnel reads what the server sends behind a 101, waiting at most patience.
func (a *Response) ReadTunnel(p []byte, patience time.Duration) (int, error) {
	if a.r < a.w {
		n := copy(p, a.buf[a.r:a.w])
		a.r += n
		return n, nil
	}
	return a.conn.Receive(p, patience)
}

// ReadTunnel reads what the client sends behind its request, waiting at most patience.
func (c *ClientConn) ReadTunnel(p []byte, patience time.Duration) (int, error) {
	if in := c.in; in.r < in.w {
		n := copy(p, in.buf[in.r:in.w])
		in.r += n
		return n, nil
	}
	return c.receive(p, time.Now().Add(patience))
}
