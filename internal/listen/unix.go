package listen

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"time"
)

// listenUnix listens on a socket file, which is removed when the listener is closed. The file of
// a process that has died is replaced.
func listenUnix(path string, mode fs.FileMode) (net.Listener, error) {
	ln, err := bindUnix(path, mode)
	if errors.Is(err, syscall.EADDRINUSE) {
		if err := removeStale(path); err != nil {
			return nil, err
		}
		ln, err = bindUnix(path, mode)
	}
	return ln, err
}

// bindUnix gives the file no more than mode from the first moment on: a file gets the mode that
// its socket has when it is bound, less the umask.
func bindUnix(path string, mode fs.FileMode) (net.Listener, error) {
	var lc net.ListenConfig
	if mode != 0 {
		lc.Control = func(_, _ string, raw syscall.RawConn) error {
			var chmod error
			err := raw.Control(func(fd uintptr) { chmod = syscall.Fchmod(int(fd), uint32(mode)) })
			return errors.Join(err, chmod)
		}
	}
	ln, err := lc.Listen(context.Background(), "unix", path)
	if err != nil || mode == 0 {
		return ln, err
	}
	if err := os.Chmod(path, mode); err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln, nil
}

// removeStale removes a socket file on which nobody listens any more.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket; remove it or choose another path", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("another program listens on %s: stop it (ss -lxp shows it) or choose another path", path)
	}
	return os.Remove(path)
}
