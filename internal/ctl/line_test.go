package ctl

import (
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct {
		line     string
		commands [][]string
		payload  bool
		end      string
	}{
		{line: "", commands: [][]string{nil}},
		{line: " \t", commands: [][]string{nil}},
		{line: "show  \t version\r", commands: [][]string{{"show", "version"}}},
		{line: "a;b c ; d", commands: [][]string{{"a"}, {"b", "c"}, {"d"}}},
		{line: "a;", commands: [][]string{{"a"}, nil}},
		{line: `a\ b\;c \\ d\`, commands: [][]string{{"a b;c", `\`, "d"}}},
		{line: `reason "disk; \"full\"" for 3m;x`, commands: [][]string{{"reason", `disk; "full"`, "for", "3m"}, {"x"}}},
		{line: `"open word`, commands: [][]string{{`"open`, "word"}}},
		{line: `"a"b`, commands: [][]string{{`"a"b`}}},
		{line: `say ""`, commands: [][]string{{"say", ""}}},
		{line: "add map <<", commands: [][]string{{"add", "map"}}, payload: true},
		{line: "x;add map <<END", commands: [][]string{{"x"}, {"add", "map"}}, payload: true, end: "END"},
		{line: `echo \<<`, commands: [][]string{{"echo", "<<"}}},
		{line: "a <<;b", commands: [][]string{{"a", "<<"}, {"b"}}},
		{line: "<<", commands: [][]string{{}}, payload: true},
		{line: "a << b", commands: [][]string{{"a", "<<", "b"}}},
	} {
		p := parse(tt.line)
		if !reflect.DeepEqual(p.commands, tt.commands) || p.payload != tt.payload || p.end != tt.end {
			t.Errorf("%q is %q, payload %t to %q; want %q, %t, %q", tt.line, p.commands, p.payload, p.end, tt.commands, tt.payload, tt.end)
		}
	}
}

func TestJoinIsUndoneByParse(t *testing.T) {
	for _, words := range [][]string{
		{"disable", "server", "b/s", "reason", `rack 4; "burnt" \o/`, "for", "30m"},
		{"set", "server", "b/s", "agent-send", ""},
		{"echo", "a\tb"},
		{"echo", "<<"},
	} {
		if p := parse(Join(words)); !reflect.DeepEqual(p.commands, [][]string{words}) {
			t.Errorf("%q became %q", words, p.commands)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, line := range []string{"show info;show stat", `a\ b "c d" <<E`, `"`, `\`, ";;", `a"b" "c\`, "<<", "reason \"x\" for 1h"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		p := parse(line)
		if len(p.commands) == 0 {
			t.Fatal("no command at all")
		}
		for _, words := range p.commands {
			if len(words) == 0 {
				continue
			}
			joined := Join(words)
			again := parse(joined)
			if !reflect.DeepEqual(again.commands, [][]string{words}) && !hasControls(words) {
				t.Fatalf("%q written as %q is read as %q", words, joined, again.commands)
			}
			_, _, _ = cutNote(words, "")
		}
	})
}

func hasControls(words []string) bool {
	for _, word := range words {
		for _, c := range []byte(word) {
			if c == '\n' || c == '\r' {
				return true
			}
		}
	}
	return false
}
