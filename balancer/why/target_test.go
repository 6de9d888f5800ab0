package why

import (
	"strings"
	"testing"
)

// Names and passwords in targets are not remembered.
func TestNoPasswordIsKept(t *testing.T) {
	long := strings.Repeat("a", 2*maxTarget)
	for sent, want := range map[string]string{
		"":                              "",
		"*":                             "*",
		"/a@b":                          "/a@b",
		"/http://u:secret@h/":           "/http://u:secret@h/", // a path
		"/" + long:                      "/" + long[1:maxTarget],
		"http://h/a@b":                  "http://h/a@b",
		"http://user:secret@h/x?y":      "http://***@h/x?y",
		"http://a@b:secret@h":           "http://***@h",
		"user:secret@h:443":             "***@h:443",
		"http://@h/":                    "http://@h/",
		"http://u:secret" + long + "@h": "http://***@h",
	} {
		m := New(Options{})
		m.Keep(&Record{ID: []byte("id"), Target: []byte(sent)})
		if got := string(m.Find([]byte("id"))[0].Target); got != want {
			t.Errorf("%.40q: %q is remembered, want %q", sent, got, want)
		}
	}
}
