package ctl

import (
	"fmt"
	"net"
	"os/user"
	"strconv"
	"syscall"
)

// Peer names who is at the other end of a connection: the user and the process of a unix socket,
// such as "root (pid 4711)", or else the address.
func Peer(conn net.Conn) string {
	if unix, ok := conn.(*net.UnixConn); ok {
		if credentials, err := peerCredentials(unix); err == nil {
			return fmt.Sprintf("%s (pid %d)", userName(credentials.Uid), credentials.Pid)
		}
		return "unknown"
	}
	return conn.RemoteAddr().String()
}

func peerCredentials(conn *net.UnixConn) (*syscall.Ucred, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	var credentials *syscall.Ucred
	var getErr error
	err = raw.Control(func(fd uintptr) {
		credentials, getErr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err == nil {
		err = getErr
	}
	return credentials, err
}

// userName is a user's name, or "uid 1000" if the system knows none.
func userName(uid uint32) string {
	number := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "uid " + number
}
