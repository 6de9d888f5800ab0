package listen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
)

// Errors of a header of the PROXY protocol.
var (
	ErrNoProxyHeader  = errors.New("no PROXY header")
	ErrBadProxyHeader = errors.New("bad PROXY header")
)

const (
	signature = "\r\n\r\n\x00\r\nQUIT\n" // of version 2
	shortest  = len("PROXY UNKNOWN\r\n") // of both versions
	longestV1 = 107
	longestV2 = 512
	fixedV2   = 16
)

// origin is what a PROXY header says: who connected, and where to. Both are invalid if it does
// not say, and the connection is what it looks like then.
type origin struct{ client, local netip.AddrPort }

// readProxyHeader reads a header of version 1 or 2, and no byte behind it.
func readProxyHeader(r io.Reader) (origin, error) {
	var room [longestV2]byte
	if _, err := io.ReadFull(r, room[:shortest]); err != nil {
		return origin{}, err
	}
	switch {
	case string(room[:len(signature)]) == signature:
		return readV2(r, &room)
	case string(room[:len("PROXY ")]) == "PROXY ":
		return readV1(r, &room)
	}
	return origin{}, ErrNoProxyHeader
}

// readV1 reads on to the end of the line. A line that has not ended lacks at least CRLF, or LF
// behind a CR, so reading that much never takes anything that is behind it.
func readV1(r io.Reader, room *[longestV2]byte) (origin, error) {
	n := shortest
	for bytes.IndexByte(room[:n], '\n') < 0 {
		more := 2
		if room[n-1] == '\r' {
			more = 1
		}
		if n+more > longestV1 {
			return origin{}, bad("the line does not end")
		}
		if _, err := io.ReadFull(r, room[n:n+more]); err != nil {
			return origin{}, err
		}
		n += more
	}
	line, ended := strings.CutSuffix(string(room[:n]), "\r\n")
	if !ended || strings.ContainsAny(line, "\r\n") {
		return origin{}, bad("the line does not end with CRLF")
	}
	return parseV1(line)
}

// parseV1 reads "PROXY TCP4 192.0.2.1 192.0.2.9 56324 443".
func parseV1(line string) (origin, error) {
	fields := strings.Split(line, " ")
	if fields[1] == "UNKNOWN" {
		return origin{}, nil // the rest is to be ignored
	}
	if len(fields) != 6 || fields[1] != "TCP4" && fields[1] != "TCP6" {
		return origin{}, bad("the line is not PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT")
	}
	var o origin
	var err error
	if o.client, err = endpoint(fields[1], fields[2], fields[4]); err != nil {
		return origin{}, err
	}
	if o.local, err = endpoint(fields[1], fields[3], fields[5]); err != nil {
		return origin{}, err
	}
	return o, nil
}

func endpoint(family, host, port string) (netip.AddrPort, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" || addr.Is4() != (family == "TCP4") {
		return netip.AddrPort{}, bad("%q is no address of %s", host, family)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || strconv.FormatUint(n, 10) != port {
		return netip.AddrPort{}, bad("%q is no port", port)
	}
	return netip.AddrPortFrom(addr, uint16(n)), nil
}

// readV2 reads the rest of a binary header. What follows the addresses is skipped.
func readV2(r io.Reader, room *[longestV2]byte) (origin, error) {
	if _, err := io.ReadFull(r, room[shortest:fixedV2]); err != nil {
		return origin{}, err
	}
	end := fixedV2 + int(binary.BigEndian.Uint16(room[14:]))
	if end > longestV2 {
		return origin{}, bad("it has %d bytes, more than %d", end, longestV2)
	}
	if _, err := io.ReadFull(r, room[fixedV2:end]); err != nil {
		return origin{}, err
	}
	return parseV2(room[12], room[13], room[fixedV2:end])
}

func parseV2(command, family byte, rest []byte) (origin, error) {
	switch command {
	case 0x20: // LOCAL: the sender speaks for itself, such as to check our health
		return origin{}, nil
	case 0x21: // PROXY
	default:
		return origin{}, bad("version and command are %#02x", command)
	}
	size := map[byte]int{0x00: 0, 0x11: 12, 0x21: 36, 0x31: 216}
	want, known := size[family]
	if !known || len(rest) < want {
		return origin{}, bad("family %#02x with %d bytes", family, len(rest))
	}
	switch family {
	case 0x11:
		return origin{endpoint4(rest[0:4], rest[8:10]), endpoint4(rest[4:8], rest[10:12])}, nil
	case 0x21:
		return origin{endpoint6(rest[0:16], rest[32:34]), endpoint6(rest[16:32], rest[34:36])}, nil
	}
	return origin{}, nil // unspecified, or a unix socket, which has no address
}

func endpoint4(addr, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(addr)), binary.BigEndian.Uint16(port))
}

func endpoint6(addr, port []byte) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(addr)), binary.BigEndian.Uint16(port))
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadProxyHeader, fmt.Sprintf(format, args...))
}
