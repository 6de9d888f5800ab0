package config

import "testing"

func TestUnescape(t *testing.T) {
	for text, want := range map[string]string{
		"":                 "",
		"PING":             "PING",
		`PING\r\n`:         "PING\r\n",
		`\t\\n`:            "\t\\n",
		`\x00\xFFé\x41`:    "\x00\xffé\x41",
		"a\nb":             "a\nb",
		`\\x41`:            `\x41`,
		`*1\r\n$4\r\nPING`: "*1\r\n$4\r\nPING",
	} {
		if got, err := Unescape(text); got != want || err != nil {
			t.Errorf("Unescape(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		`a\`:   `a backslash at the end stands for nothing; write \r, \n, \t, \\ or \xHH`,
		`\é`:   `\é is not known; write \r, \n, \t, \\ or \xHH`,
		`\0`:   `\0 is not known; write \r, \n, \t, \\ or \xHH`,
		`\xag`: `\xag needs two hexadecimal digits; write one such as \x0a`,
		`\x4`:  `\x4 needs two hexadecimal digits; write one such as \x0a`,
		`\x+1`: `\x+1 needs two hexadecimal digits; write one such as \x0a`,
	} {
		if got, err := Unescape(text); err == nil || err.Error() != want {
			t.Errorf("Unescape(%q) = %q, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzUnescape(f *testing.F) {
	for _, text := range []string{"", `PING\r\n`, `\x41\\`, `\`, `\xé`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := Unescape(text); err == nil && len(got) > len(text) {
			t.Errorf("Unescape(%q) = %q", text, got)
		}
	})
}
