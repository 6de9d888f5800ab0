package listen

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "web.sock")
	for _, mode := range []fs.FileMode{0o600, 0o666} { // the second one is more than the umask leaves
		ln, conns := accepting(t, Bind{Address: "unix@" + path, Mode: mode})
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("the file is %v, %v; want mode %v", info, err, mode)
		}
		dial(t, "unix", path).Send("hello")
		if got := text(t, <-conns, 5); got != "hello" {
			t.Errorf("got %q", got)
		}
		ln.Close()
		if _, err := os.Stat(path); err == nil {
			t.Error("the file outlives its listener")
		}
	}
}

// A socket file of a process that has died is replaced; nothing else ever is.
func TestUnixSocketThatIsThere(t *testing.T) {
	dir := t.TempDir()
	stale, live, file := filepath.Join(dir, "stale"), filepath.Join(dir, "live"), filepath.Join(dir, "file")
	dead, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	dead.SetUnlinkOnClose(false)
	dead.Close()
	accepting(t, Bind{Address: "unix@" + live})
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		stale:                      "",
		live:                       "another program listens on " + live + ": stop it",
		file:                       file + " is there and is no socket; remove it",
		filepath.Join(dir, "no/x"): "no such file or directory; create the directory",
	} {
		ln, err := Open(Bind{Address: "unix@" + path}, NewSlots(1), nil)
		if want == "" {
			if err != nil {
				t.Fatal(err)
			}
			ln.Close()
			continue
		}
		if err == nil || !strings.HasPrefix(err.Error(), "listen on unix@"+path+": "+want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if data, _ := os.ReadFile(file); string(data) != "precious" {
		t.Error("a file was replaced")
	}
	dial(t, "unix", live)
}
