package page_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/page"
	"relais/stats/statstest"
)

// What changes is sent, and nothing else.
func TestEvent(t *testing.T) {
	rows := func(s *stats.Snapshot) []stats.Row { return s.Proxies[2].Rows } // of app
	for _, tt := range []struct {
		name   string
		change func(*stats.Snapshot)
		want   []string
	}{
		{"nothing", func(*stats.Snapshot) {}, nil},
		{"a counter of a server", func(s *stats.Snapshot) { rows(s)[0].SessionsTotal++ }, []string{"app/web1"}},
		{"its first tip", func(s *stats.Snapshot) { rows(s)[5].BytesIn += 1 << 20 }, []string{"app/web6"}},
		{"the backend", func(s *stats.Snapshot) { rows(s)[len(rows(s))-1].Sessions++ }, []string{"app/Backend"}},
		{"a frontend", func(s *stats.Snapshot) { s.Proxies[0].Rows[0].Requests++ }, []string{"web/Frontend"}},
		{"the process", func(s *stats.Snapshot) { s.Process.Requests++ }, []string{"/process"}},
		{"the configuration on disk", func(s *stats.Snapshot) { s.Process.ConfigPending = true }, []string{"/banners"}},
		{"a server goes down", func(s *stats.Snapshot) { rows(s)[0].Health = stats.Down }, []string{"/about/app", "/summary", "app/web1"}},
		{"a server is added", func(s *stats.Snapshot) {
			s.Proxies[2].Rows = slices.Insert(rows(s), 0, stats.Row{Scope: stats.Server, Proxy: "app", Server: "new"})
		}, []string{"app"}},
		{"servers change places", func(s *stats.Snapshot) { rows(s)[0], rows(s)[5] = rows(s)[5], rows(s)[0] }, []string{"app"}},
		{"a proxy goes", func(s *stats.Snapshot) { s.Proxies = s.Proxies[1:] }, []string{"/failures", "/tables"}},
		{"everything is all right", func(s *stats.Snapshot) { s.Proxies = statstest.Healthy().Proxies }, []string{"/summary", "/tables", "/title"}},
	} {
		s := statstest.Sample()
		before := next(t, nil, &s, where)
		s.Proxies = slices.Clone(s.Proxies)
		s.Proxies[2].Rows, s.Proxies[0].Rows = slices.Clone(rows(&s)), slices.Clone(s.Proxies[0].Rows)
		tt.change(&s)
		after := next(t, before, &s, where)
		got := changes(t, after.Event(before.Number()))
		if ids := slices.Sorted(maps.Keys(got)); !slices.Equal(ids, tt.want) {
			t.Errorf("%s: %q are sent, want %q", tt.name, ids, tt.want)
		}
		html := string(render(t, s, where))
		for id, part := range got {
			if !strings.Contains(html, part) || !strings.Contains(part, ` id="`+id+`"`) {
				t.Errorf("%s: %s is not what the page has:\n%s", tt.name, id, part)
			}
		}
		if still := next(t, after, &s, where); still.Event(after.Number()) != nil {
			t.Errorf("%s: it is sent twice", tt.name)
		}
	}
}

// A second later, only what tells the time has changed: no table is sent as a whole.
func TestEventOfASecond(t *testing.T) {
	s := statstest.Operated()
	before := next(t, nil, &s, admin(""))
	s.Now = s.Now.Add(time.Second)
	event := next(t, before, &s, admin("")).Event(before.Number())
	for id := range changes(t, event) {
		if id == "/main" || id == "app" || id == "/banners" {
			t.Errorf("%s is sent every second", id)
		}
	}
	if len(event) > 32<<10 {
		t.Errorf("%d bytes are sent every second", len(event))
	}
}

// Who has missed frames gets what each of them has changed, as it is now; who has seen none gets
// everything. What is sent has the id of the page that is open.
func TestEventOfSeveralFrames(t *testing.T) {
	s := statstest.Sample()
	first := next(t, nil, &s, where)
	last, stamp := first, strings.TrimPrefix(strings.Split(string(first.Event(0)), "\n")[0], "id: ")
	for i := range 4 {
		s.Proxies[2].Rows[i%2].SessionsTotal += 1000
		last = next(t, last, &s, where)
	}
	got := changes(t, last.Event(first.Number()))
	if ids := slices.Sorted(maps.Keys(got)); !slices.Equal(ids, []string{"app/web1", "app/web2"}) {
		t.Errorf("%q are sent", ids)
	}
	if ids := slices.Sorted(maps.Keys(changes(t, last.Event(0)))); !slices.Equal(ids, []string{"/header", "/main", "/title"}) {
		t.Errorf("who is new gets %q", ids)
	}
	if stamp == "" || !bytes.HasPrefix(last.Event(0), []byte("id: "+stamp+"\ndata: ")) {
		t.Errorf("the id %q does not last", stamp)
	}
}

// What others have put into names and messages stays text.
func TestEventIsEscaped(t *testing.T) {
	s := statstest.Sample()
	s.Process.ReloadFault = "\"</p><script>alert(1)</script>\ndata: {}\n\nevent: x"
	event := next(t, nil, &s, where).Event(0)
	if bytes.Contains(event, []byte("<script")) {
		t.Errorf("a script gets in:\n%s", event)
	}
	if lines := strings.Split(strings.TrimRight(string(event), "\n"), "\n"); len(lines) != 2 {
		t.Errorf("the event has %d lines, want its id and its data", len(lines))
	}
	if html := changes(t, event)["/main"]; !strings.Contains(html, "&lt;script&gt;alert(1)") {
		t.Error("the message is not there")
	}
}

// BenchmarkFrame is what a second of watching a thousand servers costs, of which all have changed.
func BenchmarkFrame(b *testing.B) {
	for name, changed := range map[string]int{"idle": 0, "busy": 1000} {
		b.Run(name, func(b *testing.B) {
			s := statstest.Large(1000)
			var last *page.Frame
			b.ReportAllocs()
			for b.Loop() {
				for i := range changed {
					s.Proxies[1].Rows[i].SessionsTotal++
				}
				last = next(b, last, &s, where)
				b.SetBytes(int64(len(last.Event(last.Number() - 1))))
			}
		})
	}
}

// BenchmarkEvent is what each further viewer costs: the frame is there.
func BenchmarkEvent(b *testing.B) {
	s := statstest.Large(1000)
	first := next(b, nil, &s, where)
	for i := range 1000 {
		s.Proxies[1].Rows[i].SessionsTotal++
	}
	last := next(b, first, &s, where)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.Discard.Write(last.Event(first.Number())); err != nil {
			b.Fatal(err)
		}
	}
}

func next(t testing.TB, last *page.Frame, s *stats.Snapshot, o page.Options) *page.Frame {
	t.Helper()
	f, err := page.NextFrame(last, s, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// changes reads the data of an event.
func changes(t *testing.T, event []byte) (html map[string]string) {
	t.Helper()
	if event == nil {
		return nil
	}
	_, data, _ := strings.Cut(string(event), "\ndata: ")
	if err := json.Unmarshal([]byte(data), &html); err != nil || !strings.HasSuffix(data, "\n\n") {
		t.Fatalf("%v in %s", err, data)
	}
	return html
}
