package webapp

import (
	"context"
	"fmt"
	stdlog "log"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"relais/webapp/store"
)

// stopTimeout is shorter than the ten seconds that container engines wait before they kill.
const stopTimeout = 8 * time.Second

// startPatience bounds how long a start waits for the database.
const startPatience = time.Second

// serve runs one web server until ctx ends, then finishes the running requests.
func serve(ctx context.Context, cfg config, log zerolog.Logger) error {
	listener, err := net.Listen("tcp", net.JoinHostPort(cfg.host, strconv.Itoa(cfg.port)))
	if err != nil {
		return err
	}
	log.Info().Stringer("address", listener.Addr()).Stringer("database", cfg.database).Msg("listening")
	data := store.Open(cfg.database, cfg.serverID, log)
	defer data.Close()
	awaitDatabase(ctx, data)
	server := newHTTPServer(newHandler(cfg.serverID, data, log), log)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	cut := shutdown(server)
	<-failed
	log.Info().Err(cut).Msg("stopped")
	return nil
}

// awaitDatabase gives the database a moment before requests are taken: a server that is back
// before anybody has missed it gets some at once, and should be able to answer them. A database
// that is late does not keep the server from starting.
func awaitDatabase(ctx context.Context, data *store.Store) {
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !data.Up() {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// newHTTPServer keeps idle connections longer than a balancer reuses them: the balancer closes
// first and never sends a request into a closing connection.
func newHTTPServer(handler http.Handler, log zerolog.Logger) *http.Server {
	return &http.Server{
		Handler:                      handler,
		DisableGeneralOptionsHandler: true, // OPTIONS * gets our headers, too
		ReadHeaderTimeout:            10 * time.Second,
		ReadTimeout:                  15 * time.Second,
		WriteTimeout:                 30 * time.Second,
		IdleTimeout:                  90 * time.Second,
		MaxHeaderBytes:               64 << 10,
		ErrorLog:                     stdlog.New(log.With().Str("level", "warn").Logger(), "", 0),
	}
}

// shutdown waits for running requests and cuts what takes too long.
func shutdown(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	err := server.Shutdown(ctx)
	if err != nil {
		server.Close()
	}
	return err
}
