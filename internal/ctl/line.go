package ctl

import "strings"

// parsed is a line: its commands, each a list of words.
type parsed struct {
	commands [][]string
	payload  bool   // lines follow up to one that is end
	end      string // empty: up to an empty line
}

// parse takes a line apart as HAProxy does: ";" ends a command, blanks separate words, "\" takes
// away the meaning of the character behind it, and "<<" at the end of the line or "<<PATTERN"
// announces a payload. A word may also stand in double quotes, which HAProxy does not know; a
// quote that is not closed, or that does not stand around a whole word, means nothing.
func parse(line string) parsed {
	var p parsed
	var words []string
	for rest := strings.TrimSuffix(line, "\r"); ; {
		rest = strings.TrimLeft(rest, " \t")
		switch {
		case rest == "":
			if n := len(words); p.payload {
				p.end = strings.TrimPrefix(words[n-1], "<<")
				words = words[:n-1]
			}
			p.commands = append(p.commands, words)
			return p
		case rest[0] == ';':
			p.commands = append(p.commands, words)
			p.payload = false
			words, rest = nil, rest[1:]
		default:
			p.payload = strings.HasPrefix(rest, "<<") // if nothing follows
			var word string
			word, rest = cutWord(rest)
			words = append(words, word)
		}
	}
}

// cutWord returns the first word of s, which does not begin with a blank, and what follows it.
func cutWord(s string) (word, rest string) {
	if s[0] == '"' {
		if word, rest, ok := cutQuoted(s[1:]); ok {
			return word, rest
		}
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', ';':
			return b.String(), s[i:]
		case '\\':
			if i++; i == len(s) {
				return b.String(), ""
			}
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}

// cutQuoted returns what stands before a closing quote that ends a word.
func cutQuoted(s string) (word, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '"':
			rest = s[i+1:]
			return b.String(), rest, rest == "" || strings.IndexByte(" \t;", rest[0]) >= 0
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// Join makes a line of words, so that the server sees the same words again.
func Join(words []string) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(escape(word))
	}
	return b.String()
}

func escape(word string) string {
	if word == "" {
		return `""`
	}
	var b strings.Builder
	if word[0] == '<' {
		b.WriteByte('\\') // it announces no payload
	}
	for _, c := range []byte(word) {
		switch c {
		case ' ', '\t', ';', '\\', '"':
			b.WriteByte('\\')
		case '\n', '\r':
			c = ' ' // no line can hold it
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
