package app

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"

	"relais/internal/access"
	"relais/internal/listen"
	"relais/stats"
	"relais/stats/page"
	"relais/stats/page/explain"
	"relais/stats/prom"
)

// adminConns bounds the connections of the admin listener, which has slots of its own: it
// answers when the frontends are full.
const adminConns = 64

// adminStop bounds how long the last answers to admins may take when the balancer stops.
const adminStop = time.Second

// adminServer is the listener of the admins: page, figures, metrics, health.
type adminServer struct {
	address  string // as the configuration has it
	listener *listen.Listener
	shown    []stats.Certificate // to clients; under App.mu
	server   *fasthttp.Server
	live     *live
	done     chan struct{}
}

// openAdmin gives the generation its listener of the admins: the one in force, if it has the
// right address.
func (a *App) openAdmin(g *generation) error {
	c := &g.cfg.Stats
	if c.Bind == "" {
		return nil
	}
	bind := listen.Bind{Address: c.Bind, Inherited: a.inherited()}
	if c.TLS != nil {
		var err error
		if bind.TLS, g.adminShown, err = a.serverTLS(c.Bind, c.TLS); err != nil {
			return fmt.Errorf("listen on %s: %w", c.Bind, err)
		}
	}
	if a.admin != nil && a.admin.address == c.Bind {
		g.admin, g.adminBind = a.admin, bind
		return nil
	}
	s := &adminServer{address: c.Bind, shown: g.adminShown, live: a.newLive(), done: make(chan struct{})}
	ln, err := listen.Open(bind, listen.NewSlots(adminConns), func(c net.Conn) net.Conn {
		return &slotConn{c, func(c net.Conn) { s.listener.Release(c) }}
	})
	if err != nil {
		return err
	}
	s.listener = ln
	s.server = &fasthttp.Server{
		Handler:               a.adminHandler(s.live),
		Name:                  "relais",
		ReadTimeout:           10 * time.Second,
		WriteTimeout:          30 * time.Second,
		IdleTimeout:           time.Minute,
		MaxRequestBodySize:    64 << 10,
		Concurrency:           adminConns + 1,
		CloseOnShutdown:       true,
		NoDefaultContentType:  true,
		SecureErrorLogMessage: true,
		Logger:                fasthttpLog{a.log},
	}
	g.admin, g.adminBind = s, bind
	return nil
}

func (s *adminServer) serve() {
	go func() {
		defer close(s.done)
		_ = s.server.Serve(s.listener) // ends when the listener is closed
	}()
}

func (s *adminServer) stop() {
	s.live.stop()
	ctx, cancel := context.WithTimeout(context.Background(), adminStop)
	defer cancel()
	_ = s.server.ShutdownWithContext(ctx)
	s.listener.CloseConns()
	<-s.done
	s.live.all.Wait()
}

// adminHandler answers on the admin listener.
func (a *App) adminHandler(live *live) fasthttp.RequestHandler {
	metrics := fasthttpadaptor.NewFastHTTPHandler(prom.Handler(a.Snapshot, Version))
	assets := page.Assets()
	return func(ctx *fasthttp.RequestCtx) {
		defer a.surviveAdmin(ctx)
		root, path := a.cfg.Load().Stats.Path, string(ctx.Path())
		secure(&ctx.Response.Header)
		who, allowed := a.admit(ctx, right(path, string(ctx.Method())))
		switch {
		case !allowed:
		case path == "/healthz":
			text(ctx, fasthttp.StatusOK, "alive\n")
		case path == "/readyz":
			a.answerReady(ctx)
		case path == "/metrics":
			metrics(ctx)
		case path == "/" && root != "/":
			ctx.Redirect(root, fasthttp.StatusFound)
		case serveAsset(ctx, assets, strings.TrimPrefix(path, strings.TrimSuffix(root, "/")+"/")):
		case path == explain.Path(root) && !ctx.IsPost():
			a.answerWhy(ctx)
		case strings.HasPrefix(path, root) && ctx.IsPost():
			a.answerAction(ctx, who)
		case strings.HasPrefix(path, root):
			a.answerStats(ctx, path[len(root):], who, live)
		default:
			text(ctx, fasthttp.StatusNotFound, "nothing here; the statistics are at "+root+"\n")
		}
	}
}

func secure(h *fasthttp.ResponseHeader) {
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
}

func text(ctx *fasthttp.RequestCtx, status int, s string) {
	ctx.SetStatusCode(status)
	ctx.SetContentType("text/plain; charset=utf-8")
	ctx.SetBodyString(s)
}

func (a *App) answerReady(ctx *fasthttp.RequestCtx) {
	switch {
	case a.Ready():
		text(ctx, fasthttp.StatusOK, "ready\n")
	case a.isStopping():
		text(ctx, fasthttp.StatusServiceUnavailable, "stopping\n")
	default:
		text(ctx, fasthttp.StatusServiceUnavailable, "waiting for the first health checks\n")
	}
}

func serveAsset(ctx *fasthttp.RequestCtx, assets map[string]page.Asset, name string) bool {
	asset, ok := assets[name]
	if !ok {
		return false
	}
	ctx.Response.Header.Set("Cache-Control", "public, max-age=31536000, immutable")
	ctx.SetContentType(asset.Type)
	ctx.SetBody(asset.Body)
	return true
}

// answerStats answers with the statistics in the form that the rest of the path asks for.
func (a *App) answerStats(ctx *fasthttp.RequestCtx, suffix string, who access.Decision, live *live) {
	o := stats.ParseOptions(suffix, string(ctx.URI().QueryString()))
	if o.Format == stats.Live {
		a.answerLive(ctx, live, a.viewOf(o, who))
		return
	}
	s := a.Snapshot(time.Now())
	var err error
	switch o.Format {
	case stats.CSV:
		ctx.SetContentType("text/plain; charset=utf-8")
		err = stats.WriteCSV(ctx, &s, o.Filter)
	case stats.JSON:
		ctx.SetContentType("application/json")
		err = stats.WriteJSON(ctx, &s, o.Filter)
	default:
		ctx.SetContentType("text/html; charset=utf-8")
		err = page.Render(ctx, &s, a.pageOptions(a.viewOf(o, who)))
	}
	if err != nil {
		a.log.Error().Err(err).Msg("the statistics could not be written")
		ctx.Error("the statistics could not be written; the log says why", fasthttp.StatusInternalServerError)
	}
}

// surviveAdmin turns a panic into a 500.
func (a *App) surviveAdmin(ctx *fasthttp.RequestCtx) {
	if v := recover(); v != nil {
		a.reportPanic("stats", v, nil)
		ctx.Error("internal error", fasthttp.StatusInternalServerError)
	}
}
