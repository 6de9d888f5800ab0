package syslog

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

func TestHeader(t *testing.T) {
	at := time.Date(2009, 2, 6, 12, 14, 14, 655_123_999, time.Local)
	zone := at.Format("Z07:00")
	short := Header{Facility: 16, Tag: "relais", PID: 14389, Len: 1024}
	named, long := short, short
	named.Host, named.Facility = "lb1", 3
	long.RFC5424 = true
	longNamed := long
	longNamed.Host = "lb1.example.com"
	for _, test := range []struct {
		name     string
		header   Header
		severity Severity
		want     string
	}{
		{"HAProxy's", short, Info, "<134>Feb  6 12:14:14 relais[14389]: a line\n"},
		{"with a host", named, Error, "<27>Feb  6 12:14:14 lb1 relais[14389]: a line\n"},
		{"RFC 5424", long, Debug, "<135>1 2009-02-06T12:14:14.655123" + zone + " - relais 14389 - - a line\n"},
		{"RFC 5424 with a host", longNamed, Critical, "<130>1 2009-02-06T12:14:14.655123" + zone + " lb1.example.com relais 14389 - - a line\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, line := range []string{"a line", "a line\n"} {
				if got := string(test.header.Append([]byte("before "), test.severity, at, []byte(line))); got != "before "+test.want {
					t.Errorf("got  %q\nwant %q", got, test.want)
				}
			}
		})
	}
}

func TestLongLinesAreCut(t *testing.T) {
	for _, length := range []int{480, 1024, 8192} {
		var out bytes.Buffer
		f := NewFramer(&out, Header{Facility: 16, Tag: "relais", Len: length})
		line := strings.Repeat("x", 2*length) + "\n"
		if n, err := f.Write([]byte(line)); n != len(line) || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
		if got := out.String(); len(got) != length+1 || !strings.HasSuffix(got, "x\n") {
			t.Errorf("%d bytes, want %d and a newline: %q", len(got), length, got)
		}
	}
}

func BenchmarkFramer(b *testing.B) {
	f, line := NewFramer(io.Discard, Header{Facility: 16, Tag: "relais", Len: 8192}), []byte(strings.Repeat("x", 300)+"\n")
	b.ReportAllocs()
	for b.Loop() {
		_, _ = f.Write(line)
	}
}
