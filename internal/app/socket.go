package app

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/user"
	"strconv"

	"relais/internal/config"
	"relais/internal/ctl"
	"relais/internal/listen"
)

// socketConns bounds the connections of the runtime socket.
const socketConns = 64

// socketServer serves the runtime commands on a unix socket.
type socketServer struct {
	config   config.AdminSocket
	listener *listen.Listener
	cli      *ctl.CLI
	cancel   context.CancelFunc
	done     chan struct{}
}

// openSocket gives the generation its runtime socket: the one in force, if it is the right one.
func (a *App) openSocket(g *generation) error {
	c := g.cfg.AdminSocket
	switch {
	case c == nil:
		return nil
	case a.socket != nil && a.socket.config == *c:
		g.socket = a.socket
		return nil
	}
	s := &socketServer{config: *c, done: make(chan struct{})}
	s.cli = ctl.New(control{a}, ctl.Options{
		Version: Version, Sessions: socketConns, Who: peerOf,
		Panicked: func(command string, value any, stack []byte) { a.reportPanic("ctl: "+command, value, stack) },
	}, a.commands()...)
	bind := listen.Bind{Address: "unix@" + c.Path, Mode: c.Mode, Inherited: a.inherited()}
	if a.socket != nil && a.socket.config.Path == c.Path {
		bind.Socket = a.socket.listener
	}
	var err error
	s.listener, err = listen.Open(bind, listen.NewSlots(socketConns), func(conn net.Conn) net.Conn {
		return &slotConn{conn, func(conn net.Conn) { s.listener.Release(conn) }}
	})
	if err != nil {
		return err
	}
	if err := giveTo(c); err != nil {
		_ = s.listener.Close()
		return err
	}
	g.socket = s
	return nil
}

// giveTo gives the file of the socket to its group.
func giveTo(c *config.AdminSocket) error {
	if err := os.Chmod(c.Path, c.Mode); err != nil || c.Group == "" {
		return err
	}
	group, err := user.LookupGroup(c.Group)
	if err != nil {
		return fmt.Errorf("there is no group %q; create it, or write another one", c.Group)
	}
	id, err := strconv.Atoi(group.Gid)
	if err != nil {
		return err
	}
	if err := os.Chown(c.Path, -1, id); err != nil {
		return fmt.Errorf("%w; let the user that runs the balancer be a member of the group", err)
	}
	return nil
}

func (s *socketServer) serve() {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	level := map[string]ctl.Level{"user": ctl.User, "operator": ctl.Operator, "admin": ctl.Admin}[s.config.Level]
	go func() {
		defer close(s.done)
		_ = s.cli.Serve(ctx, s.listener, level) // ends with its listener
	}()
}

// stop lets commands under way end.
func (s *socketServer) stop() {
	s.cancel()
	<-s.done
}

func peerOf(conn net.Conn) string {
	if c, ok := conn.(*slotConn); ok {
		conn = c.Conn
	}
	return ctl.Peer(conn)
}
