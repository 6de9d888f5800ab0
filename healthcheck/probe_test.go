package healthcheck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// serve listens on a free port of host and gives each connection to handle.
func serve(t *testing.T, host string, handle func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil && host == "::1" {
		t.Skip("this machine has no IPv6: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go accept(l, handle)
	return l.Addr().String()
}

func accept(l net.Listener, handle func(net.Conn)) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			handle(conn)
		}()
	}
}

// says reads a request and answers with text.
func says(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		_, _ = io.WriteString(conn, text)
	}
}

// holds answers with text and then waits for the client to leave.
func holds(text string) func(net.Conn) {
	return func(conn net.Conn) {
		says(text)(conn)
		_, _ = io.Copy(io.Discard, conn)
	}
}

func drips(text string) func(net.Conn) {
	return func(conn net.Conn) {
		readRequest(conn)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			if _, err := conn.Write([]byte{text[i%len(text)]}); err != nil {
				return
			}
			<-tick.C
		}
	}
}

func resets(conn net.Conn) {
	readRequest(conn)
	_ = conn.(*net.TCPConn).SetLinger(0)
}

func readRequest(conn net.Conn) string {
	var request strings.Builder
	buf := make([]byte, 1024)
	for !strings.HasSuffix(request.String(), "\r\n\r\n") {
		n, err := conn.Read(buf)
		if err != nil {
			break
		}
		request.Write(buf[:n])
	}
	return request.String()
}

// refusing returns an address where nobody listens.
func refusing(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// deaf returns an address whose backlog is full, so that connecting to it takes for ever.
func deaf(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	err = errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0))
	name, nameErr := syscall.Getsockname(fd)
	if err = errors.Join(err, nameErr); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprint("127.0.0.1:", name.(*syscall.SockaddrInet4).Port)
	// With a backlog of 0 one connection fills it.
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

func run(t *testing.T, p Probe, timeout time.Duration) Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	begin := time.Now()
	r := p(ctx)
	if took := time.Since(begin); took > timeout+2*time.Second {
		t.Errorf("the check took %v, its timeout was %v", took, timeout)
	}
	if r.Duration <= 0 || r.Duration > time.Since(begin) {
		t.Errorf("duration %v of a check that took %v", r.Duration, time.Since(begin))
	}
	return r
}

// expectResult compares all but the duration. A detail that ends in * is a beginning.
func expectResult(t *testing.T, got, want Result) {
	t.Helper()
	same := got.Detail == want.Detail
	if beginning, ok := strings.CutSuffix(want.Detail, "*"); ok {
		same = strings.HasPrefix(got.Detail, beginning)
	}
	if got.OK != want.OK || got.Status != want.Status || got.Code != want.Code || !same {
		t.Errorf("\n got %v %s %d %q\nwant %v %s %d %q", got.OK, got.Status, got.Code, got.Detail, want.OK, want.Status, want.Code, want.Detail)
	}
}

func TestHTTPAgainstAllSortsOfServers(t *testing.T) {
	const brief, patient = time.Second, 10 * time.Second
	for _, tc := range []struct {
		name    string
		server  func(net.Conn)
		timeout time.Duration
		want    Result
	}{
		{"well", says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"redirects", says("HTTP/1.1 302 Found\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 302, Detail: "302 Found"}},
		{"keeps the connection", holds("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"body never ends", drips("HTTP/1.1 200 OK\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"chunked", says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"100 then 200", says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"HTTP/1.0 without fields", says("HTTP/1.0 200 OK\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"}},
		{"no reason", says("HTTP/1.1 204\r\n\r\n"), patient, Result{OK: true, Status: L7OK, Code: 204, Detail: "204"}},

		{"503", says("HTTP/1.1 503 Service Unavailable\r\n\r\n"), patient, Result{Status: L7Status, Code: 503, Detail: "503 Service Unavailable"}},
		{"404", says("HTTP/1.1 404 Not Found\r\n\r\n"), patient, Result{Status: L7Status, Code: 404, Detail: "404 Not Found"}},
		{"100 then 503", says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\n\r\n"), patient, Result{Status: L7Status, Code: 503, Detail: "503 No"}},
		{"switches protocols", holds("HTTP/1.1 101 Switching Protocols\r\n\r\n"), patient, Result{Status: L7Status, Code: 101, Detail: "101 Switching Protocols"}},
		{"poisoned reason", says("HTTP/1.1 500 a\x1b[31mb\xff\tc\r\n\r\n"), patient, Result{Status: L7Status, Code: 500, Detail: "500 a?[31mb??c"}},

		{"closes at once", func(net.Conn) {}, patient, Result{Status: L7Response, Detail: "*"}},
		{"closes without an answer", says(""), patient, Result{Status: L7Response, Detail: "closed without an answer"}},
		{"resets", resets, patient, Result{Status: L7Response, Detail: "connection reset by peer"}},
		{"half a status line", says("HTTP/1.1 20"), patient, Result{Status: L7Response, Detail: `answer cut short: "HTTP/1.1 20"`}},
		{"half a head", says("HTTP/1.1 200 OK\r\nContent-"), patient, Result{Status: L7Response, Detail: `answer cut short: "HTTP/1.1 200 OK"`}},
		{"100 and nothing else", says("HTTP/1.1 100 Continue\r\n\r\n"), patient, Result{Status: L7Response, Detail: `answer cut short: "HTTP/1.1 100 Continue"`}},
		{"ssh", says("SSH-2.0-OpenSSH_9.2p1\r\n"), patient, Result{Status: L7Response, Detail: `malformed HTTP*`}},
		{"binary", says("\x16\x03\x01\x00\n\n"), patient, Result{Status: L7Response, Detail: `malformed HTTP*`}},
		{"another version", says("HTTP/2.0 200 OK\r\n\r\n"), patient, Result{Status: L7Response, Detail: `not an HTTP/1 answer: "HTTP/2.0 200 OK"`}},
		{"impossible status", says("HTTP/1.1 +20 OK\r\n\r\n"), patient, Result{Status: L7Response, Detail: `not an HTTP/1 answer: "HTTP/1.1 +20 OK"`}},
		{"field without a colon", says("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), patient, Result{Status: L7Response, Detail: "malformed MIME header*"}},
		{"huge head", says("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), patient, Result{Status: L7Response, Detail: "answer head longer than 16 KiB"}},
		{"1xx for ever", says(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10000)), patient, Result{Status: L7Response, Detail: "answer head longer than 16 KiB"}},

		{"silent", holds(""), brief, Result{Status: L7Timeout, Detail: "no answer within 1s"}},
		{"drips", drips("HTTP/1.1 200 OK with a very long reason\r\n"), brief, Result{Status: L7Timeout, Detail: `no whole answer within 1s: "HTTP*`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, "127.0.0.1", tc.server)
			expectResult(t, run(t, HTTP(HTTPOptions{Address: address, Path: "/health"}), tc.timeout), tc.want)
		})
	}
}

func TestHTTPWithoutAConnection(t *testing.T) {
	probe := func(address string) Probe { return HTTP(HTTPOptions{Address: address}) }
	testWithoutAConnection(t, probe)
}

func TestTCPWithoutAConnection(t *testing.T) {
	testWithoutAConnection(t, func(a string) Probe { return TCP(DialTCP(a)) })
}

func testWithoutAConnection(t *testing.T, probe func(address string) Probe) {
	t.Run("refused", func(t *testing.T) {
		expectResult(t, run(t, probe(refusing(t)), 10*time.Second), Result{Status: L4Connect, Detail: "connection refused"})
	})
	t.Run("timeout", func(t *testing.T) {
		expectResult(t, run(t, probe(deaf(t)), 200*time.Millisecond), Result{Status: L4Timeout, Detail: "no connection within 200ms"})
	})
	t.Run("address without a port", func(t *testing.T) {
		expectResult(t, run(t, probe("127.0.0.1"), 10*time.Second), Result{Status: L4Connect, Detail: "dial tcp: address 127.0.0.1: missing port in address"})
	})
	t.Run("called off", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		expectResult(t, probe(refusing(t))(ctx), Result{Status: SocketError, Detail: "*"})
	})
}

func TestCalledOffWhileWaitingForAnAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, "127.0.0.1", func(conn net.Conn) {
		readRequest(conn)
		cancel()
		_, _ = io.Copy(io.Discard, conn)
	})
	expectResult(t, HTTP(HTTPOptions{Address: address})(ctx), Result{Status: SocketError, Detail: "*"})
}

func TestTCPAccepted(t *testing.T) {
	for name, host := range map[string]string{"IPv4": "127.0.0.1", "IPv6": "::1"} {
		t.Run(name, func(t *testing.T) {
			seen := make(chan error, 1)
			address := serve(t, host, func(conn net.Conn) {
				_, err := conn.Read(make([]byte, 1))
				seen <- err
			})
			expectResult(t, run(t, TCP(DialTCP(address)), 10*time.Second), Result{OK: true, Status: L4OK})
			if err := <-seen; !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("the server sees %v, want a reset, which leaves no TIME_WAIT", err)
			}
		})
	}
}

func TestHTTPOverIPv6AndByName(t *testing.T) {
	for host, name := range map[string]string{"::1": "[::1]", "127.0.0.1": "localhost"} {
		t.Run(name, func(t *testing.T) {
			_, port, err := net.SplitHostPort(serve(t, host, says("HTTP/1.1 200 OK\r\n\r\n")))
			if err != nil {
				t.Fatal(err)
			}
			probe := HTTP(HTTPOptions{Address: name + ":" + port})
			expectResult(t, run(t, probe, 10*time.Second), Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"})
		})
	}
}

func TestUnknownNameIsTheServersFailure(t *testing.T) {
	r := connectFailure(t.Context(), time.Now(), &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "web9", IsNotFound: true}})
	expectResult(t, r, Result{Status: L4Connect, Detail: "lookup web9: no such host"})
}

func TestHTTPRequest(t *testing.T) {
	for _, tc := range []struct {
		name    string
		options HTTPOptions
		want    string
	}{
		{"defaults", HTTPOptions{},
			"GET / HTTP/1.1\r\nHost: ADDRESS\r\nUser-Agent: relais-healthcheck/1\r\nAccept: */*\r\nConnection: close\r\n\r\n"},
		{"everything", HTTPOptions{Method: "OPTIONS", Path: "/health?deep=1", Host: "app.example"},
			"OPTIONS /health?deep=1 HTTP/1.1\r\nHost: app.example\r\nUser-Agent: relais-healthcheck/1\r\nAccept: */*\r\nConnection: close\r\n\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			requests := make(chan string, 1)
			tc.options.Address = serve(t, "127.0.0.1", func(conn net.Conn) {
				requests <- readRequest(conn)
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			})
			run(t, HTTP(tc.options), 10*time.Second)
			if got, want := <-requests, strings.ReplaceAll(tc.want, "ADDRESS", tc.options.Address); got != want {
				t.Errorf("\n got %q\nwant %q", got, want)
			}
		})
	}
}

func TestHTTPExpect(t *testing.T) {
	address := serve(t, "127.0.0.1", says("HTTP/1.1 418 I'm a teapot\r\n\r\n"))
	teapot := func(code int) bool { return code == http.StatusTeapot }
	expectResult(t, run(t, HTTP(HTTPOptions{Address: address, Expect: teapot}), 10*time.Second),
		Result{OK: true, Status: L7OK, Code: 418, Detail: "418 I'm a teapot"})
}

// TestHTTPIsPoliteToServers shows that a server that writes head and body apart, with a pause
// between them, gets rid of both: no broken pipe in its log. It may be late a few times, where
// the machine is busy.
func TestHTTPIsPoliteToServers(t *testing.T) {
	written := make(chan error, 1)
	address := serve(t, "127.0.0.1", func(conn net.Conn) {
		says("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n")(conn)
		<-time.After(10 * time.Millisecond)
		_, first := io.WriteString(conn, "we")
		<-time.After(10 * time.Millisecond)
		_, second := io.WriteString(conn, "ll")
		written <- errors.Join(first, second)
	})
	var err error
	for range 5 {
		run(t, HTTP(HTTPOptions{Address: address}), 10*time.Second)
		if err = <-written; err == nil {
			return
		}
	}
	t.Errorf("the server could not write its body: %v", err)
}

func TestHTTPAgainstARealServer(t *testing.T) {
	code := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		_, _ = io.WriteString(w, strings.Repeat("well ", 10000))
	}))
	defer server.Close()
	probe := HTTP(HTTPOptions{Address: server.Listener.Addr().String()})
	expectResult(t, run(t, probe, 10*time.Second), Result{OK: true, Status: L7OK, Code: 200, Detail: "200 OK"})
	code = http.StatusServiceUnavailable
	expectResult(t, run(t, probe, 10*time.Second), Result{Status: L7Status, Code: 503, Detail: "503 Service Unavailable"})
}

func TestProbesLeaveNothingBehind(t *testing.T) {
	silent := serve(t, "127.0.0.1", holds(""))
	well := serve(t, "127.0.0.1", says("HTTP/1.1 200 OK\r\n\r\n"))
	probes := []Probe{
		TCP(DialTCP(well)), TCP(DialTCP(refusing(t))), TCP(DialTCP(deaf(t))),
		HTTP(HTTPOptions{Address: well}), HTTP(HTTPOptions{Address: silent}), HTTP(HTTPOptions{Address: refusing(t)}),
	}
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for range 20 {
		for _, p := range probes {
			run(t, p, 20*time.Millisecond)
		}
	}
	// The servers of the test need a moment to notice that their clients are gone.
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines || openFiles(t) > files; <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after; %d descriptors before, %d after\n%s",
				goroutines, runtime.NumGoroutine(), files, openFiles(t), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
