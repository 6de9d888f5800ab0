package tunnel

import (
	"errors"
	"net"
	"syscall"
	"time"
)

// side is one of the two connections of a tunnel.
type side struct {
	conn            Conn
	raw             syscall.RawConn // nil: the bytes are not those of a descriptor
	aborted, silent End             // what the side is to blame for
}

func newSide(conn Conn, aborted, silent End) *side {
	s := &side{conn: conn, aborted: aborted, silent: silent}
	if sc, ok := conn.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			s.raw = raw
		}
	}
	_ = conn.SetDeadline(time.Time{}) // one that fails fails the first read too
	return s
}

// failure is how a tunnel ends of which this side cannot be read or written.
func (s *side) failure(err error) End {
	if errors.Is(err, net.ErrClosed) {
		return Cut // the owner has closed the connection
	}
	return s.aborted
}

// sever closes a connection at once, whatever it is doing. Unless it has been told the end of its
// stream, it is reset: what was cut must not look complete.
func sever(conn net.Conn, told bool) {
	if _, ok := conn.(lingerer); !ok {
		// Behind TLS a farewell could wait for the peer.
		if above, ok := conn.(interface{ NetConn() net.Conn }); ok {
			conn = above.NetConn()
		}
	}
	if l, ok := conn.(lingerer); ok && !told {
		_ = l.SetLinger(0)
	}
	_ = conn.Close()
}

type lingerer interface{ SetLinger(seconds int) error }
