package handover

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"relais/internal/listen"
)

// serverVariable makes the test program a server that hands over on SIGUSR2. Its value is a
// directory: the server tells its address in the file tcp, listens on web.sock, and does as a
// successor what the file role says.
const serverVariable = "RELAIS_TEST_SERVER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serverVariable); dir != "" {
		os.Exit(serve(dir))
	}
	os.Exit(m.Run())
}

// server answers each connection with its process id and how many hand-overs there have been.
type server struct {
	dir       string
	turns     int
	listeners []*listen.Listener
	loops     sync.WaitGroup
	conns     sync.WaitGroup
}

// bulk is more state than fits into a pipe, an argument or the environment.
var bulk = bytes.Repeat([]byte("state"), 1<<20)

func serve(dir string) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR2, syscall.SIGTERM)
	p, err := FromEnv(os.LookupEnv, os.Unsetenv)
	if err != nil {
		return fault(err)
	}
	s := &server{dir: dir}
	if p != nil {
		err = s.succeed(p, signals)
	} else {
		err = s.open(nil)
		s.begin()
	}
	if err != nil {
		return fault(err)
	}
	for sig := range signals {
		if sig == syscall.SIGTERM {
			break
		}
		if err := s.handOver(); err == nil {
			break
		} else {
			fmt.Fprintln(os.Stderr, "not handed over:", err)
		}
	}
	s.stop()
	return 0
}

func fault(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func (s *server) open(given *listen.Sockets) error {
	for _, address := range []string{"127.0.0.1:0", "unix@" + filepath.Join(s.dir, "web.sock")} {
		l, err := listen.Open(listen.Bind{Address: address, Inherited: given}, nil, func(c net.Conn) net.Conn { return c })
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, l)
	}
	return os.WriteFile(filepath.Join(s.dir, "tcp"), []byte(s.listeners[0].Addr().String()), 0o600)
}

func (s *server) begin() {
	for _, l := range s.listeners {
		s.loops.Go(func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				s.conns.Go(func() {
					defer conn.Close()
					if _, err := io.ReadFull(conn, make([]byte, 3)); err == nil {
						fmt.Fprintln(conn, os.Getpid(), s.turns)
					}
				})
			}
		})
	}
}

func (s *server) stop() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.loops.Wait()
	s.conns.Wait()
}

// succeed takes over, or fails in the way of its role.
func (s *server) succeed(p *Predecessor, signals <-chan os.Signal) error {
	role, err := os.ReadFile(filepath.Join(s.dir, "role"))
	if err != nil {
		return err
	}
	switch string(role) {
	case "exits":
		fmt.Fprintln(os.Stderr, "a library is missing")
		os.Exit(3)
	case "refuses":
		_ = p.Fail("balancer.yml:3: no such key")
		os.Exit(1)
	case "is silent":
		<-signals
	case "writes garbage":
		fmt.Fprint(p.talk.file, "HTTP/1.1 400 Bad Request\r\n")
		<-signals
	case "is ahead of its turn":
		_ = p.say(message{Say: serving})
		<-signals
	}
	if !bytes.Equal(p.State(), bulk) {
		return p.Fail("the state has changed on its way")
	}
	given := listen.NewSockets(p.Sockets()...)
	if err := s.open(given); err != nil {
		return p.Fail(err.Error())
	}
	if err := p.SayPrepared(); err != nil {
		return err
	}
	if string(role) == "dies prepared" {
		os.Exit(4)
	}
	state, err := p.AwaitTurn(context.Background())
	if err != nil {
		return err
	}
	switch string(role) {
	case "dies after its turn":
		panic("out of luck")
	case "hangs after its turn":
		<-signals
	}
	if s.turns, err = strconv.Atoi(string(state)); err != nil {
		return err
	}
	if err := given.Own(); err != nil {
		return err
	}
	s.begin()
	if err := p.SayServing(); err != nil {
		fmt.Fprintln(os.Stderr, err) // and serve nonetheless
	}
	return nil
}

func (s *server) handOver() error {
	path, err := Program(os.Args[0])
	if err != nil {
		return err
	}
	o := StartOptions{
		Path: path, Args: os.Args, Env: os.Environ(), State: bulk,
		Stdout: os.Stdout, Stderr: os.Stderr, Timeout: 30 * time.Second,
	}
	role, err := os.ReadFile(filepath.Join(s.dir, "role"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if string(role) == "is silent" {
		o.Timeout = 2 * time.Second
	}
	for _, l := range s.listeners {
		socket, err := l.Socket()
		if err != nil {
			return err
		}
		defer socket.File.Close()
		o.Sockets = append(o.Sockets, socket)
	}
	next, err := Start(o)
	if err != nil {
		return err
	}
	if err := next.Prepared(context.Background()); err != nil {
		return err
	}
	if string(role) == "hangs after its turn" {
		time.AfterFunc(200*time.Millisecond, cancel)
	}
	if err := next.Take(ctx, []byte(strconv.Itoa(s.turns+1))); err != nil {
		return err
	}
	for _, l := range s.listeners {
		l.Keep()
	}
	return nil
}
