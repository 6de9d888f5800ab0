package systemd

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relais/internal/listen"
	"relais/internal/testkit"
)

// activatedVariable makes the test program a service that is started with sockets. Its value are
// the addresses on which it listens.
const activatedVariable = "RELAIS_TEST_ACTIVATED"

func TestMain(m *testing.M) {
	if addresses := os.Getenv(activatedVariable); addresses != "" {
		if err := activated(strings.Fields(addresses)); err != nil {
			fmt.Println(err)
		}
		return
	}
	os.Exit(m.Run())
}

// activated greets one client on each address.
func activated(addresses []string) error {
	sockets, err := Sockets(os.LookupEnv, os.Unsetenv)
	if err != nil {
		return err
	}
	given := listen.NewSockets(sockets...)
	var listeners []*listen.Listener
	for _, address := range addresses {
		l, err := listen.Open(listen.Bind{Address: address, Inherited: given}, nil, func(c net.Conn) net.Conn { return c })
		if err != nil {
			return err
		}
		listeners = append(listeners, l)
	}
	fmt.Printf("left over: %v, environment: %q", given.Left(), os.Getenv("LISTEN_PID")+os.Getenv("LISTEN_FDS")+os.Getenv("LISTEN_FDNAMES"))
	if err := given.Own(); err != nil {
		return err
	}
	for _, l := range listeners {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		fmt.Fprint(conn, "welcome")
		_ = conn.Close()
		_ = l.Close()
	}
	return nil
}

// A process that is started with sockets serves who came before it was there.
func TestSocketActivation(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "web.sock")
	var files []*os.File
	var clients []net.Conn
	var addresses []string
	for _, address := range []string{"127.0.0.1:0", "unix@" + path, "127.0.0.1:0", "127.0.0.1:0"} {
		l, err := listen.Open(listen.Bind{Address: address}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		socket, err := l.Socket()
		if err != nil {
			t.Fatal(err)
		}
		defer socket.File.Close()
		client, err := net.Dial(l.Addr().Network(), l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		files, clients = append(files, socket.File), append(clients, client)
		if address == "127.0.0.1:0" {
			address = l.Addr().String()
		}
		addresses = append(addresses, address)
	}
	binds := []string{addresses[0], addresses[1], "fd@5"} // the last one is for nobody
	p := testkit.Start(t, func(c *exec.Cmd) {
		c.ExtraFiles = files
		c.Env = append(os.Environ(), activatedVariable+"="+strings.Join(binds, " "), "LISTEN_FDS=4", "LISTEN_FDNAMES=a:b:c:d")
	}, "/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, self)
	for i, client := range clients[:3] {
		_ = client.SetDeadline(time.Now().Add(testkit.Patience))
		if got, err := io.ReadAll(client); string(got) != "welcome" {
			t.Errorf("%s: got %q, %v", binds[i], got, err)
		}
	}
	if code := p.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if got, want := p.Stdout.String(), `left over: [fd@6], environment: ""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the file of systemd's socket has gone: %v", err)
	}
}

// What is meant for another process does nothing, and does not stay.
func TestNoSocketActivation(t *testing.T) {
	for name, test := range map[string]struct {
		env  environment
		want string // the error
	}{
		"none":                {env: environment{}},
		"the parent's":        {env: environment{"LISTEN_PID": "1", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b"}},
		"no number":           {environment{"LISTEN_PID": fmt.Sprint(os.Getpid()), "LISTEN_FDS": "all"}, `read LISTEN_FDS: "all" is not a number of sockets`},
		"less than no socket": {environment{"LISTEN_PID": fmt.Sprint(os.Getpid()), "LISTEN_FDS": "-1"}, `read LISTEN_FDS: "-1" is not a number of sockets`},
	} {
		sockets, err := Sockets(test.env.get, test.env.unset)
		if len(sockets) > 0 || len(test.env) > 0 || test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
			t.Errorf("%s: got %v, %v and left %v, want %q", name, sockets, err, test.env, test.want)
		}
	}
}
