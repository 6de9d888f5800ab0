package listen

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// inherit listens on the socket that descriptor n was when the process started. The descriptor
// is closed; the listener has one of its own.
func inherit(n int) (net.Listener, error) {
	if err := inheritable(n); err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(n), "fd@"+fmt.Sprint(n))
	defer f.Close()
	return net.FileListener(f)
}

// share returns another listener on the socket of l. Connections come to either of the two, until
// one is closed.
func (l *Listener) share() (net.Listener, error) {
	if _, ok := l.Listener.(*net.TCPListener); !ok {
		return nil, errors.New("it is open in another mode, which only a restart of the balancer can change")
	}
	f, err := l.duplicate()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return net.FileListener(f)
}

// duplicate returns another descriptor of the socket of l, which is closed on exec.
func (l *Listener) duplicate() (*os.File, error) {
	raw, err := l.Listener.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	n := -1
	if cause := raw.Control(func(fd uintptr) { n, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 3) }); cause != nil || err != nil {
		return nil, errors.Join(cause, err)
	}
	// Not with the listener's File: what that returns makes the socket, which l has too, wait for
	// a moment.
	return os.NewFile(uintptr(n), "shared socket"), nil
}

// inheritable tells an inherited listening socket from everything else. What the process has
// opened itself is closed on exec, what it has inherited is not.
func inheritable(n int) error {
	flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFD, 0)
	if err != nil || flags&unix.FD_CLOEXEC != 0 {
		return fmt.Errorf("descriptor %d was not inherited; whoever starts the balancer must hand it a listening socket under that number", n)
	}
	return listening(n)
}

// listening tells a listening socket from everything else.
func listening(n int) error {
	accepts, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	switch {
	case errors.Is(err, unix.ENOTSOCK):
		return fmt.Errorf("descriptor %d is no socket; whoever starts the balancer must hand it a listening socket under that number", n)
	case err != nil:
		return fmt.Errorf("look at descriptor %d: %w", n, err)
	case accepts == 0:
		return fmt.Errorf("descriptor %d is a socket that does not listen; whoever starts the balancer must call listen on it", n)
	}
	kind, err := unix.GetsockoptInt(n, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil || kind != unix.SOCK_STREAM {
		return fmt.Errorf("descriptor %d is no stream socket; hand over one of TCP or of type unix stream", n)
	}
	return nil
}
