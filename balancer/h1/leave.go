package h1

import "sync"

// leave is what happens when the client of a connection leaves: whatever is being done for it at
// that moment ends.
type leave struct {
	mu   sync.Mutex
	left bool
	end  func()      // while a connection to a server is being opened
	conn *ServerConn // while a server is asked, and while its answer comes
}

// hungUp is called by the watcher when the client has closed its sending side or everything.
func (c *ClientConn) hungUp() {
	l := &c.leave
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left = true
	if l.end != nil {
		l.end()
	}
	if l.conn != nil {
		l.conn.Abandon()
	}
}

// Left tells whether the client has closed its sending side or everything.
func (c *ClientConn) Left() bool {
	c.leave.mu.Lock()
	defer c.leave.mu.Unlock()
	return c.leave.left
}

// WhileDialing has end called if the client leaves before the next call of WhileDialing or
// WhileServedBy, or has left already. nil ends it.
func (c *ClientConn) WhileDialing(end func()) {
	l := &c.leave
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = end
	if l.left && end != nil {
		end()
	}
}

// WhileServedBy has the server connection abandoned if the client leaves before the next call,
// or has left already. nil ends it: from then on the connection is safe from this client.
func (c *ClientConn) WhileServedBy(conn *ServerConn) {
	l := &c.leave
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end, l.conn = nil, conn
	if l.left && conn != nil {
		conn.Abandon()
	}
}
