package app

import (
	"errors"
	"strings"
	"testing"
	"time"

	"relais/balancer/why"
)

func TestFindByID(t *testing.T) {
	m := why.New(why.Options{})
	began := time.Date(2026, 11, 23, 10, 2, 11, 0, time.UTC)
	for i, id := range []string{"aa", "bb", "cc"} {
		r := &why.Record{Began: began.Add(time.Duration(i) * time.Minute), ID: []byte(id), ClientID: []byte("twice"), Frontend: "web", Method: []byte("GET"), Status: 503}
		if id == "cc" {
			r.ClientID, r.Status = nil, 308
		}
		m.Keep(r)
	}
	for id, want := range map[string]string{
		"aa":     "request     aa\n",
		"twice":  "\nbb\t2026-11-23T10:03:11.000Z\t-\tGET \t503\t",
		"nobody": "no such request is remembered: ordinary ones: since 2026-11-23 10:04:11 UTC; those that failed, were tried again, waited or were slow: since 2026-11-23 10:02:11 UTC",
	} {
		var b strings.Builder
		answer, err := find(m, why.Question{ID: id})
		if errors.Is(err, errNotRemembered) {
			b.WriteString(err.Error())
		} else if err != nil || answer.Write(&b) != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.String(), want) {
			t.Errorf("%s: %s", id, b.String())
		}
	}
}
