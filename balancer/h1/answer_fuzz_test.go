package h1

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzResponse demands that an answer which we pass on means the same to Go's own client: the
// bytes of the server, and those that the client gets of us. What is cut short is never whole.
func FuzzResponse(f *testing.F) {
	f.Fuzz(func(t *testing.T, data, cuts []byte, toHead bool) {
		got, surplus, err := readAnswers(data, cuts, toHead)
		whole, wholeSurplus, wholeErr := readAnswers(data, nil, toHead)
		if !slices.Equal(got, whole) || fmt.Sprint(err) != fmt.Sprint(wholeErr) || surplus != wholeSurplus {
			t.Fatalf("%q: in pieces we read %+v, %v, %v; whole %+v, %v, %v", data, got, surplus, err, whole, wholeSurplus, wholeErr)
		}
		behind := bytes.NewReader(data)
		b := bufio.NewReaderSize(behind, 64<<10)
		for _, want := range got {
			if start, _ := b.Peek(2); string(start) == "\r\n" {
				_, _ = b.Discard(2) // as in front of a request
			}
			theirs, goErr := goAnswer(b, toHead)
			if excused(goErr, bytes.TrimPrefix(data, []byte("\r\n")), headDifferences, chunkDifferences, repairs) {
				return
			}
			if goErr != nil || theirs != want.message {
				t.Fatalf("%q: we read %+v, Go reads %+v, %v", data, want.message, theirs, goErr)
			}
			want.compareRelayed(t, toHead)
		}
		if left := behind.Len() + b.Buffered(); err == nil && surplus != (left > 0) {
			t.Fatalf("%q: to us it is %v that something is left, Go leaves %d bytes", data, surplus, left)
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if theirs, goErr := goAnswer(b, toHead); goErr == nil {
			t.Fatalf("%q: to us the end is missing, Go reads %+v", data, theirs)
		}
	})
}

// answered is an answer with what the client gets of it.
type answered struct {
	message
	relayed string
}

// readAnswers reads a final answer and the interim ones before it, and tells whether something is
// left behind it.
func readAnswers(data, cuts []byte, toHead bool) (all []answered, surplus bool, err error) {
	p := &pieces{data: data, cuts: cuts}
	c := &ServerConn{Conn: p}
	c.rd.set = p.SetReadDeadline
	var a Response
	a.Start(c, make([]byte, 5<<10), 0, toHead, time.Hour)
	for {
		if err := a.Next(20); err != nil {
			return all, false, err
		}
		h := &a.Head
		m := message{start: strconv.Itoa(h.Status), length: h.Length}
		d := Delivery{Chunked: h.Length == Chunked, Close: h.Length == UntilClose}
		relayed := string(AppendResponse(nil, h, d))
		if a.Interim() {
			all = append(all, answered{m, relayed})
			continue
		}
		if err := m.ourBody(&a, len(cuts)+1); err != nil {
			return all, false, err
		}
		all = append(all, answered{m, relayed + reframed(m, a.Trailer())})
		return all, len(p.data) > 0 || a.r < a.w, nil
	}
}

// compareRelayed has Go read what the client gets.
func (a answered) compareRelayed(t *testing.T, toHead bool) {
	got, err := goAnswer(bufio.NewReaderSize(strings.NewReader(a.relayed), 64<<10), toHead)
	if excused(err, nil, headDifferences) {
		return
	}
	want := a.message
	want.trailer = fields(AppendTrailer(nil, []byte(strings.ReplaceAll(want.trailer, "\n", "\r\n"))))
	if err != nil || got != want {
		t.Fatalf("the client gets %q: we mean %+v, Go reads %+v, %v", a.relayed, want, got, err)
	}
}

// goAnswer is the next answer as Go reads it.
func goAnswer(b *bufio.Reader, toHead bool) (m message, err error) {
	method := http.MethodGet
	if toHead {
		method = http.MethodHead
	}
	r, err := http.ReadResponse(b, &http.Request{Method: method})
	if err != nil {
		return m, err
	}
	m = message{start: strconv.Itoa(r.StatusCode), length: goLength(r.ContentLength, r.TransferEncoding)}
	if bodiless(toHead, r.StatusCode) {
		m.length = 0 // Go repeats what the fields say
	}
	return m, m.goBody(r.Body, &r.Trailer)
}

func bodiless(toHead bool, status int) bool {
	return toHead || status < 200 || status == 204 || status == 304
}
