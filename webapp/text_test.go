package webapp

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever is sent, a message that is accepted can be stored and shown, and a refusal is the
// sender's fault.
func FuzzJSONText(f *testing.F) {
	for _, seed := range []string{
		`{"text":"hello"}`, `{"text":" \ud83e\udd8a\r\n "}`, `{"text":"\ud800"}`, `{"text":"\u0000"}`, `{"TEXT":"a","text":null}`,
		`[]`, `"`, "{\"text\":\"\xff\"}", strings.Repeat("[", 200), ``,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/api/messages", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		text, fault := jsonText(httptest.NewRecorder(), r)
		if fault != nil {
			if fault.status < 400 || fault.status > 499 || fault.text == "" {
				t.Errorf("refused with %+v", fault)
			}
			return
		}
		length := utf8.RuneCountInString(text)
		if !utf8.ValidString(text) || length < 1 || length > maxText || text != strings.TrimSpace(text) || strings.ContainsAny(text, "\x00\r\x1b") {
			t.Errorf("accepted %q", text)
		}
	})
}
