package systemd

import (
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"relais/internal/listen"
)

// firstSocket is the descriptor of the first socket that a process gets (sd_listen_fds(3)).
const firstSocket = 3

// Sockets returns the listening sockets that systemd has opened for this process, lent, under
// their numbers: fd@3 and so on. It is called before the process starts others or opens anything,
// and clears the environment for them.
func Sockets(getenv func(string) (string, bool), unsetenv func(string) error) ([]listen.Socket, error) {
	pid, _ := getenv("LISTEN_PID")
	number, _ := getenv("LISTEN_FDS")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		if err := unsetenv(name); err != nil {
			return nil, fmt.Errorf("unset %s: %w", name, err)
		}
	}
	if pid != strconv.Itoa(os.Getpid()) {
		return nil, nil
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		return nil, fmt.Errorf("read LISTEN_FDS: %q is not a number of sockets", number)
	}
	sockets := make([]listen.Socket, 0, n)
	for fd := firstSocket; fd < firstSocket+n; fd++ {
		unix.CloseOnExec(fd)
		address := fmt.Sprintf("fd@%d", fd)
		sockets = append(sockets, listen.Socket{Address: address, File: os.NewFile(uintptr(fd), address), Lent: true})
	}
	return sockets, nil
}
