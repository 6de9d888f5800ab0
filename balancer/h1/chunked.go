package h1

import (
	"bytes"
	"strconv"
)

// maxTrailer bounds the trailer section of a message in bytes.
const maxTrailer = 8 << 10

// maxChunkLine bounds one chunk-size line with its extensions, in bytes.
const maxChunkLine = 4 << 10

// chunkState is what the next byte of a chunked body belongs to.
type chunkState uint8

const (
	chunkSize chunkState = iota
	chunkPadding
	chunkExtension
	chunkSizeLF
	chunkData
	chunkDataCR
	chunkDataLF
	chunkTrailer
	chunkDone
)

// Decoder takes the chunked framing off a body (RFC 9112 7.1), strictly: CRLF where CRLF is
// due, no control characters in extensions, sizes below 2^52. The zero value is ready.
type Decoder struct {
	state   chunkState
	size    int64 // what is left of the current chunk
	digits  int
	line    int // bytes of the current size line
	trailer []byte
}

// Done tells whether the whole body, its trailer included, has been decoded.
func (d *Decoder) Done() bool { return d.state == chunkDone }

// Trailer returns the trailer fields of a body that is Done, without the blank line.
func (d *Decoder) Trailer() []byte { return d.trailer }

// Decode takes the framing off buf in place: the data moves to buf[:n], and used bytes of buf
// were read. Bytes behind the end of the body are not read.
func (d *Decoder) Decode(buf []byte) (n, used int, err error) {
	for used < len(buf) && d.state != chunkDone {
		if d.state == chunkData {
			take := min(int64(len(buf)-used), d.size)
			copy(buf[n:], buf[used:used+int(take)])
			n, used, d.size = n+int(take), used+int(take), d.size-take
			if d.size == 0 {
				d.state = chunkDataCR
			}
			continue
		}
		if err := d.step(buf[used]); err != nil {
			return n, used, err
		}
		used++
	}
	return n, used, nil
}

// step reads one byte of the framing.
func (d *Decoder) step(c byte) error {
	switch d.state {
	case chunkSize:
		return d.sizeByte(c)
	case chunkPadding, chunkExtension:
		return d.extensionByte(c)
	case chunkSizeLF:
		if c != '\n' {
			return errChunk
		}
		d.digits, d.line, d.state = 0, 0, chunkData
		if d.size == 0 {
			d.state = chunkTrailer
		}
	case chunkDataCR:
		if c != '\r' {
			return errChunk
		}
		d.state = chunkDataLF
	case chunkDataLF:
		if c != '\n' {
			return errChunk
		}
		d.state = chunkSize
	case chunkTrailer:
		return d.trailerByte(c)
	}
	return nil
}

func (d *Decoder) sizeByte(c byte) error {
	digit := hexDigit(c)
	if digit < 0 {
		if d.digits == 0 {
			return errChunk
		}
		d.state = chunkPadding
		return d.extensionByte(c)
	}
	if d.digits++; d.digits > 13 {
		return errChunk
	}
	d.size = d.size<<4 | int64(digit)
	return nil
}

// extensionByte reads what follows the size up to the CR. Padding alone is accepted, as old
// servers send it.
func (d *Decoder) extensionByte(c byte) error {
	d.line++
	switch {
	case d.line > maxChunkLine:
		return errChunk
	case c == '\r':
		d.state = chunkSizeLF
	case c == ';':
		d.state = chunkExtension
	case c == ' ' || c == '\t':
	case d.state == chunkPadding || c < 0x20 || c == 0x7f:
		return errChunk
	}
	return nil
}

// trailerByte collects the trailer section, which ends with an empty line.
func (d *Decoder) trailerByte(c byte) error {
	if len(d.trailer) == maxTrailer {
		return errTrailer
	}
	d.trailer = append(d.trailer, c)
	if c != '\n' {
		return nil
	}
	if !bytes.HasSuffix(d.trailer, []byte("\r\n")) {
		return errTrailer
	}
	if len(d.trailer) == 2 || bytes.HasSuffix(d.trailer, []byte("\r\n\r\n")) {
		d.trailer = d.trailer[:len(d.trailer)-2]
		if err := checkTrailer(d.trailer); err != nil {
			return err
		}
		d.state = chunkDone
	}
	return nil
}

// checkTrailer applies the rules of header fields to trailer fields.
func checkTrailer(b []byte) error {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\r\n"))
		b = rest
		colon := bytes.IndexByte(line, ':')
		if colon < 0 || !validToken(line[:colon]) || !validValue(line[colon+1:]) {
			return errTrailer
		}
	}
	return nil
}

// AppendTrailer appends the trailer fields that may go on: those that frame, route or vouch
// for a message are dropped (RFC 9110 6.5.1).
func AppendTrailer(dst, trailer []byte) []byte {
	for len(trailer) > 0 {
		line, rest, _ := bytes.Cut(trailer, []byte("\r\n"))
		trailer = rest
		name := line[:bytes.IndexByte(line, ':')]
		if classify(name) == nameOther && !protected(name) {
			dst = append(append(dst, line...), "\r\n"...)
		}
	}
	return dst
}

func hexDigit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// ChunkRoom is what a caller leaves free before the data for Chunk's size line.
const ChunkRoom = 10

// Chunk frames the data that stands at buf[ChunkRoom:] as one chunk, writing the size line into
// the room before it, and returns the whole. Empty data gives nothing: it would end the body.
func Chunk(buf []byte) []byte {
	n := len(buf) - ChunkRoom
	if n == 0 {
		return nil
	}
	var line [ChunkRoom]byte
	size := append(strconv.AppendInt(line[:0], int64(n), 16), "\r\n"...)
	from := ChunkRoom - len(size)
	copy(buf[from:], size)
	return append(buf[from:], "\r\n"...)
}

// AppendLastChunk appends the end of a chunked body with its trailer fields.
func AppendLastChunk(dst, trailer []byte) []byte {
	dst = append(dst, "0\r\n"...)
	return append(AppendTrailer(dst, trailer), "\r\n"...)
}
