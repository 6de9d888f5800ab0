package stats

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// WriteTyped writes the rows that f lets through as HAProxy's "show stat typed": one figure a
// line, such as
//
//	S.3.1.4.scur.1:MGP:u32:0
//
// which is the object (Frontend, Backend, Server), the numbers of the proxy and of the server, the
// position and the name of the column, the process, the Kind, the type and the value. Empty
// figures are left out, and so are empty texts but for what checks said. With desc each line ends
// with the column's meaning in quotes.
func WriteTyped(w io.Writer, s *Snapshot, f Filter, desc bool) error {
	out := bufio.NewWriter(w)
	var line []byte
	for _, proxy := range f.Apply(s).Proxies {
		for i := range proxy.Rows {
			for pos := range columns {
				line = appendTypedFigure(line[:0], &proxy.Rows[i], pos, desc)
				out.Write(line)
			}
		}
	}
	return out.Flush()
}

func appendTypedFigure(b []byte, r *Row, pos int, desc bool) []byte {
	c := &columns[pos]
	v := c.Of(r)
	if v.Type == Empty || v.Type == Str && v.str == "" && c.Kind[1] != 'O' {
		return b
	}
	b = append(b, r.Scope.String()[0], '.')
	b = strconv.AppendInt(b, int64(r.IID), 10)
	b = append(b, '.')
	b = strconv.AppendInt(b, int64(r.SID), 10)
	b = append(b, '.')
	b = appendTypedName(b, pos, c.Name, c.Kind)
	b = append(b, v.Type.String()...)
	b = append(b, ':')
	b = append(b, oneLine(v.String())...)
	return appendTypedEnd(b, c.Help, desc)
}

// appendTypedName adds what "show stat typed" and "show info typed" have in common.
func appendTypedName(b []byte, pos int, name string, k Kind) []byte {
	b = strconv.AppendInt(b, int64(pos), 10)
	b = append(b, '.')
	b = append(b, name...)
	b = append(b, ".1:"...)
	b = append(b, k...)
	return append(b, ':')
}

func appendTypedEnd(b []byte, help string, desc bool) []byte {
	if desc {
		b = append(b, `:"`...)
		b = append(b, help...)
		b = append(b, '"')
	}
	return append(b, '\n')
}

// oneLine keeps what a server said from looking like another line.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}
