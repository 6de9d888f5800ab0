package main

import (
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestParseEntry(t *testing.T) {
	now := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	then := time.Date(2026, 11, 22, 12, 45, 10, 0, time.UTC)
	tests := []struct {
		name, line string
		level      zerolog.Level
		at         time.Time
		want       string // lines, each with its newline
	}{
		{
			"own log", `{"level":"info","version":"0.1.0","time":"2026-11-22T12:45:10Z","message":"started"}`,
			zerolog.InfoLevel, then, "started\n",
		},
		{
			"error and hint", `{"level":"warn","error":"disk full","hint":"make room","time":"2026-11-22T12:45:10Z","message":"database lost"}`,
			zerolog.WarnLevel, then, "database lost: disk full (make room)\n",
		},
		{
			"address", `{"level":"info","address":"127.0.0.1:5001","database":"sqlite x","time":"2026-11-22T12:45:10Z","message":"listening"}`,
			zerolog.InfoLevel, then, "listening on 127.0.0.1:5001\n",
		},
		{
			"panic with its stack", `{"level":"error","panic":"nil map","path":"/x","stack":"main.f()\n\tmain.go:1\n","time":"2026-11-22T12:45:10Z","message":"request panicked"}`,
			zerolog.ErrorLevel, then, "request panicked /x: nil map\nmain.f()\n    main.go:1\n",
		},
		{
			"request", `{"time":"2026-11-22T12:45:10.000000Z","server":"web1","method":"GET","target":"/a?b=1","status":200,"total_ms":1.26,"termination":"----"}`,
			zerolog.InfoLevel, then, "GET /a?b=1 200 from web1 in 1.3 ms\n",
		},
		{
			"request that nobody answered", `{"time":"2026-11-22T12:45:10Z","server":"","method":"GET","target":"/","status":503,"total_ms":0,"reason":"no usable server"}`,
			zerolog.InfoLevel, then, "GET / 503 in 0.0 ms: no usable server\n",
		},
		{
			"bad request", `{"time":"2026-11-22T12:45:10Z","status":400,"total_ms":0,"reason":"no host"}`,
			zerolog.InfoLevel, then, "- - 400 in 0.0 ms: no host\n",
		},
		{
			"dropped lines", `{"time":"2026-11-22T12:45:10Z","dropped":12,"reason":"their reader is too slow"}`,
			zerolog.WarnLevel, then, "12 lines are missing here: their reader is too slow\n",
		},
		{
			"escape sequence in a value", `{"level":"info","time":"2026-11-22T12:45:10Z","message":"a\u001b[2Jb\nc\u202e"}`,
			zerolog.InfoLevel, then, `a\x1b[2Jb\nc\u202e` + "\n",
		},
		{"without time and level", `{"message":"hello"}`, zerolog.InfoLevel, now, "hello\n"},
		{"JSON that says nothing", `{"a":1}`, zerolog.InfoLevel, now, `{"a":1}` + "\n"},
		{"plain", "webapp: listen: in use", zerolog.NoLevel, now, "webapp: listen: in use\n"},
		{"cut JSON", `{"level":"info","mess…`, zerolog.NoLevel, now, `{"level":"info","mess…` + "\n"},
		{"other JSON", `{"status":"healthy"}`, zerolog.NoLevel, now, `{"status":"healthy"}` + "\n"},
		{"no text", "a\xff\x00b ä €", zerolog.NoLevel, now, `a\xff\x00b ä €` + "\n"},
		{"long", strings.Repeat("ä", 501), zerolog.NoLevel, now, strings.Repeat("ä", 500) + "…\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseEntry(tt.line, now)
			if got.level != tt.level || !got.at.Equal(tt.at) {
				t.Errorf("level %v at %v, want %v at %v", got.level, got.at, tt.level, tt.at)
			}
			if text := strings.Join(got.lines, "\n") + "\n"; text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}

// Whatever a process writes, the terminal gets printable characters only, and few of them.
func FuzzParseEntry(f *testing.F) {
	f.Fuzz(func(t *testing.T, line string) {
		for _, shown := range parseEntry(line, time.Time{}).lines {
			if len([]rune(shown)) > 10*(maxShown+1) || strings.ContainsFunc(shown, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%q is shown as %q", line, shown)
			}
		}
	})
}
