package mysqlcheck

import (
	"errors"
	"fmt"
	"net"
)

// What a server did that the driver calls an invalid connection.
var (
	errNoGreeting = errors.New("closed without a greeting")
	errNotMySQL   = errors.New("not the words of a MySQL server")
)

// witness remembers the first bytes that come over a connection.
type witness struct {
	net.Conn
	first []byte
}

// Read implements net.Conn.
func (w *witness) Read(p []byte) (int, error) {
	const evidence = 32
	n, err := w.Conn.Read(p)
	w.first = append(w.first, p[:min(n, evidence-len(w.first))]...)
	return n, err
}

func (w *witness) fault() error {
	if len(w.first) == 0 {
		return errNoGreeting
	}
	return fmt.Errorf("%w: %q", errNotMySQL, w.first)
}
