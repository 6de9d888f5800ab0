package operate

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// memoryPath is a state file on a file system in memory, if there is one, for tests that write it
// thousands of times.
func memoryPath(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "operate")
	if err != nil {
		return statePath(t)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir + "/state"
}

func encoded(t testing.TB, j *Journal) []byte {
	t.Helper()
	data, err := encode(j.current.Load(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTheFileIsReadable(t *testing.T) {
	path, _ := filled(t)
	lines := strings.Split(content(t, path), "\n")
	if want := `{"kind":"state","version":1,"entries":7,"written":"20`; !strings.HasPrefix(lines[0], want) {
		t.Errorf("the first line is %s, want %s", lines[0], want)
	}
	for _, want := range []string{
		`{"kind":"order","frontend":"http","key":"state","value":"disabled","file":"enabled","by":"Jürgen <ops>","at":"20`,
		`"key":"state","value":"drain","file":"ready","by":"root (pid 4711)","reason":"new disk","at":"20`,
		`Z","for":"30m0s","revision":"`,
		`{"kind":"server","backend":"app","server":"web9","arguments":["10.0.0.9:80","weight","5"],"by":"anna","at":"20`,
	} {
		if !strings.Contains(content(t, path), want) {
			t.Errorf("%s is not in\n%s", want, content(t, path))
		}
	}
}

// The balancer starts however much of the file a crash has left, uses that, says what is lost,
// keeps the piece aside, and starts the next time as if nothing had been.
func TestTheFileCutAtEveryByte(t *testing.T) {
	_, whole := filled(t)
	data := encoded(t, whole)
	for length := range len(data) {
		path := memoryPath(t)
		writeFile(t, path, string(data[:length]))
		j, report := Open(path)
		if report.Fault != nil {
			t.Fatalf("cut at %d: %v", length, report.Fault)
		}
		checkPiece(t, whole, j, report.Lost, data[:length])
		if report.Lost != nil && length > 0 {
			wantAside(t, path, report, string(data[:length]))
		}
		wantSame(t, open(t, path), j)
	}
}

// checkPiece wants every whole line used, and the others told.
func checkPiece(t *testing.T, whole, j *Journal, lost *Lost, piece []byte) {
	t.Helper()
	total := len(whole.Orders()) + len(whole.Servers())
	lines := bytes.Count(piece, []byte("\n"))
	if bytes.HasSuffix(piece, []byte("}")) { // only the line end is missing
		lines++
	}
	used := max(0, lines-1)
	if n := len(j.Orders()) + len(j.Servers()); n != used || !within(stateOf(j), stateOf(whole)) {
		t.Fatalf("cut at %d: %d entries hold, want %d", len(piece), n, used)
	}
	wantLost := total - used
	if lines == 0 {
		wantLost = -1
	}
	switch {
	case wantLost == 0:
		if lost != nil {
			t.Fatalf("cut at %d: %v, though nothing is missing", len(piece), lost)
		}
	case lost == nil || lost.Entries != wantLost || lost.Used != used:
		t.Fatalf("cut at %d: lost is %+v, want %d entries lost and %d used", len(piece), lost, wantLost, used)
	}
}

// stateOf returns what a journal holds without the clocks of its process.
func stateOf(j *Journal) *state {
	s := newState()
	orders, servers := kept(j)
	for _, o := range orders {
		s.orders[o.Target()] = o
	}
	for _, server := range servers {
		s.servers[server.Object()] = server
	}
	return s
}

func TestEveryFlippedByteIsNoticed(t *testing.T) {
	_, whole := filled(t)
	data := encoded(t, whole)
	want := stateOf(whole)
	for i := range data {
		for _, flip := range []byte{0x01, 0x80, data[i] ^ '\n'} {
			if flip == 0 {
				continue
			}
			data[i] ^= flip
			s, lost := decode(data)
			if lost == nil || lost.Damaged == 0 || len(lost.Lines) == 0 {
				t.Fatalf("byte %d made %q: %+v is lost, want a damaged line", i, data[i], lost)
			}
			if n := len(s.orders) + len(s.servers); n < 5 || !within(s, want) {
				t.Fatalf("byte %d made %q: %d entries of 7 are left", i, data[i], n)
			}
			data[i] ^= flip
		}
	}
}

// A write in place that a crash has stopped leaves the beginning of the new file, and the end of
// the one before: what holds is of one of them.
func TestAWriteInPlaceStoppedAtEveryByte(t *testing.T) {
	_, j := filled(t)
	older, old := stateOf(j), encoded(t, j)
	if _, err := j.SetBack("bob", Target{Object{Backend: "app", Server: "web9"}, State}); err != nil {
		t.Fatal(err)
	}
	changed := samples()[0]
	changed.Value = "6000"
	give(t, j, changed)
	newer, now := stateOf(j), encoded(t, j)
	for _, files := range [][2][]byte{{old, now}, {now, old}} {
		from, to := files[0], files[1]
		for n := range len(to) + 1 {
			s, lost := decode(append(slices.Clone(to[:n]), from[min(n, len(from)):]...))
			if !within(s, older) && !within(s, newer) {
				t.Fatalf("stopped at %d of %d bytes: of both files hold %+v", n, len(to), s)
			}
			if lost == nil && len(s.orders)+len(s.servers) < min(len(newer.orders), len(older.orders))+1 {
				t.Fatalf("stopped at %d of %d bytes: something is missing, and nothing said", n, len(to))
			}
		}
	}
}

func TestWhatIsLostIsSaid(t *testing.T) {
	_, j := filled(t)
	data := string(encoded(t, j))
	lines := strings.SplitAfter(data, "\n")
	for name, test := range map[string]struct{ data, want string }{
		"empty": {"", "the state file is empty: no orders hold (as it should be if somebody has just made it for the balancer)"},
		"one line edited": {
			strings.Replace(data, `"drain"`, `"maint"`, 1),
			`the state file is damaged: 1 entries are lost, 6 hold; it is kept as ASIDE; line 5 does not fit its checksum: "{\"kind\":\"order\",\"backend\":\"app\",\"server\":\"web1\",\"key\":\"state\",\"value\":\"maint\",`,
		},
		"one line gone":   {strings.Replace(data, lines[3], "", 1), "the state file is damaged: 1 entries are lost, 6 hold; it is kept as ASIDE"},
		"one line more":   {data + "{}\n", `the state file is damaged: 0 entries are lost, 7 hold; it is kept as ASIDE; line 9 is cut off: "{}"`},
		"head gone":       {strings.Join(lines[1:], ""), "the state file is damaged: an unknown number of entries is lost, 7 hold; it is kept as ASIDE"},
		"head at the end": {strings.Join(lines[1:], "") + lines[0], `an unknown number of entries is lost, 7 hold; it is kept as ASIDE; line 8 is of kind "state", which is not known here`},
		"other program's": {"[Unit]\n\nDescription=x\n", `the state file is another program's, or damaged from end to end: nothing of it is used; it is kept as ASIDE; line 1 is cut off: "[Unit]"; line 2 is cut off: ""; line 3 is cut off: "Description=x"`},
		"many lines":      {strings.Repeat("x\n", 100), `; and 90 lines more`},
		"left over":       {data + sealed(`{"kind":"order","key":"maxconn","value":"1","by":"x","file":"0","at":"2026-11-23T04:05:06Z"`, "old"), "0 entries are lost, 7 hold; it is kept as ASIDE; line 9 is left over from another writing"},
		"newer kind":      {data + sealed(`{"kind":"wish"`, j.Revision()), `line 9 is of kind "wish", which is not known here`},
		"impossible":      {data + sealed(`{"kind":"order","key":"state","value":"up","by":"x","file":"0","at":"2026-11-23T04:05:06Z"`, j.Revision()), "process has no key \"state\""},
		"no time":         {data + sealed(`{"kind":"order","key":"maxconn","value":"1","by":"x","file":"0","for":"x","at":"2026-11-23T04:05:06Z"`, j.Revision()), "line 9 holds for an unknown time"},
		"no year":         {data + sealed(`{"kind":"server","backend":"app","server":"x","by":"x","at":"0000-01-01T00:00:00Z"`, j.Revision()), "line 9 is of the year 0"},
		"sound no object": {data + sealed(`{"kind":`, j.Revision()), "line 9 is no JSON object"},
		"ten megabytes":   {strings.Repeat("\x00\xffgarbage\n", 1<<20), "; and 1048566 lines more"},
		"one long line":   {strings.Repeat("x", 10<<20), "the state file is another program's, or damaged from end to end"},
	} {
		t.Run(name, func(t *testing.T) {
			path := memoryPath(t)
			writeFile(t, path, test.data)
			again, report := Open(path)
			if report.Fault != nil || report.Lost == nil {
				t.Fatalf("fault %v, lost %v", report.Fault, report.Lost)
			}
			if test.data != "" {
				wantAside(t, path, report, test.data)
			}
			got := report.Lost.String()
			if want := strings.ReplaceAll(test.want, "ASIDE", report.Lost.Aside); !strings.Contains(got, want) || len(got) > 5000 {
				t.Errorf("got  %.5000s\nwant %s", got, want)
			}
			wantSame(t, open(t, path), again)
		})
	}
}

// sealed ends a line as it is written, or as one of a revision.
func sealed(line string, revision ...string) string {
	for _, r := range revision {
		line += `,"revision":"` + r + `"`
	}
	return line + fmt.Sprintf(sumForm+"\n", checksum([]byte(line)))
}

func TestANewerVersionsFieldsAreTolerated(t *testing.T) {
	path := statePath(t)
	writeFile(t, path,
		sealed(`{"kind":"state","version":2,"entries":1,"cluster":["a"]`)+
			sealed(`{"kind":"order","backend":"app","server":"web1","key":"weight","value":"5","file":"1","by":"anna","at":"2026-11-23T04:05:06.5Z","ticket":{"id":7}`))
	before := content(t, path)
	j := open(t, path)
	if o, given := j.Order(web1, Weight); !given || o.Value != "5" || o.At != time.Date(2026, 11, 23, 4, 5, 6, 5e8, time.UTC) {
		t.Errorf("got %+v", o)
	}
	if content(t, path) != before {
		t.Error("the file is written without a change")
	}
}

// Reading never panics, uses only what could be given, and what is read is read again the same
// after writing.
func FuzzDecode(f *testing.F) {
	_, j := filled(f)
	f.Add(encoded(f, j))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, seal(data)} {
			s, lost := decode(data)
			if lost != nil && len(lost.String()) > 10000 {
				t.Fatalf("what is lost takes %d bytes to say", len(lost.String()))
			}
			written, err := encode(s, time.Now())
			if err != nil {
				t.Fatalf("%+v cannot be written: %v", s, err)
			}
			again, lost := decode(written)
			again.revision = s.revision // of this process
			if lost != nil || !reflect.DeepEqual(again, s) {
				t.Fatalf("%+v is read again as %+v, lost %v", s, again, lost)
			}
		}
	})
}

// seal gives every line of data that ends like an object its checksum, so that the fuzzer gets
// behind that.
func seal(data []byte) []byte {
	var out []byte
	for line := range bytes.Lines(data) {
		body := bytes.TrimRight(line, "}\n")
		if i := bytes.LastIndex(body, []byte(`,"crc":"`)); i >= 0 {
			body = body[:i]
		}
		out = append(out, sealed(string(body))...)
	}
	return out
}

func thousand() []Order {
	orders := make([]Order, 1000)
	for i := range orders {
		orders[i] = drain(30 * time.Minute)
		orders[i].Object.Server = fmt.Sprint("web", i)
	}
	return orders
}

func BenchmarkEncode1000(b *testing.B) {
	j, _ := Open("")
	give(b, j, thousand()...)
	for b.Loop() {
		encoded(b, j)
	}
}

func BenchmarkDecode1000(b *testing.B) {
	j, _ := Open("")
	give(b, j, thousand()...)
	data := encoded(b, j)
	for b.Loop() {
		decode(data)
	}
}

// With the two fsync of a change.
func BenchmarkGive1000(b *testing.B) {
	j := open(b, statePath(b))
	orders := thousand()
	for b.Loop() {
		give(b, j, orders...)
	}
}
