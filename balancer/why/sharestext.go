package why

import (
	"bufio"
	"fmt"
	"io"
)

// WriteShares writes the account of s, of one server if one is named, to an admin.
func WriteShares(w io.Writer, s *Shares, server string) error {
	a, b := s.Account(server), bufio.NewWriter(w)
	fmt.Fprintln(b, a.Heading)
	a.writeTable(b)
	for i := range a.Stories {
		a.Stories[i].write(b)
	}
	if a.Even != "" {
		writeLines(b, []string{a.Even})
	}
	writeLines(b, a.Failures)
	writeLines(b, a.Absences)
	return b.Flush()
}

// writeTable writes the first column to the left and the others to the right.
func (a *Account) writeTable(w io.Writer) {
	if len(a.Rows) == 0 {
		return
	}
	rows := [][]string{a.Columns}
	for _, r := range a.Rows {
		rows = append(rows, r.Cells)
	}
	widths := make([]int, len(a.Columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len(cell))
		}
	}
	fmt.Fprintln(w)
	for _, row := range rows {
		fmt.Fprintf(w, "%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			fmt.Fprintf(w, "  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(w)
	}
	if a.Others != "" {
		fmt.Fprintln(w, a.Others)
	}
}

func (s *ShareStory) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", s.Text)
	width := 0
	for _, p := range s.Parts {
		width = max(width, len(p.Requests))
	}
	for _, p := range s.Parts {
		fmt.Fprintf(w, "  %7s  %*s  %s\n", p.Percent, width, p.Requests, p.Reason)
	}
}

// writeLines writes lines apart from what was written before.
func writeLines(w io.Writer, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintln(w)
	}
	for _, line := range lines {
		fmt.Fprintln(w, line)
	}
}
