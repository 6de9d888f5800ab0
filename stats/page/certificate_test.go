package page

import (
	"slices"
	"testing"
	"time"

	"relais/stats"
	"relais/stats/statstest"
)

func TestCertificates(t *testing.T) {
	day := 24 * time.Hour
	for _, tt := range []struct {
		left               time.Duration
		words, level, line string
	}{
		{81 * day, "81 days", "", "All 3 servers of app are up"},
		{14 * day, "14 days", "", "All 3 servers of app are up"},
		{14*day - time.Second, "13 days", "warn", "The certificate of a.example, b.example on :8443 expires in 13 d 23 h"},
		{5 * time.Hour, "5 h", "warn", "The certificate of a.example, b.example on :8443 expires in 5 h"},
		{0, "expired", "bad", "The certificate of a.example, b.example on :8443 has expired 0 s ago"},
		{-3 * day, "expired", "bad", "The certificate of a.example, b.example on :8443 has expired 3 d ago"},
	} {
		s := statstest.Healthy()
		s.Certificates = []stats.Certificate{{Bind: ":8443", Names: []string{"a.example", "b.example"}, NotAfter: s.Now.Add(tt.left)}}
		if got := newCertificates(&s)[0]; plain(got.Left) != tt.words || got.Level != tt.level || got.Mark != mark(tt.level) {
			t.Errorf("%s: %+v", tt.left, got)
		}
		level := tt.level
		if level == "" {
			level = "good"
		}
		if got := summarize(&s); got.Level != level || plain(got.Line) != tt.line {
			t.Errorf("%s: %s: %q", tt.left, got.Level, got.Line)
		}
	}
}

// Those that end first come first; one that names nothing has its file.
func TestCertificatesAreSorted(t *testing.T) {
	s := statstest.Busy()
	var names []string
	for _, c := range newCertificates(&s) {
		names = append(names, c.Names)
	}
	if want := []string{"/etc/relais/old.pem", "api.example.com", "www.example.com, example.com"}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}
