package ctl

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relais/internal/testkit"
	"relais/internal/testkit/golden"
)

func streams() []Stream {
	began := time.Now().Add(-65 * time.Second)
	return []Stream{
		{ID: "0x1f", Proto: "tcpv4", Source: "192.0.2.1:4711", Frontend: "fe", Backend: "be", Server: "s1", Began: began, Requests: 3, Generation: 2, BytesIn: 10, BytesOut: 20, URI: "/a b\n"},
		{ID: "0x20", Proto: "tcpv6", Source: "[2001:db8::1]:4712", Frontend: "fe", Began: began.Add(time.Minute)},
	}
}

func refusals() []Refusal {
	at := time.Date(2026, 11, 23, 4, 43, 46, 446e6, time.UTC)
	return []Refusal{
		{At: at, Frontend: "fe", FrontID: 2, Number: 7, Source: "127.0.0.1:32936", Reason: "a blank in a field's name", Position: 19,
			Text: []byte("GET / HTTP/1.1\r\nbad name: x\r\nHost: " + strings.Repeat("a", 90) + "\r\n\x01tail\\\t\r\n\r\n")},
		{At: at, Frontend: "fe", FrontID: 2, Backend: "be", BackID: 3, Server: "s1", ServerID: 1, Answer: true, Number: 8, Source: "127.0.0.1:32937", Reason: "two lengths", Position: -1,
			Text: []byte("HTTP/1.1 200 OK\r\n")},
	}
}

func TestShowGolden(t *testing.T) {
	b := newFake()
	b.streams, b.refusals = streams(), refusals()
	b.servers[0].SRV, b.servers[0].HostName, b.servers[0].CheckPort, b.servers[0].TLS = "_http._tcp.example", "s1.example", 8080, true
	b.servers[1].Up, b.servers[1].Check = false, &Check{Status: "* L4CON", Running: true, Enabled: true, Level: 1}
	b.servers[3].Starting, b.servers[3].LastChange = true, 90*time.Second
	b.servers[4].NoLB = true
	path := serve(t, quick(b), Admin)
	for name, commands := range map[string]string{
		"sess":    "show sess;show sess show-uri server be/s1;show sess older 30s;show sess susp;show sess 0x1F;show sess 0x99",
		"errors":  "show errors;show errors fe request;show errors 3 response;show errors response;show errors be request",
		"servers": "show servers state;show servers state st;show servers conn be",
		"stat":    "show stat;show stat be 4 1 typed;show stat be 2 -1 up",
		"help":    "help;help set server;show;set maxconn;shwo stat;wiat",
	} {
		got := ask(t, path, commands+"\n")
		got = dates.ReplaceAllString(got, "[DATE]")
		got = ages.ReplaceAllString(got, " age=AGE ")
		golden.Check(t, name, got)
	}
}

var ages = regexp.MustCompile(` age=\S+ `)

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{-1: "0s", 59 * time.Second: "59s", 65 * time.Second: "1m5s", 3*time.Hour + 65*time.Second: "3h1m", 50 * time.Hour: "2d2h"} {
		if got := elapsed(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// What a user must not see is not in "show stat", in no format.
func TestUserSeesNoAddresses(t *testing.T) {
	path := serve(t, quick(newFake()), User)
	for _, command := range []string{"show stat", "show stat typed", "show stat json"} {
		if got := ask(t, path, command+"\n"); strings.Contains(got, "127.0.0.1") || strings.Contains(got, "roundrobin") {
			t.Errorf("%s shows addresses or algorithms to a user", command)
		}
	}
}

func TestJSONIsJSON(t *testing.T) {
	path := serve(t, quick(newFake()), Admin)
	for _, command := range []string{"show info json", "show stat json", "show schema json", "show orders json"} {
		got := ask(t, path, command+"\n")
		if !json.Valid([]byte(got)) || !strings.HasSuffix(got, "\n\n") {
			t.Errorf("%s: %q", command, short(got))
		}
	}
}

// A program that scripts HAProxy with socat sees the answer and the end.
func TestSocat(t *testing.T) {
	socat := testkit.Program(t, "socat")
	path := serve(t, quick(newFake()), Admin)
	for range 3 {
		cmd := exec.Command(socat, "stdio", path)
		cmd.Stdin = strings.NewReader("show backend;get weight be/s1\n")
		out, err := cmd.Output()
		if want := "# name\nbe\nst\n\n10 (initial 10)\n\n"; err != nil || string(out) != want {
			t.Errorf("socat: %q, %v", out, err)
		}
	}
}

func TestDo(t *testing.T) {
	path := serve(t, quick(newFake()), Admin)
	for command, want := range map[string]struct {
		answer string
		err    error
	}{
		"show version":                    {"1.2.3\n\n", nil},
		"set weight be/s1 3":              {"\n", nil},
		"set weight be/xx 3":              {"No such server.\n\n", ErrAnswer},
		"set weight be/xx 3;show version": {"No such server.\n\n1.2.3\n\n", ErrAnswer},
		"show sess 0x33":                  {"Session not found.\n\n", ErrAnswer},
		"enable frontend fe":              {"All sockets are already enabled.\n\n", nil},
		"quit":                            {"", nil},
		Join([]string{"echo", "a;b c"}):   {"a;b c\n\n", nil},
	} {
		var out strings.Builder
		err := Do(t.Context(), path, command, &out)
		if out.String() != want.answer || err != want.err {
			t.Errorf("%s: %q, %v; want %q, %v", command, out.String(), err, want.answer, want.err)
		}
	}
	if err := Do(t.Context(), path, "xyz", &strings.Builder{}); err != ErrAnswer {
		t.Errorf("an unknown command: %v", err)
	}
	if err := Do(t.Context(), filepath.Join(t.TempDir(), "none"), "show version", os.Stdout); err == nil || err == ErrAnswer {
		t.Errorf("no socket: %v", err)
	}
}

// An answer that stops half-way is not taken for a whole one.
func TestDoTellsOfACutAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan struct{})
	defer close(told)
	cut := Command{Words: []string{"cut"}, Run: func([]string, Note, func(string, ...any)) error {
		cancel()
		<-told
		return nil
	}}
	path := serve(t, quick(newFake(), cut), User)
	if err := Do(ctx, path, "cut", &strings.Builder{}); err == nil || err == ErrAnswer {
		t.Errorf("a cut answer: %v", err)
	}
}

func TestInteract(t *testing.T) {
	path := serve(t, quick(newFake()), User)
	var out strings.Builder
	if err := Interact(t.Context(), path, strings.NewReader("show version\nquit\n"), &out); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "\n\n> 1.2.3\n\n> "; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
