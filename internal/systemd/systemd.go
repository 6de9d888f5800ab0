// Package systemd is the balancer's side of what systemd offers to services: notifications of
// their state, a watchdog, and listening sockets that systemd has opened. See sd_notify(3),
// sd_watchdog_enabled(3) and sd_listen_fds(3).
package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Service is the unit that the process belongs to. Outside of systemd it has no socket to notify
// and no watchdog, and its methods do nothing. It is safe for concurrent use.
type Service struct {
	socket   string
	watchdog time.Duration // 0: none
}

// States for Notify.
const (
	Ready    = "READY=1" // started, or reloaded
	Stopping = "STOPPING=1"
)

// MainPID says which process the service is from now on.
func MainPID(pid int) string { return "MAINPID=" + strconv.Itoa(pid) }

// Status is a line for people.
func Status(text string) string { return "STATUS=" + strings.ReplaceAll(text, "\n", "; ") }

// Reloading says that a reload begins at this moment. It ends with Ready, also when it failed.
func Reloading() string {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // this clock is always there
	return fmt.Sprintf("RELOADING=1\nMONOTONIC_USEC=%d", now.Nano()/1000)
}

// FromEnv finds the service of the process. It clears WATCHDOG_PID, so that a successor, which is
// another process of the same service, has the watchdog as well.
func FromEnv(getenv func(string) (string, bool), unsetenv func(string) error) (*Service, error) {
	s := &Service{}
	s.socket, _ = getenv("NOTIFY_SOCKET")
	if s.socket != "" && s.socket[0] != '/' && s.socket[0] != '@' {
		return nil, fmt.Errorf("read NOTIFY_SOCKET: %q is neither a path nor an abstract socket", s.socket)
	}
	interval, found := getenv("WATCHDOG_USEC")
	if pid, limited := getenv("WATCHDOG_PID"); !found || limited && pid != strconv.Itoa(os.Getpid()) {
		return s, nil
	}
	usec, err := strconv.ParseInt(interval, 10, 64)
	if err != nil || usec <= 0 {
		return nil, fmt.Errorf("read WATCHDOG_USEC: %q is not a number of microseconds", interval)
	}
	s.watchdog = time.Duration(usec) * time.Microsecond
	return s, unsetenv("WATCHDOG_PID")
}

// Notify tells systemd states, in one message.
func (s *Service) Notify(states ...string) error {
	if s.socket == "" {
		return nil
	}
	if err := s.send(strings.Join(states, "\n")); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}

func (s *Service) send(message string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Net: "unixgram", Name: s.socket})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	_, err = conn.Write([]byte(message))
	return err
}

// Watch feeds the watchdog until the end of ctx, twice in its time, as long as alive says so. The
// watchdog starts the service anew when it gets nothing: an alive that hangs is as good as one
// that says no. failed is told when systemd cannot be reached. Watch returns at the end of ctx, or
// at once if there is no watchdog.
func (s *Service) Watch(ctx context.Context, alive func() bool, failed func(error)) {
	if s.watchdog == 0 {
		return
	}
	tick := time.NewTicker(s.watchdog / 2)
	defer tick.Stop()
	for {
		if alive() {
			if err := s.Notify("WATCHDOG=1"); err != nil {
				failed(err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
