package ctl

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A change arrives with who, why and for how long.
func TestNoteReachesTheBalancer(t *testing.T) {
	b := newFake()
	path := serve(t, quick(b), Admin)
	if got := ask(t, path, `set server be/s1 state maint reason "disk; full" for 1h30m`+"\n"); got != "\n" {
		t.Fatalf("answer %q", got)
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	want := Note{By: u.Username + " (pid " + strconv.Itoa(os.Getpid()) + ")", Reason: "disk; full", For: 90 * time.Minute}
	if b.notes[0] != want {
		t.Errorf("note %+v, want %+v", b.notes[0], want)
	}
	got := ask(t, path, "show orders\n")
	if line := "be/s1\tstate maint\t" + want.By + "\t2026-11-23T04:00:00Z\t2026-11-23T05:30:00Z\tdisk; full\n\n"; !strings.HasSuffix(got, line) {
		t.Errorf("orders %q, want at the end %q", got, line)
	}
	got = ask(t, path, "show orders json\n")
	if json := `[{"object":"be/s1","what":"state maint","by":"` + want.By + `","at":"2026-11-23T04:00:00Z","reason":"disk; full","until":"2026-11-23T05:30:00Z"}]` + "\n\n"; got != json {
		t.Errorf("orders %s, want %s", got, json)
	}
}

func TestChangesReachTheBalancer(t *testing.T) {
	for command, want := range map[string]string{
		"disable server be/s1":                       "state maint be/s1",
		"enable server #3/#1":                        "state ready be/s1",
		"set server be/s1 state drain":               "state drain be/s1",
		"set weight be/s1 50%":                       "weight 5 be/s1",
		"set server be/s2 weight 7":                  "weight 7 be/s2",
		"set maxconn server be/s1 3":                 "maxconn 3 be/s1",
		"set maxconn frontend #2 9":                  "frontend fe maxconn 9",
		"set maxconn global 9":                       "maxconn 9",
		"disable frontend fe":                        "frontend fe false",
		"shutdown frontend fe":                       "shutdown fe",
		"shutdown sessions server be/s1":             "shutdown streams be/s1",
		"set server be/s1 health stopping":           "health stopping be/s1",
		"set server be/s2 agent down":                "agent false be/s2",
		"disable health be/s1":                       "check false be/s1",
		"disable agent be/s2":                        "agent checks false be/s2",
		"set server be/s1 addr ::1 port 81":          "addr ::1 81 be/s1",
		"set server be/s1 check-port 81":             "check-addr  81 be/s1",
		"set server be/s1 check-addr 127.0.0.3":      "check-addr 127.0.0.3 0 be/s1",
		"set server be/s2 agent-addr 1.1.1.1 port 5": "agent-addr 1.1.1.1 5 be/s2",
		`set server be/s2 agent-send a\ b`:           `agent-send "a b" be/s2`,
		"clear counters all":                         "clear true",
		"clear counters server be/s1":                "clear counters be/s1",
		"add server be/n [::1]:80 weight 3 maxconn 4 backup check agent-check send-proxy-v2 ssl verify none sni str(a.b) ca-file /x cookie c track be/s1": "add {Address:[::1]:80 Weight:3 Maxconn:4 Backup:true Check:true Agent:true SendProxy:v2 TLS:true Verify:false CA:/x SNI:a.b Cookie:c Track:be/s1} be/n",
		"add server be/n unix@/s ssl": "add {Address:unix@/s Weight:1 Maxconn:0 Backup:false Check:false Agent:false SendProxy: TLS:true Verify:true CA: SNI: Cookie: Track:} be/n",
	} {
		b := newFake()
		ask(t, serve(t, quick(b), Admin), command+"\n")
		if len(b.done) != 1 || b.done[0] != want {
			t.Errorf("%s: %q, want %q", command, b.done, want)
		}
	}
}

func TestNothingWithoutTheRight(t *testing.T) {
	for _, c := range quick(newFake()).commands {
		for _, level := range []Level{User, Operator} {
			b := newFake()
			got := ask(t, serve(t, quick(b), level), strings.Join(c.words, " ")+" be/s1 10\n")
			if denied := got == "Permission denied\n\n"; denied != (level < c.level) && c.words[0] != "operator" {
				t.Errorf("%v at level %s: %q", c.words, level, short(got))
			}
			if len(b.done) > 0 && (level < c.level || c.level == User) {
				t.Errorf("%v at level %s did %q", c.words, level, b.done)
			}
		}
	}
}

// What cannot be set back takes a reason and no time.
func TestNoTimeForWhatCannotBeSetBack(t *testing.T) {
	b := newFake()
	path := serve(t, quick(b), Admin)
	for command, named := range map[string]string{
		"shutdown frontend fe":                "shutdown frontend",
		"add server be/s9 10.0.0.9:80":        "add server",
		"disable health be/s1":                "disable health",
		"set server be/s1 addr 10.0.0.9":      "set server <srv> addr",
		"set server be/s1 health down":        "set server <srv> health",
		"set server be/s1 check-port 81":      "set server <srv> check-port",
		"set server be/s1 fqdn a.example.com": "set server <srv> fqdn",
	} {
		if got, want := ask(t, path, command+" for 5m\n"), "'"+named+"' cannot be set back after a time: leave out 'for'.\n\n"; got != want || len(b.done) > 0 {
			t.Errorf("%s: answer %q, done %q", command, got, b.done)
		}
	}
	if got := ask(t, path, "shutdown frontend fe reason moved\n"); got != "\n" || b.notes[0].Reason != "moved" {
		t.Errorf("answer %q, notes %+v", got, b.notes)
	}
}

// A half-sent line is no command: it may have lost its end.
func TestHalfALineIsNotRun(t *testing.T) {
	b := newFake()
	if got := ask(t, serve(t, quick(b), Admin), "set weight be/s1 1"); got != "" || len(b.done) > 0 {
		t.Errorf("answer %q, done %q", got, b.done)
	}
}

func TestLimitsOfInput(t *testing.T) {
	path := serve(t, quick(newFake()), Admin)
	const refusal = "Input is too long.\n\n"
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, strings.Repeat("x", maxLine))
	if got, _ := io.ReadAll(conn); string(got) != refusal {
		t.Errorf("a long line: %q", got)
	}
	conn, err = net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = io.WriteString(conn, "echo <<\n"+strings.Repeat(strings.Repeat("y", 1023)+"\n", 200)) }()
	if got, _ := io.ReadAll(conn); string(got) != refusal {
		t.Errorf("a long payload: %q", got)
	}
	if got := ask(t, path, "echo a <<END\nx\n\ny\nEND\n"); got != "a\n\n" {
		t.Errorf("a payload with a pattern: %q", got)
	}
}

func TestPanicIsOneAnswer(t *testing.T) {
	var told atomic.Value
	broken := Command{Words: []string{"show", "broken"}, Run: func([]string, Note, func(string, ...any)) error { panic("oh") }}
	c := New(newFake(), Options{Version: "1.2.3", Panicked: func(command string, value any, _ []byte) { told.Store(command) }}, broken)
	if got, want := ask(t, serve(t, c, Admin), "show broken;show version\n"), "Internal error: the command has failed.\n\n1.2.3\n\n"; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	if told.Load() != "show broken" {
		t.Errorf("told of %v", told.Load())
	}
}

func TestOwnCommand(t *testing.T) {
	var args []string
	var note Note
	reload := Command{Words: []string{"reload"}, Usage: "[now]", Help: "read the configuration again", Level: Admin,
		Run: func(a []string, n Note, say func(string, ...any)) error {
			args, note = a, n
			say("read\n\n%d frontends", 2)
			return errors.New("one was bad")
		}}
	c := quick(newFake(), reload)
	if got, want := ask(t, serve(t, c, Admin), "reload now reason x\n"), "read\n2 frontends\none was bad\n\n"; got != want {
		t.Errorf("answer %q, want %q", got, want)
	}
	if len(args) != 1 || args[0] != "now" || note.Reason != "x" {
		t.Errorf("args %q, note %+v", args, note)
	}
	if got := ask(t, serve(t, c, Operator), "reload\n"); got != "Permission denied\n\n" {
		t.Errorf("an operator: %q", got)
	}
	if got := ask(t, serve(t, c, User), "reloat\n"); !strings.Contains(got, "  reload [now]                            : read the configuration again\n") {
		t.Errorf("nothing of it in %q", got)
	}
}

func TestPrompt(t *testing.T) {
	path := serve(t, quick(newFake()), Admin)
	for sent, want := range map[string]string{
		"prompt i\necho a\necho b\n":                   "\na\n\nb\n\n",
		"prompt\necho a <<\nfoo\n\nquit\n":             "\n> + + a\n\n> ",
		"prompt n\necho a\n":                           "\na\n\n",
		"set severity-output string\nshow cli level\n": "\n[info]: admin\n\n",
		"prompt timed p\n":                             "\n[0:00:00:00]> ",
	} {
		if got := ask(t, path, sent); got != want {
			t.Errorf("%q: %q, want %q", sent, got, want)
		}
	}
	if got := ask(t, path, "prompt help\n"); !strings.HasPrefix(got, "Usage: prompt") {
		t.Errorf("prompt help: %q", got)
	}
}

// Who says nothing is sent away; set timeout cli gives more time.
func TestIdleSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for sent, want := range map[string]time.Duration{"": 10 * time.Second, "set timeout cli 1m;prompt i\n": time.Minute} {
			client, server := net.Pipe()
			go quick(newFake()).ServeConn(t.Context(), server, "me", User)
			began := time.Now()
			_, _ = io.WriteString(client, sent)
			_, _ = io.ReadAll(client)
			if took := time.Since(began); took != want {
				t.Errorf("after %q it took %v, want %v", sent, took, want)
			}
		}
	})
}

// Who does not read is sent away, and nobody else waits for it.
func TestStallingReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		ended := make(chan struct{})
		began := time.Now()
		go func() {
			defer close(ended)
			quick(newFake()).ServeConn(t.Context(), server, "me", User)
		}()
		_, _ = io.WriteString(client, "show version\n")
		<-ended
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestServeEndsWithItsContext(t *testing.T) {
	path := t.TempDir() + "/cli"
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = quick(newFake()).Serve(ctx, ln, Admin)
	}()
	idle, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	waiting, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()
	_, _ = io.WriteString(waiting, "wait 1h\n")
	cancel()
	<-ended
}

// As many sessions as there are slots are served; the others wait and are served then.
func TestSessionsAreBounded(t *testing.T) {
	path := serve(t, New(newFake(), Options{Version: "1.2.3", Sessions: 2, Timeout: time.Minute}), User)
	var held []net.Conn
	for range 2 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "prompt i\n")
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
	}
	answered := make(chan string, 1)
	go func() { answered <- ask(t, path, "show version\n") }()
	select {
	case <-answered:
		t.Error("a third session was served")
	case <-time.After(50 * time.Millisecond):
	}
	held[0].Close()
	if got := <-answered; got != "1.2.3\n\n" {
		t.Errorf("then: %q", got)
	}
	held[1].Close()
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newFake()
		b.servers[3].Maint, b.servers[3].Served = true, 1
		time.AfterFunc(2990*time.Millisecond, func() {
			_ = b.change(Name{"be", "s4"}, Note{}, func(s *Server) { s.Served = 0 }, "idle")
		})
		for _, tt := range []struct {
			command, want string
			took          time.Duration
		}{
			{"wait 100", "Done.\n\n", 100 * time.Millisecond},
			{"wait 1s srv-removable be/s4", "Wait delay expired.\n\n", time.Second},
			{"wait 10s srv-removable be/s4", "Done.\n\n", 1900 * time.Millisecond},
			{"wait 10s srv-removable be/s2", "Only servers in maintenance mode can be deleted.\n\n", 0},
			{"wait 10s srv-removable be/s1", "This server cannot be removed at runtime due to other configuration elements pointing to it.\n\n", 0},
			{"wait 10s srv-removable be/xx", "No such server.\n\n", 0},
			{"wait 10s full-moon", "Unknown condition 'full-moon'; try 'wait -h'.\n\n", 0},
			{"wait x", "Invalid duration 'x'.\n\n", 0},
		} {
			client, server := net.Pipe()
			go quick(b).ServeConn(t.Context(), server, "me", User)
			began := time.Now()
			_, _ = io.WriteString(client, tt.command+"\n")
			got, _ := io.ReadAll(client)
			if string(got) != tt.want || time.Since(began) != tt.took {
				t.Errorf("%s: %q after %v, want %q after %v", tt.command, got, time.Since(began), tt.want, tt.took)
			}
		}
	})
}

// Whatever is sent: the session neither panics nor hangs, and its last answer ends with an empty line.
func FuzzSession(f *testing.F) {
	for _, a := range conversation {
		f.Add(a.command + "\n")
	}
	f.Add("@status show info;xyz\n")
	f.Add("prompt timed\nset severity-output number\nshow sess all\n")
	f.Add(`set server be/s1 state maint reason "x" for 1d12h` + "\n")
	f.Add(strings.Repeat("a", maxLine) + "\n")
	f.Add("wait 1ms srv-removable be/s3\n")
	f.Fuzz(func(t *testing.T, input string) {
		if strings.Contains(input, "wait") || strings.Contains(input, "timeout") {
			return // it may
		}
		b := newFake()
		b.streams, b.refusals = streams(), refusals()
		panicked := ""
		c := New(b, Options{Timeout: time.Second, Panicked: func(command string, v any, stack []byte) { panicked = command + "\n" + string(stack) }})
		client, server := net.Pipe()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			c.ServeConn(t.Context(), server, "me", Admin)
		}()
		go func() {
			_, _ = io.WriteString(client, input)
			_, _ = io.WriteString(client, "\nquit\n")
		}()
		_ = client.SetReadDeadline(time.Now().Add(20 * time.Second))
		got, err := io.ReadAll(client)
		_ = client.Close()
		<-ended
		if panicked != "" {
			t.Fatalf("panic in %s", panicked)
		}
		if err != nil {
			t.Fatalf("%v after %q", err, got)
		}
		if s := prompts.ReplaceAllString(string(got), ""); !strings.Contains(input, "@status") && s != "" && s != "\n" && !strings.HasSuffix(s, "\n\n") {
			t.Fatalf("the answers end with %q", s[max(0, len(s)-100):])
		}
	})
}

var prompts = regexp.MustCompile(`(\[\d+:\d\d:\d\d:\d\d\])?> |\+ `)

func TestHelpNamesEveryCommandOnce(t *testing.T) {
	got := ask(t, serve(t, quick(newFake()), User), "help\n")
	for _, c := range quick(newFake()).commands {
		if strings.Count(got, c.line()) != 1 {
			t.Errorf("%q stands %d times in the help", c.line(), strings.Count(got, c.line()))
		}
	}
	if !strings.HasSuffix(got, "quit                                    : disconnect\n\n") {
		t.Errorf("the help ends with %q", got[max(0, len(got)-100):])
	}
}

func TestSocketsAreListed(t *testing.T) {
	path := serve(t, quick(newFake()), Operator)
	if got, want := ask(t, path, "show cli sockets\n"), "# socket lvl processes\nunix@"+path+" operator all\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
