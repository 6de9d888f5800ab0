package config

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Answer is a whole HTTP answer that an admin wrote to take the place of one of the balancer's
// own. It is shared by all requests: nobody changes it.
type Answer struct {
	Status int         // 200 to 599; it may differ from the status that it takes the place of
	Reason string      // may be empty
	Header [][2]string // names and values in the order of the file, without those that each connection decides itself
	Body   []byte
}

// maxAnswer is how large a file with an answer may be: HAProxy's tune.bufsize.
const maxAnswer Bytes = 16 << 10

// LoadAnswer reads an answer as it goes over the wire (RFC 9112, sections 2 to 6), with line
// ends of CRLF or, as editors write them, LF. The body is the rest of the file; a
// Content-Length must say so. Header leaves out Content-Length, and Connection with the
// fields that are spoken between neighbours only. Its error says what to write instead.
func (p Path) LoadAnswer() (Answer, error) {
	data, err := p.read("a file with an HTTP answer", maxAnswer)
	if err != nil {
		return Answer{}, err
	}
	answer, line, err := parseAnswer(data)
	switch {
	case err == nil:
		return answer, nil
	case line == 0:
		return Answer{}, fmt.Errorf("%q %w", p, err)
	}
	return Answer{}, fmt.Errorf("line %d of %q %w", line, p, err)
}

// parseAnswer returns the line of its error too, 0 for one that concerns the whole.
func parseAnswer(data []byte) (a Answer, line int, err error) {
	first, rest, _ := cutLine(data)
	if a.Status, a.Reason, err = parseStatusLine(first); err != nil {
		return a, 1, err
	}
	var lengths []string
	for line = 2; ; line++ {
		text, after, ended := cutLine(rest)
		if !ended {
			return a, 0, errors.New("has no empty line behind its header fields; write one, and the body below it")
		}
		rest = after
		if text == "" {
			break
		}
		name, value, err := parseField(text)
		switch {
		case err != nil:
			return a, line, err
		case strings.EqualFold(name, "Transfer-Encoding"):
			return a, line, errors.New("has a Transfer-Encoding; remove it, the body is the rest of the file as it stands there")
		case strings.EqualFold(name, "Content-Length"):
			lengths = append(lengths, value)
		case !isHopByHop(name):
			a.Header = append(a.Header, [2]string{name, value})
		}
	}
	a.Body = rest
	return a, 0, checkBody(a, lengths)
}

// cutLine cuts data behind its first line end, LF or CRLF; ended tells whether there is one.
func cutLine(data []byte) (line string, rest []byte, ended bool) {
	before, rest, ended := bytes.Cut(data, []byte("\n"))
	return strings.TrimSuffix(string(before), "\r"), rest, ended
}

// parseStatusLine reads a line of RFC 9112, section 4. Interim answers are none: another one
// would have to follow.
func parseStatusLine(line string) (status int, reason string, err error) {
	version, rest, _ := strings.Cut(line, " ")
	code, reason, _ := strings.Cut(rest, " ")
	if version != "HTTP/1.1" && version != "HTTP/1.0" || len(code) != 3 || strings.Trim(code, "0123456789") != "" || !isFieldText(reason) {
		return 0, "", fmt.Errorf("is %.80q; write a status line such as HTTP/1.1 503 Service Unavailable", line)
	}
	if status, _ = strconv.Atoi(code); status < 200 || status > 599 {
		return 0, "", fmt.Errorf("has status %s; write one from 200 to 599", code)
	}
	return status, reason, nil
}

// parseField reads a line of RFC 9112, section 5, which forbids blanks before the colon and
// lines that go on in the next one.
func parseField(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	value = strings.Trim(value, " \t")
	switch {
	case !found || !isToken(name):
		return "", "", fmt.Errorf("is %.80q; write a header field such as Content-Type: text/html, and an empty line before the body", line)
	case !isFieldText(value):
		return "", "", fmt.Errorf("has a control character in the value of %s; remove it", name)
	}
	return name, value, nil
}

// isToken tells whether s can be the name of a header field (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return !isLetterOrDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	}) < 0
}

// isFieldText tells whether s can be a field value or a reason: no control character but tabs.
func isFieldText(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f })
}

// isHopByHop names the fields of which each connection decides itself (RFC 9110, section 7.6.1).
func isHopByHop(name string) bool {
	return slices.Contains([]string{"connection", "keep-alive", "proxy-connection", "te", "trailer", "upgrade"}, strings.ToLower(name))
}

// checkBody compares the body with what the header says of it.
func checkBody(a Answer, lengths []string) error {
	for _, length := range lengths {
		if length != strconv.Itoa(len(a.Body)) {
			return fmt.Errorf("says Content-Length: %.80s, but its body has %d bytes; write %d, or remove that line", length, len(a.Body), len(a.Body))
		}
	}
	if (a.Status == 204 || a.Status == 304) && len(a.Body) > 0 {
		return fmt.Errorf("has status %d, which has no body, and a body of %d bytes; remove the body", a.Status, len(a.Body))
	}
	return nil
}
