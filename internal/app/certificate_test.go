package app

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"relais/internal/testkit"
	"relais/stats"
)

func TestExpiry(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		left time.Duration
		want string
	}{
		{15 * 24 * time.Hour, ""},
		{14 * 24 * time.Hour, "soon"},
		{time.Second, "soon"},
		{-time.Second, "has expired"},
	} {
		if got := expiry(now.Add(test.left), now); !strings.Contains(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%v before the end: %q", test.left, got)
		}
	}
}

// TestCertificatesAreWatched looks at two certificates for 16 days.
func TestCertificatesAreWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log testkit.Output
		end := time.Now().Add(15*24*time.Hour + time.Hour)
		a := &App{log: zerolog.New(&log), binds: []*bindServer{{shown: []stats.Certificate{
			{File: "short.pem", NotAfter: end}, {File: "long.pem", NotAfter: end.Add(90 * 24 * time.Hour)},
		}}}}
		ctx, cancel := context.WithTimeout(t.Context(), 16*24*time.Hour+time.Hour)
		defer cancel()
		a.watchCertificates(ctx)
		said := log.String()
		if early, late := strings.Count(said, "expires soon"), strings.Count(said, "has expired"); early != 14 || late != 1 || strings.Contains(said, "long.pem") {
			t.Errorf("%d warnings before and %d after the end:\n%s", early, late, said)
		}
	})
}
