package systemd

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
)

// environment is what a process is started with.
type environment map[string]string

func (e environment) get(name string) (string, bool) { value, found := e[name]; return value, found }

func (e environment) unset(name string) error { delete(e, name); return nil }

// manager is systemd's end of the notifications.
func manager(t *testing.T, socket string) *net.UnixConn {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: socket})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func heard(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	b := make([]byte, 4096)
	n, err := conn.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

func service(t *testing.T, env environment) *Service {
	t.Helper()
	s, err := FromEnv(env.get, env.unset)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestNotify(t *testing.T) {
	for _, socket := range []string{
		filepath.Join(t.TempDir(), "notify"),
		fmt.Sprintf("@relais-test-%d", os.Getpid()), // abstract
	} {
		conn := manager(t, socket)
		s := service(t, environment{"NOTIFY_SOCKET": socket})
		for _, test := range []struct {
			states []string
			want   string // a regular expression
		}{
			{[]string{Ready}, `READY=1`},
			{[]string{MainPID(4711), Ready, Status("serving")}, `MAINPID=4711\nREADY=1\nSTATUS=serving`},
			{[]string{Reloading()}, `RELOADING=1\nMONOTONIC_USEC=[1-9]\d{4,}`},
			{[]string{Stopping, Status("line 3: bad\nREADY=1")}, `STOPPING=1\nSTATUS=line 3: bad; READY=1`},
		} {
			if err := s.Notify(test.states...); err != nil {
				t.Fatal(err)
			}
			if got := heard(t, conn); !regexp.MustCompile("^" + test.want + "$").MatchString(got) {
				t.Errorf("%s: got %q, want %s", socket, got, test.want)
			}
		}
	}
}

func TestNobodyToNotify(t *testing.T) {
	if err := service(t, environment{}).Notify(Ready); err != nil {
		t.Error(err)
	}
	gone := filepath.Join(t.TempDir(), "gone")
	err := service(t, environment{"NOTIFY_SOCKET": gone}).Notify(Ready)
	if err == nil || !strings.HasPrefix(err.Error(), "notify systemd: dial unixgram "+gone) {
		t.Error(err)
	}
}

func TestFaultyEnvironment(t *testing.T) {
	for want, env := range map[string]environment{
		`read NOTIFY_SOCKET: "vsock:2" is neither a path nor an abstract socket`: {"NOTIFY_SOCKET": "vsock:2"},
		`read WATCHDOG_USEC: "soon" is not a number of microseconds`:             {"WATCHDOG_USEC": "soon"},
		`read WATCHDOG_USEC: "0" is not a number of microseconds`:                {"WATCHDOG_USEC": "0"},
	} {
		if _, err := FromEnv(env.get, env.unset); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// The watchdog is fed while the process is alive and no longer, and a successor with the same
// environment feeds it, too.
func TestWatchdog(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn := manager(t, socket)
	env := environment{"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": fmt.Sprint(os.Getpid())}
	for _, who := range []string{"the first process", "its successor"} {
		s := service(t, env)
		ctx, cancel := context.WithCancel(t.Context())
		asked, ended := 0, make(chan struct{})
		go func() {
			defer close(ended)
			s.Watch(ctx, func() bool { asked++; return asked != 2 }, func(err error) { t.Error(err) })
		}()
		for range 3 {
			if got := heard(t, conn); got != "WATCHDOG=1" {
				t.Errorf("%s: got %q", who, got)
			}
		}
		cancel()
		<-ended
		if asked < 4 {
			t.Errorf("%s: fed 3 times, though it was alive %d times", who, asked-1)
		}
	}
	for name, env := range map[string]environment{
		"no watchdog":     {"NOTIFY_SOCKET": socket},
		"somebody else's": {"NOTIFY_SOCKET": socket, "WATCHDOG_USEC": "20000", "WATCHDOG_PID": "1"},
	} {
		service(t, env).Watch(t.Context(), func() bool { t.Error(name); return false }, nil)
	}
}
