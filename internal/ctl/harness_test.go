package ctl

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// serve serves b on a unix socket until the test ends and returns the socket's path.
func serve(t testing.TB, c *CLI, level Level) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cli")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Serve(ctx, ln, level)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	return path
}

// ask sends text as socat does, with the end of the input behind it, and returns what comes back.
func ask(t testing.TB, path, text string) string {
	t.Helper()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.(*net.UnixConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// quick is a CLI over b for tests.
func quick(b Balancer, extra ...Command) *CLI {
	return New(b, Options{Version: "1.2.3", Released: "2026/11/23"}, extra...)
}

// endsWell tells whether the last answer of a session ends with an empty line, which a prompt may
// follow, or whether there is none.
func endsWell(s string) bool {
	s = strings.TrimSuffix(s, "> ")
	return s == "" || s == "\n" || strings.HasSuffix(s, "\n\n") || strings.HasSuffix(s, "> \n")
}
