package listen

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"testing"
)

// Whatever comes, and however it is cut: a header is read as the reference reads it, and no byte
// behind it; what the reference refuses is refused.
func FuzzProxyHeader(f *testing.F) {
	f.Fuzz(func(t *testing.T, data, cuts []byte) {
		o, left, err := readCut(data, cuts)
		if whole, wholeLeft, wholeErr := readCut(data, nil); o != whole || left != wholeLeft || (err == nil) != (wholeErr == nil) {
			t.Fatalf("%q: in pieces %v, %d, %v; whole %v, %d, %v", data, o, left, err, whole, wholeLeft, wholeErr)
		}
		want, size, ok := reference(data)
		if ok != (err == nil) {
			t.Fatalf("%q: we say %v, the reference %v", data, err, ok)
		}
		if ok && (o != want || left != len(data)-size) {
			t.Fatalf("%q: we read %v and leave %d bytes, the reference reads %v in %d of %d", data, o, left, want, size, len(data))
		}
		if read := len(data) - left; read > longestV2 {
			t.Fatalf("%d bytes were read", read)
		}
		if o.client.IsValid() {
			checkRoundTrip(t, o)
		}
	})
}

// checkRoundTrip writes what was read in both versions, and reads it again.
func checkRoundTrip(t *testing.T, o origin) {
	for _, header := range [][]byte{encodeV1(o.client, o.local), encodeV2(o.client, o.local, nil)} {
		if again, err := readProxyHeader(bytes.NewReader(header)); again != o || err != nil {
			t.Fatalf("%v, written as %q, is read as %v, %v", o, header, again, err)
		}
	}
}

// readCut reads a header that arrives in pieces and tells how many bytes are left.
func readCut(data, cuts []byte) (o origin, left int, err error) {
	r := &cutReader{data: data, cuts: cuts}
	o, err = readProxyHeader(r)
	return o, len(r.data), err
}

// cutReader yields data in pieces, cut in turn after so many bytes and one more.
type cutReader struct {
	data, cuts []byte
	turn       int
}

func (r *cutReader) Read(p []byte) (int, error) {
	if len(r.data) == 0 {
		return 0, io.EOF
	}
	n := len(r.data)
	if len(r.cuts) > 0 {
		r.turn++
		n = min(n, int(r.cuts[r.turn%len(r.cuts)])+1)
	}
	n = copy(p, r.data[:n])
	r.data = r.data[n:]
	return n, nil
}

// reference reads a header by the letter of the specification, and tells its size.
func reference(data []byte) (o origin, size int, ok bool) {
	if bytes.HasPrefix(data, []byte("\r\n\r\n\x00\r\nQUIT\n")) {
		return referenceV2(data)
	}
	m := lineV1.FindSubmatch(data)
	if m == nil || len(m[0]) > 107 {
		return origin{}, 0, false
	}
	if m[1] == nil {
		return origin{}, len(m[0]), true // UNKNOWN
	}
	six := string(m[1]) == "TCP6"
	var client, local bool
	o.client, client = referenceEndpoint(six, string(m[2]), string(m[4]))
	o.local, local = referenceEndpoint(six, string(m[3]), string(m[5]))
	return o, len(m[0]), client && local
}

var lineV1 = regexp.MustCompile(`\APROXY (?:UNKNOWN(?: [^\r\n]*)?|(TCP[46]) ([0-9a-fA-F.:]+) ([0-9a-fA-F.:]+) (0|[1-9][0-9]{0,4}) (0|[1-9][0-9]{0,4}))\r\n`)

func referenceEndpoint(six bool, host, port string) (netip.AddrPort, bool) {
	ip := net.ParseIP(host)
	n, _ := strconv.Atoi(port)
	if ip == nil || n > 65535 || six != bytes.ContainsRune([]byte(host), ':') {
		return netip.AddrPort{}, false
	}
	if !six {
		ip = ip.To4()
	}
	addr, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(addr, uint16(n)), true
}

// referenceV2 reads the binary layout.
func referenceV2(data []byte) (o origin, size int, ok bool) {
	var fixed struct {
		Signature       [12]byte
		Command, Family byte
		Size            uint16
	}
	r := bytes.NewReader(data)
	if binary.Read(r, binary.BigEndian, &fixed) != nil || 16+int(fixed.Size) > min(len(data), 512) {
		return origin{}, 0, false
	}
	size = 16 + int(fixed.Size)
	block := io.LimitReader(r, int64(fixed.Size))
	switch {
	case fixed.Command == 0x20: // LOCAL
		return origin{}, size, true
	case fixed.Command != 0x21:
		return origin{}, 0, false
	case fixed.Family == 0x00:
		return origin{}, size, true
	case fixed.Family == 0x31:
		return origin{}, size, fixed.Size >= 216
	case fixed.Family == 0x11:
		var four struct {
			Client, Local         [4]byte
			ClientPort, LocalPort uint16
		}
		ok = binary.Read(block, binary.BigEndian, &four) == nil
		return origin{netip.AddrPortFrom(netip.AddrFrom4(four.Client), four.ClientPort), netip.AddrPortFrom(netip.AddrFrom4(four.Local), four.LocalPort)}, size, ok
	case fixed.Family == 0x21:
		var six struct {
			Client, Local         [16]byte
			ClientPort, LocalPort uint16
		}
		ok = binary.Read(block, binary.BigEndian, &six) == nil
		return origin{netip.AddrPortFrom(netip.AddrFrom16(six.Client), six.ClientPort), netip.AddrPortFrom(netip.AddrFrom16(six.Local), six.LocalPort)}, size, ok
	}
	return origin{}, 0, false
}
