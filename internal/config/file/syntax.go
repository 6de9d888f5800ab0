package file

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// parse returns the value of the only document in data, nil when there is none. It is not ok after
// a fault.
func parse(data []byte, s *source) (root *yaml.Node, ok bool) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	document, err := nextDocument(decoder)
	if errors.Is(err, io.EOF) {
		return nil, true
	}
	if err != nil {
		explain(data, err, s)
		return nil, false
	}
	second, err := nextDocument(decoder)
	switch {
	case errors.Is(err, io.EOF):
		return document.Content[0], true
	case err != nil:
		explain(data, err, s)
	default:
		s.fault(second.Line, "a second document begins here; put everything into one, without ---")
	}
	return nil, false
}

var errParserBroke = errors.New("yaml: unknown problem parsing YAML content")

// nextDocument turns a panic of the parser into an error: a file that hits one more bug of it
// (go-yaml issues 560, 665 and 666 were such) must not end a process that wanted to reload.
func nextDocument(decoder *yaml.Decoder) (node *yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errParserBroke
		}
	}()
	node = new(yaml.Node)
	return node, decoder.Decode(node)
}

// where says how far the line of an error of the parser can be trusted.
type where int

const (
	exact  where = iota // scanner errors
	low                 // parser errors: counted from 0
	opened              // parser errors that name the line where the block around the fault begins, or none
)

// problem is an error of the parser, known by its text, and what an admin is told instead.
type problem struct {
	text  string
	where where
	say   string
}

func problems() []problem {
	return []problem{
		{"did not find expected key", opened, "this line does not fit the ones above; write \"key: value\", indented like the other keys of its block"},
		{"did not find expected '-' indicator", opened, "this line does not fit the list above; begin each entry with \"- \", indented like the others"},
		{"did not find expected ',' or ']'", low, "a list that begins with [ is not closed; write ] at its end, with a comma between entries"},
		{"did not find expected ',' or '}'", low, "a mapping that begins with { is not closed; write } at its end, with a comma between entries"},
		{"did not find expected node content", low, "a value is missing before this; write it, or put the text into quotes"},
		{"did not find expected <document start>", low, "this does not belong to what stands above; write \"key: value\" lines only"},
		{"found undefined tag handle", low, "a value cannot begin with !; put the text into quotes"},
		{"found incompatible YAML document", low, "this YAML version is not known; remove the %YAML line"},
		{"found duplicate", low, "a directive stands here twice; remove the lines that begin with %"},
		{"found a tab character", exact, tabAdvice},
		{"mapping values are not allowed in this context", exact, "a colon where no key can be; indent the line like its neighbours, and put text that holds \": \" into quotes"},
		{"block sequence entries are not allowed in this context", exact, "a list entry where none can be; put each \"- \" on a line of its own, below its key"},
		{"could not find expected ':'", exact, "this line has no colon where \"key: value\" must stand; write \": \" after the key, or \"- \" before a list entry"},
		{"found unexpected end of stream", exact, "a quoted text is not closed; add the quote at its end"},
		{"found unexpected document indicator", exact, "a quoted text is not closed; add the quote at its end"},
		{"found unknown escape character", exact, "a backslash sequence that YAML does not know; write \\\\ for a backslash, or use single quotes"},
		{"control characters are not allowed", opened, "a control character; remove it"},
		{"UTF-8", opened, "a character that is not UTF-8; save the file as UTF-8"},
	}
}

// explain turns err, an error of the parser for data, into a fault.
func explain(data []byte, err error, s *source) {
	line, text := splitError(err)
	if unknown, found := strings.CutPrefix(text, "unknown anchor '"); found {
		name := strings.TrimSuffix(unknown, "' referenced")
		s.fault(firstLine(data, text), "alias *%s has no anchor; write &%s at a value above this line, or quote the text", name, name)
		return
	}
	say, trust := text, exact
	for _, p := range problems() {
		if strings.Contains(text, p.text) {
			say, trust = p.say, p.where
			break
		}
	}
	switch {
	case trust == opened || line == 0:
		line = firstLine(data, text)
	case trust == low:
		line++
	}
	if say == tabAdvice || strings.Contains(text, "cannot start any token") {
		line, say = tokenAdvice(data, line)
	}
	s.fault(line, "%s", say)
}

var parserError = regexp.MustCompile(`(?s)^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// splitError cuts "yaml: line 3: text" up; line is 0 when there is none.
func splitError(err error) (line int, text string) {
	parts := parserError.FindStringSubmatch(err.Error())
	line, _ = strconv.Atoi(parts[1])
	return line, parts[2]
}

// firstLine is the line that brings the error about: with it the beginning of data gives the
// error, without it the beginning is still well.
func firstLine(data []byte, text string) int {
	lines := bytes.SplitAfter(data, []byte("\n"))
	n := sort.Search(len(lines), func(n int) bool {
		decoder := yaml.NewDecoder(bytes.NewReader(bytes.Join(lines[:n+1], nil)))
		var err error
		for err == nil {
			_, err = nextDocument(decoder)
		}
		_, got := splitError(err)
		return got == text
	})
	return n + 1
}

const tabAdvice = "a tab where spaces are expected; indent with spaces"

// tokenAdvice tells a tab in the indentation, of line or of the next, from other characters
// that cannot begin a value.
func tokenAdvice(data []byte, line int) (int, string) {
	lines := strings.Split(string(data), "\n")
	for n := line; n <= min(line+1, len(lines)); n++ {
		text := lines[n-1]
		if indent := text[:len(text)-len(strings.TrimLeft(text, " \t-"))]; strings.Contains(indent, "\t") {
			return n, tabAdvice
		}
	}
	return line, "a value cannot begin with @, `, % or a tab; put the text into quotes"
}
