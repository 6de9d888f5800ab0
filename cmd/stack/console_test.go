package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func testConsole(out *bytes.Buffer) *console {
	return &console{
		out: out, width: len(balancerName), held: map[string][]entry{},
		now: func() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 0, time.Local) },
	}
}

func TestConsoleThroughTheLifeOfAStack(t *testing.T) {
	var out bytes.Buffer
	c := testConsole(&out)
	log := func(name, level, message string) {
		c.writer(name)(fmt.Sprintf(`{"level":%q,"message":%q}`, level, message))
	}
	log("balancer", "info", "held back")
	log("balancer", "warn", "shown later")
	c.print("the table\n")
	c.open()
	log("web1", "info", "listening")
	log("web1", "debug", "too much")
	c.say(zerolog.WarnLevel, "web1 died")
	c.hush()
	log("web1", "info", "stopped")
	log("web1", "error", "trouble")
	c.writer("web1")("panic: a trace")
	want := `the table
balancer | 20:00:00 WARN  shown later
web1     | 20:00:00 INFO  listening
stack    | 20:00:00 WARN  web1 died
web1     | 20:00:00 ERROR trouble
web1     | 20:00:00       panic: a trace
`
	if out.String() != want {
		t.Errorf("got:\n%swant:\n%s", out.String(), want)
	}
}

func TestLastWordsAreTheLastLines(t *testing.T) {
	var out bytes.Buffer
	c := testConsole(&out)
	for i := range maxHeld + 5 {
		c.writer("web1")(fmt.Sprintf("line %d", i))
	}
	c.writer("web2")("another one's")
	words := c.lastWords("web1")
	if len(words) != maxHeld || !strings.HasSuffix(words[0], " line 5\n") || !strings.HasSuffix(words[maxHeld-1], " line 24\n") {
		t.Errorf("last words %q", words)
	}
	c.hush()
	if out.Len() > 0 {
		t.Errorf("shown as well: %s", out.String())
	}
}

func TestColors(t *testing.T) {
	var out bytes.Buffer
	c := testConsole(&out)
	c.colors, c.color = true, map[string]int{"web1": 36}
	c.open()
	c.writer("web1")(`{"level":"warn","message":"careful"}`)
	want := "\x1b[36mweb1     |\x1b[0m 20:00:00 \x1b[33mWARN \x1b[0m careful\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestLinesAreNotTorn(t *testing.T) {
	var out bytes.Buffer
	c := testConsole(&out)
	c.open()
	var writers sync.WaitGroup
	for i := range 8 {
		write := c.writer(fmt.Sprintf("web%d", i+1))
		writers.Go(func() {
			for range 100 {
				write(strings.Repeat(fmt.Sprint(i+1), 100))
			}
		})
	}
	writers.Wait()
	for line := range strings.Lines(out.String()) {
		who := line[len("web"):][:1]
		if want := "web" + who + "     | 20:00:00       " + strings.Repeat(who, 100) + "\n"; line != want {
			t.Fatalf("torn: %q", line)
		}
	}
}
