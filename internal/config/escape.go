package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Unescape replaces \r, \n, \t, \\ and \xHH, where HH are two hexadecimal digits, by the bytes
// that they stand for. Its error says what to write instead.
func Unescape(s string) (string, error) {
	var plain strings.Builder
	for {
		before, after, found := strings.Cut(s, `\`)
		plain.WriteString(before)
		if !found {
			return plain.String(), nil
		}
		c, length, err := escaped(after)
		if err != nil {
			return "", err
		}
		plain.WriteByte(c)
		s = after[length:]
	}
}

// escaped reads what stands behind a backslash.
func escaped(s string) (c byte, length int, err error) {
	const known = `\r, \n, \t, \\ or \xHH`
	if s == "" {
		return 0, 0, fmt.Errorf(`a backslash at the end stands for nothing; write %s`, known)
	}
	if i := strings.IndexByte(`rnt\`, s[0]); i >= 0 {
		return "\r\n\t\\"[i], 1, nil
	}
	if s[0] != 'x' {
		return 0, 0, fmt.Errorf(`\%s is not known; write %s`, string([]rune(s)[0]), known)
	}
	if len(s) >= 3 {
		if n, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return byte(n), 3, nil
		}
	}
	return 0, 0, fmt.Errorf(`\%s needs two hexadecimal digits; write one such as \x0a`, s[:min(len(s), 3)])
}
