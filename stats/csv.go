package stats

import (
	"bufio"
	"io"
	"strings"
)

// WriteCSV writes the rows that f lets through as HAProxy does: a header line that begins with
// "# ", every name and every value followed by a comma, and a column "-" behind the last one.
func WriteCSV(w io.Writer, s *Snapshot, f Filter) error {
	out := bufio.NewWriter(w)
	out.WriteString(header())
	var line []byte
	for _, proxy := range f.Apply(s).Proxies {
		for i := range proxy.Rows {
			line = appendLine(line[:0], &proxy.Rows[i])
			out.Write(line)
		}
	}
	return out.Flush()
}

func header() string {
	var b strings.Builder
	b.WriteString("# ")
	for i := range columns {
		b.WriteString(columns[i].Name)
		b.WriteByte(',')
	}
	b.WriteString("-,\n")
	return b.String()
}

func appendLine(b []byte, r *Row) []byte {
	for i := range columns {
		b = appendField(b, columns[i].Of(r))
		b = append(b, ',')
	}
	return append(b, "-,\n"...)
}

// appendField quotes a text only where a reader would otherwise stumble.
func appendField(b []byte, v Value) []byte {
	if v.Type != Str || !strings.ContainsAny(v.str, "\",\r\n") {
		return v.append(b)
	}
	b = append(b, '"')
	b = append(b, strings.ReplaceAll(v.str, `"`, `""`)...)
	return append(b, '"')
}
