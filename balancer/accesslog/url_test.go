package accesslog

import (
	"encoding/json"
	"strings"
	"testing"
)

// Names and passwords in URLs are not logged.
func TestUserinfoIsBlankedOut(t *testing.T) {
	for sent, want := range map[string]string{
		"/a@b":                          "/a@b",
		"/http://u:secret@h/":           "/http://u:secret@h/", // a path
		"http://h/a@b":                  "http://h/a@b",
		"http://h?a@b":                  "http://h?a@b",
		"http://user:secret@h/x?y":      "http://***@h/x?y",
		"http://a@b:secret@h":           "http://***@h",
		"user:secret@h:443":             "***@h:443",
		"http://@h/":                    "http://@h/",
		"":                              "",
		"*":                             "*",
		"http://secret@" + long:         "http://***@" + long[:maxText-len("http://***@")] + cut,
		long + "://secret@" + "h/never": long[:maxText] + cut,
	} {
		x := ordinary()
		x.Target, x.Referer = []byte(sent), []byte(sent)
		got := line(&x)
		var fields struct{ Target, Referer string }
		if err := json.Unmarshal(got, &fields); err != nil || fields.Referer != want {
			t.Errorf("%.40q: referer %q, %v; want %q", sent, fields.Referer, err, want)
		}
		if len(sent) < maxText && fields.Target != want {
			t.Errorf("%.40q: target %q, want %q", sent, fields.Target, want)
		}
		if sent != "" && sent[0] != '/' && strings.Contains(string(got), "secret") {
			t.Errorf("a secret is logged: %s", got)
		}
	}
}

var long = strings.Repeat("l", 3000)

func FuzzUserinfo(f *testing.F) {
	f.Add([]byte("http://user:secret@h/x"), 10)
	f.Fuzz(func(t *testing.T, s []byte, times int) {
		x := ordinary()
		x.Target = []byte(strings.Repeat(string(s), max(1, min(times, 300))))
		x.Referer = x.Target
		checkLine(t, line(&x))
	})
}
