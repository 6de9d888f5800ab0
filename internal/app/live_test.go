package app

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"github.com/valyala/fasthttp"

	"relais/internal/access"
	"relais/internal/config"
	"relais/internal/testkit"
	"relais/stats"
	"relais/stats/page"
	"relais/stats/statstest"
)

// studio makes frames of a page on which a counter runs.
type studio struct {
	s       stats.Snapshot
	frames  int
	takes   time.Duration
	options page.Options
}

func newStudio() *studio {
	return &studio{s: statstest.Healthy(), options: page.Options{Path: "/stats"}}
}

func (s *studio) next(_ pageView, last *page.Frame) (*page.Frame, error) {
	time.Sleep(s.takes)
	s.frames++
	s.s.Process.Requests++
	return page.NextFrame(last, &s.s, s.options)
}

func (s *studio) live() *live {
	return &live{render: s.next, period: time.Second, patience: time.Second, most: 32, done: make(chan struct{}), feeds: map[pageView]*feed{}}
}

func always() bool { return true }

// watch has somebody watch until the end of all.
func (l *live) watch(t *testing.T, v pageView, allowed func() bool) *bytes.Buffer {
	t.Helper()
	f, err := l.join(v)
	if err != nil {
		t.Fatal(err)
	}
	var seen bytes.Buffer
	go func() {
		if err := l.stream(&seen, f, allowed); err != nil {
			t.Error(err)
		}
	}()
	return &seen
}

// Everybody with the same view watches the same frames, one a second, and without viewers there
// are none.
func TestLiveIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio()
		l := s.live()
		var seen []*bytes.Buffer
		for range 8 {
			seen = append(seen, l.watch(t, pageView{}, always))
		}
		time.Sleep(10*time.Second + time.Second/2)
		synctest.Wait()
		if s.frames != 11 {
			t.Errorf("%d frames in 10 s, want 11", s.frames)
		}
		l.stop()
		l.all.Wait()
		for i, b := range seen {
			if n := strings.Count(b.String(), "\ndata: "); n != 11 || !strings.HasPrefix(b.String(), liveGreeting) {
				t.Errorf("viewer %d got %d events", i, n)
			}
		}
		time.Sleep(time.Minute)
		if s.frames != 11 || len(l.feeds) != 0 {
			t.Errorf("%d frames and %d feeds for nobody", s.frames, len(l.feeds))
		}
		if _, err := l.join(pageView{}); !errors.Is(err, errLiveEnded) {
			t.Errorf("after the end: %v", err)
		}
	})
}

// A page that takes long is made less often.
func TestLiveIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio()
		s.takes = 400 * time.Millisecond
		l := s.live()
		l.watch(t, pageView{}, always)
		time.Sleep(19 * time.Second)
		l.stop()
		l.all.Wait()
		if s.frames != 10 {
			t.Errorf("%d frames of 400 ms in 20 s, want one every 2 s", s.frames)
		}
	})
}

// Who may not see the page any more does not.
func TestLiveEndsWithTheRight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newStudio().live()
		asked := 0
		seen := l.watch(t, pageView{user: "ops"}, func() bool { asked++; return asked <= 3 })
		l.all.Wait()
		if n := strings.Count(seen.String(), "\ndata: "); n != 3 {
			t.Errorf("%d events, want the 3 that were allowed", n)
		}
	})
}

// When nothing changes there is a sign of life.
func TestLiveHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStudio()
		l := s.live()
		l.render = func(_ pageView, last *page.Frame) (*page.Frame, error) { return page.NextFrame(last, &s.s, s.options) }
		seen := l.watch(t, pageView{}, always)
		time.Sleep(3*time.Second + time.Second/2)
		l.stop()
		l.all.Wait()
		if !strings.HasSuffix(seen.String(), "\n\n"+strings.Repeat(liveHeartbeat, 3)) {
			t.Errorf("it ends with %q", seen.String()[seen.Len()-80:])
		}
	})
}

// serveLive serves a live page by HTTP, with a WriteTimeout that is shorter than any stream.
func serveLive(t *testing.T, l *live) (address string) {
	t.Helper()
	a := &App{guard: access.New(access.Policy{}), log: zerolog.Nop()}
	a.cfg.Store(&config.Config{})
	server := &fasthttp.Server{
		WriteTimeout: 50 * time.Millisecond, Logger: fasthttpLog{a.log},
		Handler: func(ctx *fasthttp.RequestCtx) { a.answerLive(ctx, l, pageView{}) },
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	t.Cleanup(func() {
		l.stop()
		if err := errors.Join(server.Shutdown(), <-served); err != nil {
			t.Error(err)
		}
		l.all.Wait()
	})
	return ln.Addr().String()
}

// A stream lasts longer than the WriteTimeout of its server.
func TestLiveOutlastsWriteTimeout(t *testing.T) {
	l := newStudio().live()
	l.period, l.patience = 5*time.Millisecond, 20*time.Second
	answer, err := http.Get("http://" + serveLive(t, l) + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != 200 || kind != "text/event-stream" || !answer.Close {
		t.Errorf("%d, %s", answer.StatusCode, kind)
	}
	began, lines := time.Now(), bufio.NewReader(answer.Body)
	for time.Since(began) < 10*50*time.Millisecond {
		if _, err := lines.ReadString('\n'); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
	}
}

// So many may watch and no more, until one of them leaves.
func TestLiveViewersAreBounded(t *testing.T) {
	l := newStudio().live()
	l.most, l.period = 2, 5*time.Millisecond
	address := serveLive(t, l)
	var watching []*http.Response
	for range l.most {
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		watching = append(watching, answer)
	}
	status := func() int {
		answer, err := http.Get("http://" + address + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode == 503 {
			body, _ := io.ReadAll(answer.Body)
			if answer.Header.Get("Retry-After") == "" || !strings.Contains(string(body), errCrowded.Error()) {
				t.Errorf("who is too many gets %v, %q", answer.Header, body)
			}
		}
		return answer.StatusCode
	}
	if got := status(); got != 503 {
		t.Errorf("one too many gets %d", got)
	}
	if answer, err := http.Head("http://" + address + "/"); err != nil || answer.StatusCode != 200 {
		t.Errorf("HEAD: %v, %v", answer, err)
	}
	watching[0].Body.Close()
	testkit.Eventually(t, "there is room again", func() bool { return status() == 200 })
}

// Who does not read is sent away.
func TestLiveDropsWhoDoesNotRead(t *testing.T) {
	s := newStudio()
	l := s.live()
	l.period, l.patience = 5*time.Millisecond, 50*time.Millisecond
	l.render = func(v pageView, last *page.Frame) (*page.Frame, error) {
		s.s.Process.ReloadFault = strings.Repeat(strconv.Itoa(s.frames%10), 1<<20)
		return s.next(v, last)
	}
	conn, err := net.Dial("tcp", serveLive(t, l))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10) // so that little fits on the way
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	viewers := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.viewers
	}
	testkit.Eventually(t, "the viewer is there", func() bool { return viewers() == 1 })
	testkit.Eventually(t, "the viewer is gone", func() bool { return viewers() == 0 })
}
