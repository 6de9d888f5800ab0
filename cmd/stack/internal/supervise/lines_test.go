package supervise

import (
	"slices"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	full := strings.Repeat("x", maxLine)
	tests := []struct {
		name   string
		writes []string
		want   []string
	}{
		{"one line", []string{"a\n"}, []string{"a"}},
		{"several in one write", []string{"a\nb\n\nc\n"}, []string{"a", "b", "", "c"}},
		{"one in several writes", []string{"a", "b", "c\nd", "\n"}, []string{"abc", "d"}},
		{"the last one unfinished", []string{"a\nb"}, []string{"a", "b"}},
		{"carriage return", []string{"a\r\n"}, []string{"a"}},
		{"nothing", []string{""}, nil},
		{"as long as may be", []string{full, "\n"}, []string{full}},
		{"too long", []string{full + "y\nnext\n"}, []string{full + "…", "next"}},
		{"too long in pieces", []string{full, "y", "z\nnext\n"}, []string{full + "…", "next"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			l := &lines{say: func(line string) { got = append(got, line) }}
			for _, w := range tt.writes {
				if n, err := l.Write([]byte(w)); n != len(w) || err != nil {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
			l.end()
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %.80q, want %.80q", got, tt.want)
			}
		})
	}
}
