package webapp

import (
	"context"
	"html/template"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/rs/zerolog"

	"relais/webapp/store"
)

const (
	databaseTimeout = 1500 * time.Millisecond // what a request waits for the database at most
	maxBody         = 16 << 10
)

// storage is what the handlers need of the database. Its errors mean that it is unavailable.
type storage interface {
	Up() bool
	Visit(ctx context.Context) (store.View, error)
	View(ctx context.Context) (store.View, error)
	Post(ctx context.Context, text string) (store.Message, error)
	Messages(ctx context.Context, limit int) ([]store.Message, error)
}

// handler answers for one server.
type handler struct {
	server string
	store  storage
	page   *template.Template
	log    zerolog.Logger
}

// newHandler returns all routes behind what every answer goes through.
func newHandler(server string, data storage, log zerolog.Logger) http.Handler {
	h := &handler{server: server, store: data, page: parsePage(), log: log}
	m := newMetrics(data)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.getPage)
	mux.HandleFunc("POST /messages", h.postForm)
	mux.HandleFunc("GET /health", h.getHealth)
	mux.HandleFunc("GET /ready", h.getReady)
	mux.HandleFunc("GET /api/messages", h.getMessages)
	mux.HandleFunc("POST /api/messages", h.postMessage)
	mux.HandleFunc("/api/messages", h.wrongMethod)
	mux.HandleFunc("/api/", h.noSuchResource)
	mux.Handle("GET /metrics", m.handler())

	crossOrigin := http.NewCrossOriginProtection() // compares with Host, which the balancer keeps
	return m.observe(h.withHeaders(h.withRecovery(crossOrigin.Handler(mux))))
}

// withHeaders sets what every answer carries.
func (h *handler) withHeaders(next http.Handler) http.Handler {
	policy := "default-src 'none'; style-src '" + styleHash() + "'; img-src data:; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("X-Server-Id", h.server)
		header.Set("Cache-Control", "no-store")
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Frame-Options", "DENY")
		// Not no-referrer: with it browsers send "Origin: null" with our own form.
		header.Set("Referrer-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}

// withRecovery turns a panic into a 500 and a stack in the log.
func (h *handler) withRecovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			h.log.Error().Any("panic", cause).Str("path", r.URL.Path).Bytes("stack", debug.Stack()).Msg("request panicked")
			http.Error(w, "internal error", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}

// withTimeout bounds what a request waits for the database.
func withTimeout(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), databaseTimeout)
}
