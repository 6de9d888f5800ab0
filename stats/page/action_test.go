package page_test

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"relais/stats/page"
)

func TestParseAction(t *testing.T) {
	for _, tt := range []struct {
		body string
		want page.Action
	}{
		{"s=web1&s=web2&action=maint&b=%234", page.Action{Backend: "#4", Servers: []string{"web1", "web2"}, Verb: "maint"}},
		{"b=app&action=shutdown&s=web1", page.Action{Backend: "app", Servers: []string{"web1"}, Verb: "shutdown"}},
		{"action=drain&b=app", page.Action{Backend: "app", Verb: "drain"}},
		{"s=a%26b&action=hnolb&reason=disk+swap%0A%20now&for=30m&b=app&token=t%2B0", page.Action{
			Backend: "app", Servers: []string{"a&b"}, Verb: "hnolb", Reason: "disk swap now", For: 30 * time.Minute, Token: "t+0"}},
		{"s=web1&action=disable&b=app", page.Action{Backend: "app", Servers: []string{"web1"}, Verb: "maint"}},
		{"s=web1&action=enable&b=app", page.Action{Backend: "app", Servers: []string{"web1"}, Verb: "ready"}},
		{"s=web1&action=stop&b=app", page.Action{Backend: "app", Servers: []string{"web1"}, Verb: "drain"}},
		{"s=web1&action=start&b=app", page.Action{Backend: "app", Servers: []string{"web1"}, Verb: "ready"}},
		{"action=maint&b=app&action=ready&b=api&for=1h&for=&submit=Apply&&=", page.Action{Backend: "api", Verb: "ready"}},
		{"action=maint&b=app&reason=" + strings.Repeat("%C3%A9", 200), page.Action{Backend: "app", Verb: "maint", Reason: strings.Repeat("é", 200)}},
	} {
		got, err := page.ParseAction([]byte(tt.body))
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %+v, %v, want %+v", tt.body, got, err, tt.want)
		}
	}
}

func TestParseActionRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       error
	}{
		{"nothing", "", page.ErrParameters},
		{"no action", "s=web1&b=app", page.ErrParameters},
		{"the empty action", "s=web1&action=&b=app", page.ErrParameters},
		{"an unknown action", "s=web1&action=explode&b=app", page.ErrParameters},
		{"an action in capitals", "s=web1&action=MAINT&b=app", page.ErrParameters},
		{"no backend", "s=web1&action=maint", page.ErrParameters},
		{"a server without a name", "s=&action=maint&b=app", page.ErrParameters},
		{"a broken escape", "s=%zz&action=maint&b=app", page.ErrParameters},
		{"no UTF-8", "s=%ff&action=maint&b=app", page.ErrParameters},
		{"a long reason", "action=maint&b=app&reason=" + strings.Repeat("a", 201), page.ErrParameters},
		{"a reason for terminals", "action=maint&b=app&reason=%1b%5b2J", page.ErrParameters},
		{"no duration", "action=maint&b=app&for=soon", page.ErrParameters},
		{"a time that has passed", "action=maint&b=app&for=-1h", page.ErrParameters},
		{"no time at all", "action=maint&b=app&for=0s", page.ErrParameters},
		{"a large body", "action=maint&b=app&s=" + strings.Repeat("a", 64<<10), page.ErrTooMuch},
		{"many servers", "action=maint&b=app" + strings.Repeat("&s=w", 10_001), page.ErrTooMuch},
	} {
		if got, err := page.ParseAction([]byte(tt.body)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %+v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	if a, err := page.ParseAction([]byte("action=maint&b=app" + strings.Repeat("&s=w", 10_000))); err != nil || len(a.Servers) != 10_000 {
		t.Errorf("%d servers: %v", len(a.Servers), err)
	}
}

// Whatever is accepted is complete, and a form with the same in it means the same in any order.
func FuzzParseAction(f *testing.F) {
	f.Add([]byte("s=web1&s=web2&action=maint&b=%234&reason=disk+swap&for=30m&token=t"))
	f.Add([]byte("action=stop&b=app&s=%C3%A9&b=&for=90s"))
	f.Add([]byte("s=%zz;&&=&action"))
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := page.ParseAction(body)
		if err != nil {
			if !errors.Is(err, page.ErrTooMuch) && !errors.Is(err, page.ErrParameters) {
				t.Fatalf("an unknown error: %v", err)
			}
			return
		}
		if a.Verb == "" || a.Backend == "" || a.For < 0 || strings.ContainsAny(a.Reason, "\n\x1b") {
			t.Fatalf("%+v was accepted", a)
		}
		form := url.Values{"b": {a.Backend}, "s": a.Servers, "action": {a.Verb}, "reason": {a.Reason}, "token": {a.Token}}
		if a.For > 0 {
			form.Set("for", a.For.String())
		}
		encoded := form.Encode()
		if len(encoded) > 64<<10 {
			return
		}
		if again, err := page.ParseAction([]byte(encoded)); err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("%+v became %+v, %v", a, again, err)
		}
	})
}
