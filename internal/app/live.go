package app

import (
	"bufio"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"relais/internal/access"
	"relais/stats/page"
)

const (
	liveViewers  = 32               // at once: half of the connections of admins
	livePeriod   = time.Second      // between two frames, at least
	liveShare    = 5                // and so many times as long as making one takes, for all views together
	livePatience = 10 * time.Second // with who takes nothing off the connection
)

// liveGreeting has a browser come back soon when a stream ends, in ms.
const liveGreeting = "retry: 2000\n\n"

// liveHeartbeat is a comment that says that there is nothing to say.
const liveHeartbeat = ":\n\n"

// What keeps somebody from watching.
var (
	errCrowded   = errors.New("too many people watch already; the page still can be loaded again")
	errLiveEnded = errors.New("the listener is closing")
)

// live streams the page to those who watch it. A frame of it is made when the first viewer needs
// it, and then is everybody's with the same view: nothing is done while nobody watches.
type live struct {
	render   func(pageView, *page.Frame) (*page.Frame, error)
	period   time.Duration
	patience time.Duration
	most     int
	done     chan struct{}  // closed when all viewers have to go
	all      sync.WaitGroup // of them

	mu      sync.Mutex // of all below
	ended   bool
	viewers int
	feeds   map[pageView]*feed
}

// feed is the line of frames of a view.
type feed struct {
	view    pageView
	viewers int // under live.mu

	mu    sync.Mutex // of all below; held while a frame is made
	frame *page.Frame
	due   time.Time // of the next one
}

func (a *App) newLive() *live {
	return &live{
		render: a.nextFrame, period: livePeriod, patience: livePatience, most: liveViewers,
		done: make(chan struct{}), feeds: map[pageView]*feed{},
	}
}

func (a *App) nextFrame(v pageView, last *page.Frame) (*page.Frame, error) {
	s := a.Snapshot(time.Now())
	return page.NextFrame(last, &s, a.pageOptions(v))
}

// answerLive streams what changes on the page, until the viewer leaves, does not read, or has no
// right to any more.
func (a *App) answerLive(ctx *fasthttp.RequestCtx, l *live, v pageView) {
	ctx.SetContentType("text/event-stream")
	ctx.Response.Header.Set("Cache-Control", "no-store")
	ctx.Response.Header.Set("X-Accel-Buffering", "no") // a proxy in between must not wait for more
	if ctx.IsHead() {
		return
	}
	f, err := l.join(v)
	if err != nil {
		ctx.Response.Header.Set("Retry-After", "5")
		text(ctx, fasthttp.StatusServiceUnavailable, err.Error()+"\n")
		return
	}
	conn, request := ctx.Conn(), a.asked(ctx, access.Read)
	_ = ctx.SetWriteDeadline(time.Now().Add(l.patience)) // or fasthttp sets its own, for all of the stream
	ctx.SetConnectionClose()
	ctx.SetBodyStreamWriter(func(w *bufio.Writer) {
		defer func() {
			if v := recover(); v != nil {
				a.reportPanic("stats", v, nil)
			}
		}()
		err := l.stream(patient{w, conn, l.patience}, f, func() bool { return a.stillSees(request, v) })
		if err != nil {
			a.log.Error().Err(err).Msg("the live page could not be written")
		}
	})
}

// stillSees tells whether a viewer may see what he has been shown so far. Users, roles and
// passwords may change while he watches.
func (a *App) stillSees(request access.Request, v pageView) bool {
	d := a.guard.Decide(request)
	a.audit(&d)
	return d.Allow && a.viewOf(v.options, d) == v
}

// join lets a viewer in; stream lets him out.
func (l *live) join(v pageView) (*feed, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended:
		return nil, errLiveEnded
	case l.viewers >= l.most:
		return nil, errCrowded
	}
	f := l.feeds[v]
	if f == nil {
		f = &feed{view: v}
		l.feeds[v] = f
	}
	l.all.Add(1)
	l.viewers++
	f.viewers++
	return f, nil
}

func (l *live) leave(f *feed) {
	defer l.all.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.viewers--
	if f.viewers--; f.viewers == 0 {
		delete(l.feeds, f.view)
	}
}

// stop has all viewers go and lets nobody in any more. all tells when the last one has gone.
func (l *live) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.ended = true
		close(l.done)
	}
}

// stream writes what changes on a page for as long as it can be written and allowed says so. Its
// error is that there is no page. Who is slow misses frames, and gets later what they had changed.
func (l *live) stream(w io.Writer, f *feed, allowed func() bool) error {
	defer l.leave(f)
	if _, err := io.WriteString(w, liveGreeting); err != nil {
		return nil
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for seen := uint64(0); allowed(); {
		frame, due, err := l.current(f)
		if err != nil {
			return err
		}
		event := frame.Event(seen)
		if event == nil {
			event = []byte(liveHeartbeat)
		}
		if _, err := w.Write(event); err != nil {
			return nil
		}
		seen = frame.Number()
		timer.Reset(time.Until(due))
		select {
		case <-timer.C:
		case <-l.done:
			return nil
		}
	}
	return nil
}

// current returns the newest frame, which it makes if it is time to, and when the next one is due.
func (l *live) current(f *feed) (*page.Frame, time.Time, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	began := time.Now()
	if f.frame != nil && began.Before(f.due) {
		return f.frame, f.due, nil
	}
	frame, err := l.render(f.view, f.frame)
	if err != nil {
		return nil, time.Time{}, err
	}
	took := time.Since(began)
	l.mu.Lock()
	views := len(l.feeds)
	l.mu.Unlock()
	f.frame, f.due = frame, began.Add(max(l.period, took*liveShare*time.Duration(views)))
	return f.frame, f.due, nil
}

// patient writes at once and piece by piece, each in its own time: a long frame may be long under
// way, but who takes nothing gets no more.
type patient struct {
	w        *bufio.Writer
	conn     net.Conn
	patience time.Duration
}

// Write implements io.Writer.
func (p patient) Write(b []byte) (n int, err error) {
	for piece := range slices.Chunk(b, 32<<10) {
		if err := p.conn.SetWriteDeadline(time.Now().Add(p.patience)); err != nil {
			return n, err
		}
		if _, err := p.w.Write(piece); err != nil {
			return n, err
		}
		if err := p.w.Flush(); err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}
