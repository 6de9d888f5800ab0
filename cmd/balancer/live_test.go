package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"relais/internal/testkit"
)

// viewer watches the live page.
type viewer struct {
	answer *http.Response
	events chan map[string]string // HTML by id; closed at the end of the stream
}

// watch opens a stream of the page and reads it until the test ends.
func (v caller) watch(t *testing.T, stats, options string) *viewer {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+stats+"/haproxy-stats;live"+options, nil)
	if err != nil {
		t.Fatal(err)
	}
	if name, password, ok := strings.Cut(v.fields["Authorization"], ":"); ok {
		request.SetBasicAuth(name, password)
	}
	w := &viewer{events: make(chan map[string]string, 1000)}
	if w.answer, err = v.client(t).Do(request); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.answer.Body.Close() })
	go w.read()
	return w
}

func (w *viewer) read() {
	defer close(w.events)
	lines := bufio.NewReader(w.answer.Body)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		var event map[string]string
		if data, ok := strings.CutPrefix(line, "data: "); ok && json.Unmarshal([]byte(data), &event) == nil {
			w.events <- event
		}
	}
}

// next returns the next event, false if the stream has ended.
func (w *viewer) next(t *testing.T) (map[string]string, bool) {
	t.Helper()
	select {
	case event, ok := <-w.events:
		return event, ok
	case <-time.After(testkit.Patience):
		t.Fatal("no event")
		return nil, false
	}
}

// The page is live: what servers get is seen as they get it, and an operator's word too.
func TestLivePage(t *testing.T) {
	config, socket := withSocket(t, farm("", named(t, "a"), named(t, "b")))
	r := run(t, config, nil)
	w := caller{}.watch(t, r.stats, "?scope=app")
	event, _ := w.next(t)
	if !strings.Contains(event["/main"], `id="app/web1"`) || strings.Contains(event["/main"], `id="web/Frontend"`) {
		t.Fatalf("the first event is not the page: %v", event)
	}
	l := startLoad("http://"+r.addr+"/", 2)
	defer l.end(t)
	for range 3 {
		l.proceed(t, 50)
		began := time.Now()
		want, err := strconv.Atoi(r.column(t, "app", "web1", "stot"))
		if err != nil {
			t.Fatal(err)
		}
		for seen := 0; seen < want; {
			event, ok := w.next(t)
			if !ok {
				t.Fatal("the stream has ended")
			}
			seen = sessions(event["app/web1"])
		}
		if took := time.Since(began); took > 5*time.Second { // about 1 s on a machine that is not loaded
			t.Errorf("a server's figures came after %v", took)
		}
	}
	order(t, socket, "set", "server", "app/web2", "state", "maint")
	for {
		event, ok := w.next(t)
		if !ok {
			t.Fatal("the stream has ended")
		}
		if strings.Contains(event["app/web2"], `class="maintain"`) {
			break
		}
	}
}

var cumulated = regexp.MustCompile(`Cum\. sessions</span> <b>([0-9\x{202f}]+)</b>`)

// sessions reads a row; 0: it is not there.
func sessions(row string) int {
	m := cumulated.FindStringSubmatch(row)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.ReplaceAll(m[1], "\u202f", ""))
	return n
}

// Viewers do not hold up the end.
func TestStopWithViewers(t *testing.T) {
	r := run(t, farm("", named(t, "a")), nil)
	var watching []*viewer
	for range 5 {
		w := caller{}.watch(t, r.stats, "")
		w.next(t)
		watching = append(watching, w)
	}
	began := time.Now()
	r.Signal(syscall.SIGTERM)
	if code := r.ExitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, w := range watching {
		for ok := true; ok; {
			_, ok = w.next(t)
		}
	}
}

// Who watches needs the right to, for as long as he does.
func TestLiveRights(t *testing.T) {
	o := guarded(t)
	for _, v := range callers() {
		if v.read == 0 {
			continue
		}
		if got := v.watch(t, o.stats, "").answer.StatusCode; got != v.read {
			t.Errorf("%s: %d, want %d", v.name, got, v.read)
		}
	}
	ops, eye := caller{fields: map[string]string{"Authorization": "ops:" + secrets[0]}}, caller{fields: map[string]string{"Authorization": "eye:" + secrets[1]}}
	operator, reader := ops.watch(t, o.stats, ""), eye.watch(t, o.stats, "")
	if event, _ := operator.next(t); !strings.Contains(event["/main"], `name="token"`) {
		t.Error("the operator has no form")
	}
	if event, _ := reader.next(t); !strings.Contains(event["/main"], `id="app/web1"`) || strings.Contains(event["/main"], `name="token"`) {
		t.Error("who may only read does not get the page, or has a form")
	}
	config, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	testkit.WriteFile(t, o.config, []byte(strings.Replace(string(config), "name: eye,", "name: other,", 1)))
	o.reload(t)
	for ok := true; ok; {
		_, ok = reader.next(t)
	}
	if got := eye.watch(t, o.stats, "").answer.StatusCode; got != 401 {
		t.Errorf("who is no user any more gets %d", got)
	}
	if _, ok := operator.next(t); !ok {
		t.Error("the operator is sent away too")
	}
	o.logged(t, fmt.Sprintf(`"what":"GET /haproxy-stats;live","why":%q`, "unknown user"))
}
