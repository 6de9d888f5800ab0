package listen

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// inherited gives a socket of a kind to the process as if it had been there at its start.
func inherited(t *testing.T, domain, kind int) int {
	t.Helper()
	fd, err := unix.Socket(domain, kind, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func TestInheritedSocket(t *testing.T) {
	original, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer original.Close()
	file, err := original.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	fd, err := unix.Dup(int(file.Fd())) // without the mark that it is closed on exec
	if err != nil {
		t.Fatal(err)
	}
	ln, conns := accepting(t, Bind{Address: fmt.Sprintf("fd@%d", fd)})
	if got, want := ln.Addr().String(), original.Addr().String(); got != want {
		t.Errorf("it listens on %s, want %s", got, want)
	}
	dial(t, "tcp", ln.Addr().String()).Send("hello")
	if got := text(t, <-conns, 5); got != "hello" {
		t.Errorf("got %q", got)
	}
}

func TestDescriptorsThatAreNoListeners(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := unix.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	for fd, want := range map[int]string{
		9999:           "was not inherited; whoever starts",
		int(file.Fd()): "was not inherited; whoever starts", // ours
		null:           "is no socket; whoever starts",
		inherited(t, unix.AF_INET, unix.SOCK_STREAM): "is a socket that does not listen",
		inherited(t, unix.AF_INET, unix.SOCK_DGRAM):  "is a socket that does not listen",
	} {
		_, err := Open(Bind{Address: fmt.Sprintf("fd@%d", fd)}, NewSlots(1), nil)
		if want = fmt.Sprintf("listen on fd@%d: descriptor %d %s", fd, fd, want); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// ":0" and "[::]:0" take both families, an address of one takes that one.
func TestFamilies(t *testing.T) {
	for addr, want := range map[string][2]bool{
		":0":          {true, true},
		"[::]:0":      {true, true},
		"0.0.0.0:0":   {true, false},
		"127.0.0.1:0": {true, false},
		"[::1]:0":     {false, true},
	} {
		ln, conns := accepting(t, Bind{Address: addr})
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		for i, host := range []string{"127.0.0.1", "::1"} {
			if conn, err := net.Dial("tcp", net.JoinHostPort(host, port)); err == nil {
				defer conn.Close()
			}
			if !want[i] {
				continue // somebody else may have this port of the other family
			}
			if conn := <-conns; conn.RemoteAddr().(*net.TCPAddr).IP.String() != host {
				t.Errorf("%s: a client of %s gets through instead of %s", addr, conn.RemoteAddr(), host)
			}
		}
		ln.Close()
		if len(conns) > 0 {
			t.Errorf("%s: a client of %s gets through", addr, (<-conns).RemoteAddr())
		}
	}
}
