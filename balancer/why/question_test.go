package why

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestParseQuery(t *testing.T) {
	now := began()
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for _, test := range []struct {
		args string
		want Question
	}{
		{"0af7651916cd43dd8448eb211c80319c", Question{ID: "0af7651916cd43dd8448eb211c80319c"}},
		{"last", Question{ID: "last"}},
		{"--backend app --last 10m", Question{Shares: true, Query: Query{Backend: "app", Since: ago(10 * time.Minute)}}},
		{"--backend app", Question{Shares: true, Query: Query{Backend: "app", Since: ago(5 * time.Minute)}}},
		{"backend app last 10m", Question{Shares: true, Query: Query{Backend: "app", Since: ago(10 * time.Minute)}}},
		{"--backend=app --server=web3", Question{Shares: true, Query: Query{Backend: "app", Server: "web3", Since: ago(5 * time.Minute)}}},
		{"--backend app --abnormal", Question{Query: Query{Backend: "app", Abnormal: true}}},
		{"--last 1h --client 10.1.2.3/8 --path /api --status 503 --limit 5", Question{Query: Query{
			Since: ago(time.Hour), Client: netip.MustParsePrefix("10.0.0.0/8"), Path: "/api", StatusFrom: 503, StatusTo: 503, Limit: 5,
		}}},
		{"--client 192.0.2.7", Question{Query: Query{Client: netip.MustParsePrefix("192.0.2.7/32")}}},
		{"--client 2001:db8::7", Question{Query: Query{Client: netip.MustParsePrefix("2001:db8::7/128")}}},
		{"--status 5XX", Question{Query: Query{StatusFrom: 500, StatusTo: 599}}},
		{"--since 09:58 --until 10:01:30", Question{Query: Query{Since: time.Date(2026, 11, 23, 9, 58, 0, 0, time.UTC), Until: time.Date(2026, 11, 23, 10, 1, 30, 0, time.UTC)}}},
		{"--since 23:00", Question{Query: Query{Since: time.Date(2026, 11, 22, 23, 0, 0, 0, time.UTC)}}},
		{"--since 2026-11-23T10:00:00Z", Question{Query: Query{Since: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)}}},
	} {
		t.Run(test.args, func(t *testing.T) {
			got, err := ParseQuery(strings.Fields(test.args), now)
			if err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"":                            "is expected",
		"a b":                         `"a" is not known`,
		"--colour red":                `"--colour" is not known`,
		"--last":                      "--last lacks its value",
		"--last 5":                    "--last 5: a time such as 90s, 5m or 1h30m is expected",
		"--last -5m":                  "a time such as",
		"--last 5m --last 6m":         "--last is there twice",
		"--last 5m --since 10:00":     "leave out one",
		"--since noon":                "--since noon: a moment such as",
		"--since 10:01 --until 10":    "a moment such as",
		"--since 10:01 --until 09:00": "until is not after the beginning",
		"--client nobody":             "an address or a network",
		"--status 5x":                 "a status such as 503 or 5xx",
		"--status 9xx":                "a status such as 503 or 5xx",
		"--limit 0":                   "a number from 1 to 10000",
		"--limit many":                "a number from 1 to 10000",
		"--path=":                     "something is expected",
		"--abnormal=yes":              "--abnormal takes no value",
	} {
		if _, err := ParseQuery(strings.Fields(args), began()); !errors.Is(err, ErrQuestion) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", args, err, want)
		}
	}
}

func TestParseFields(t *testing.T) {
	for fields, want := range map[string]string{
		"id=0af7651916cd43dd8448eb211c80319c path=/a": "0af7651916cd43dd8448eb211c80319c",
		"backend=app last=10m path=":                  "--backend app --last 10m",
		"backend=app server=web3 abnormal=1":          "--backend app --server web3 --abnormal",
		"client=10.1.2.3/8 status=5xx limit=20":       "--client 10.1.2.3/8 --status 5xx --limit 20",
		"since=09:58 until=10:00":                     "--since 09:58 --until 10:00",
		"last=5":                                      "last 5: a time such as 90s, 5m or 1h30m is expected",
		"last=5m since=10:00":                         "last and since are two beginnings; leave out one",
	} {
		t.Run(fields, func(t *testing.T) {
			values, err := url.ParseQuery(strings.ReplaceAll(fields, " ", "&"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := ParseFields(values.Get, began())
			if err != nil {
				if !errors.Is(err, ErrQuestion) || !strings.HasSuffix(err.Error(), ": "+want) {
					t.Errorf("got %v, want %s", err, want)
				}
				return
			}
			if asked, err := ParseQuery(strings.Fields(want), began()); err != nil || got != asked {
				t.Errorf("got %+v, want %+v (%v)", got, asked, err)
			}
		})
	}
}
