package app

import "net"

// slotConn is a connection of an operator. It frees its slot when it is closed.
type slotConn struct {
	net.Conn
	release func(net.Conn)
}

// Close implements net.Conn.
func (c *slotConn) Close() error {
	err := c.Conn.Close()
	if err == nil {
		c.release(c)
	}
	return err
}

// CloseWrite ends the answers and not the questions.
func (c *slotConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
