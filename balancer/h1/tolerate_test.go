package h1

import (
	"slices"
	"testing"
)

// readTolerant is read for a gate that reports harmless faults.
func readTolerant(request string) (*Head, error) {
	h := &Head{}
	h.reset(101, false)
	h.tolerant = true
	if done, err := h.next([]byte(request)); !done || err != nil {
		return h, err
	}
	return h, h.finishRequest()
}

func TestHarmlessFaultsAreTolerated(t *testing.T) {
	for _, test := range []struct {
		line, fields string
		want         []*Fault
	}{
		{"GET / HTTP/1.1", "A: b", nil},
		{"GET /\xc3\xa9?\xff HTTP/1.1", "A: b", []*Fault{errTarget}},
		{"GET http://h/\x80 HTTP/1.1", "A: b", []*Fault{errTarget}},
		{"GET / HTTP/1.1", "A: b\x01\x1b\x7f\v\f\bc", []*Fault{errControl}},
		{"GET / HTTP/1.1", "A: \x01\r\nB: \x01", []*Fault{errControl}},
		{"GET / HTTP/1.1", "A[b]: c", []*Fault{errFieldName}},
		{"GET / HTTP/1.1", "(A): b\r\n" + `"/,;<=>?@\{}A: b`, []*Fault{errFieldName}},
		{"GET /\x80 HTTP/1.1", "A(: \x01", []*Fault{errTarget, errFieldName, errControl}},
	} {
		request := test.line + "\r\nHost: h\r\n" + test.fields + "\r\n\r\n"
		h, err := readTolerant(request)
		if err != nil || !slices.Equal(h.Tolerated(), test.want) {
			t.Errorf("%q: %v, tolerated are %v, want %v", request, err, h.Tolerated(), test.want)
		}
		if _, err := read(request, len(request)); test.want != nil && err != test.want[0] {
			t.Errorf("%q: without tolerance %v, want %v", request, err, test.want[0])
		}
	}
}

// Whatever a program behind us may take for something that we read, or for another framing, is
// refused all the same.
func TestOtherFaultsAreNot(t *testing.T) {
	for _, test := range []struct {
		request string
		want    *Fault
	}{
		{"GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", errTarget},
		{"GET /\x80\x01 HTTP/1.1\r\nHost: h\r\n\r\n", errTarget},
		{"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", errTarget},
		{"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", errTarget},
		{"GET \x80/ HTTP/1.1\r\nHost: h\r\n\r\n", errTarget},
		{"GET http://h\x80/ HTTP/1.0\r\n\r\n", errTarget},
		{"GE\x80T / HTTP/1.1\r\nHost: h\r\n\r\n", errMethod},
		{"GET / HTTP/1.1\r\nHost: h\x01\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\x80\r\n\r\n", errHost},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\x01\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \vchunked\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\x7f\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: \x01\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: \x01\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\x00c\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", errControl},
		{"GET / HTTP/1.1\r\nHost: h\r\nA : b\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nabc\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nA\x01: b\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nA\x80: b\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent-Length(): 3\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nContent/Length: 3\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\n(Transfer)_Encoding: chunked\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nHost,: x\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nX/Forwarded.For: x\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nx(ssl)client: x\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\n(): x\r\n\r\n", errFieldName},
		{"GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", errFold},
		{"GET / HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", errBareLF},
	} {
		if h, err := readTolerant(test.request); err != test.want {
			t.Errorf("%q: %v, tolerated are %v, want %v", test.request, err, h.Tolerated(), test.want)
		}
	}
}
