package why

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestLongThingsAreCut(t *testing.T) {
	long := bytes.Repeat([]byte("/0123456789"), 100)
	r := request(func(r *Record) {
		r.Target, r.Host, r.Method, r.ClientID = long, long, long, long
		r.Reason, r.Wanted, r.Frontend = string(long), string(long), string(long)
		for i := range 60 {
			r.Attempts = append(r.Attempts, Attempt{Server: fmt.Sprint("web", i), Failed: fmt.Sprint(i, string(long))})
		}
	})
	m := New(Options{})
	m.Keep(r)
	found := m.Find(r.ID)
	if len(found) != 1 {
		t.Fatal("not found")
	}
	got := found[0]
	if len(got.Target) != maxTarget || len(got.Host) != maxHost || len(got.Reason) != maxWord || len(got.ClientID) != maxToken || !bytes.HasPrefix(long, got.Target) {
		t.Errorf("of what is long is kept: %s", flat(&got))
	}
	if n := len(got.Attempts); n != maxAttempts || got.Attempts[0].Server != "web1" || got.Attempts[n-1].Server != "web59" {
		t.Errorf("%d attempts are kept, the last on %s", n, got.Attempts[n-1].Server)
	}
}

func TestIDs(t *testing.T) {
	m := New(Options{})
	for i, id := range []string{
		"0af7651916cd43dd8448eb211c80319c", "0AF7651916CD43DD8448EB211C80319C", "abc", "ab", "a", "order 17", "\x00\xff",
		"0af76519-16cd-43dd-8448-eb211c80319c", "0af7651916-cd-43dd-8448-eb211c80319c", "0AF76519-16cd-43dd-8448-eb211c80319c", strings.Repeat("0f", 31), strings.Repeat("0", 63), strings.Repeat("-", 36),
	} {
		own := fmt.Sprintf("%032x", i)
		m.Keep(request(func(r *Record) { r.ID, r.ClientID = []byte(own), []byte(id) }))
		for _, by := range []string{own, id} {
			if found := m.Find([]byte(by)); len(found) == 0 || string(found[0].ID) != own || string(found[0].ClientID) != id {
				t.Errorf("%q is not found by %q", id, by)
			}
		}
	}
	if found := m.Find(nil); len(found) != 0 {
		t.Error("something is found by no id")
	}
}

func TestClients(t *testing.T) {
	m := New(Options{})
	for _, client := range []string{"192.0.2.7:80", "[2001:db8::7]:65535", "[::ffff:192.0.2.7]:1", "0.0.0.0:0"} {
		m.Keep(request(func(r *Record) { r.ID, r.Client = []byte(client), netip.MustParseAddrPort(client) }))
		if found := m.Find([]byte(client)); len(found) != 1 || found[0].Client.String() != client {
			t.Errorf("%s is not remembered", client)
		}
	}
}

// More words come than a chunk can hold apart.
func TestManyReasons(t *testing.T) {
	m := New(Options{})
	for i := range 3 * maxWords {
		m.Keep(request(func(r *Record) {
			r.Began, r.Reason = began().Add(time.Duration(i)*time.Second), fmt.Sprint("reason ", i)
		}))
	}
	found := m.Search(Query{Limit: 10 * maxWords})
	if len(found) != 3*maxWords {
		t.Fatalf("%d are found", len(found))
	}
	for i, r := range found {
		if want := fmt.Sprint("reason ", 3*maxWords-1-i); r.Reason != want {
			t.Fatalf("the reason is %q, not %q", r.Reason, want)
		}
	}
}

// FuzzReader reads what nobody has written: it must come to an end, and never panic. What it has
// read can be told.
func FuzzReader(f *testing.F) {
	m, traffic := New(Options{}), newTraffic()
	for _, r := range []*Record{traffic.ordinary(), traffic.abnormal(), traffic.worst()} {
		m.abnormal = newRing(abnormalChunk, abnormalChunk)
		r.Reason = "so that it is abnormal"
		m.Keep(r)
		data := m.abnormal.chunks[0].data
		f.Add(data)
		f.Add(data[:len(data)/2])
		f.Add(append(bytes.Clone(data[len(data)/3:]), data...))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		past := newPast(pastSize)
		s := scan{limit: 3, to: 1 << 62, fits: func(*Record) bool { return true }, chunk: chunk{data: data}}
		s.look()
		var b bytes.Buffer
		records := s.records(past)
		for i := range records {
			if err := WriteStory(&b, &records[i]); err != nil {
				t.Fatal(err)
			}
		}
		if err := WriteList(&b, records); err != nil {
			t.Fatal(err)
		}
	})
}
