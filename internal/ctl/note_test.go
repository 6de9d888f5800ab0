package ctl

import (
	"reflect"
	"testing"
	"time"
)

func TestCutNote(t *testing.T) {
	for _, tt := range []struct {
		words []string
		rest  []string
		note  Note
		fails bool
	}{
		{words: []string{"b/s"}, rest: []string{"b/s"}},
		{words: []string{"b/s", "reason", "disk full"}, rest: []string{"b/s"}, note: Note{Reason: "disk full"}},
		{words: []string{"b/s", "for", "2h30m", "reason", "x"}, rest: []string{"b/s"}, note: Note{Reason: "x", For: 150 * time.Minute}},
		{words: []string{"b/s", "reason", "x", "for", "1d"}, rest: []string{"b/s"}, note: Note{Reason: "x", For: 24 * time.Hour}},
		{words: []string{"b/s", "for", "a while"}, fails: true},
		{words: []string{"b/s", "for", "30"}, fails: true},
		{words: []string{"b/s", "for", "-3m"}, fails: true},
		{words: []string{"b/s", "for", "0s"}, fails: true},
		{words: []string{"b/s", "reason"}, rest: []string{"b/s", "reason"}},
	} {
		rest, note, err := cutNote(tt.words, "")
		if (err != nil) != tt.fails || !tt.fails && (!reflect.DeepEqual(rest, tt.rest) || note != tt.note) {
			t.Errorf("%q: %q, %+v, %v", tt.words, rest, note, err)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5": 5 * time.Second, "5s": 5 * time.Second, "100ms": 100 * time.Millisecond, "10us": 10 * time.Microsecond,
		"1d": 24 * time.Hour, "1d12h": 36 * time.Hour, "1h30m": 90 * time.Minute, "1.5h": 90 * time.Minute,
		"": -1, "x": -1, "-1s": -1, "d": -1, "1d-1h": -1, "99999999999s": -1, "70000d": -1, "1dd": -1,
	} {
		got, err := parseDuration(text, time.Second)
		if want < 0 && err == nil && got <= longestTimeout || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
}
