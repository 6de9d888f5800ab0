package healthcheck

import (
	"testing"
)

func TestParseAdvice(t *testing.T) {
	none := func(change func(*Advice)) Advice {
		a := Advice{Weight: -1, Maxconn: -1}
		change(&a)
		return a
	}
	for line, want := range map[string]Advice{
		"75%\n":                               none(func(a *Advice) { a.Weight = 75 }),
		"weight:0%\r\n":                       none(func(a *Advice) { a.Weight = 0 }),
		"250%":                                none(func(a *Advice) { a.Weight = 250 }),
		"maxconn:30, ready\tup\n":             none(func(a *Advice) { a.Maxconn, a.Admin, a.Health, a.Word = 30, "ready", "up", "up" }),
		"DRAIN,Maint\n":                       none(func(a *Advice) { a.Admin = "maint" }),
		"down\n":                              none(func(a *Advice) { a.Health, a.Word = "down", "down" }),
		"fail # disk full\n":                  none(func(a *Advice) { a.Health, a.Word, a.Reason = "down", "fail", "disk full" }),
		"stopped#\x1bx\n":                     none(func(a *Advice) { a.Health, a.Word, a.Reason = "down", "stopped", "?x" }),
		"error\n":                             none(func(a *Advice) { a.Health, a.Word = "down", "error" }),
		"75%,maxconn:30,maint,down\n":         {Weight: 75, Maxconn: 30, Admin: "maint", Health: "down", Word: "down"},
		"\n":                                  none(func(*Advice) {}),
		" , \t# nothing to say, down though ": none(func(a *Advice) { a.Reason = "nothing to say, down though" }),
	} {
		if got, err := ParseAdvice(line); err != nil || got != want {
			t.Errorf("%q is %+v, %v; want %+v", line, got, err, want)
		}
	}
	for line, want := range map[string]string{
		"75 up":        "agent reports an error: 75",
		"-1%":          "agent reports an error: -1%",
		"+1% bogus up": "agent reports an error: +1% bogus",
		"99999999999%": "agent reports an error: 99999999999%",
		"maxconn:x%":   "agent reports an error: maxconn:x%",
		"%":            "agent reports an error: %",
	} {
		if got, err := ParseAdvice(line); err == nil || err.Error() != want || got.Weight != -1 || got.Maxconn != -1 {
			t.Errorf("%q is %+v, %v; want %s", line, got, err, want)
		}
	}
}

// FuzzParseAdvice: whatever an agent says, weight and maxconn stay within bounds and what is said
// about it fits a log line.
func FuzzParseAdvice(f *testing.F) {
	for _, seed := range []string{"75%\n", "up", "maxconn:30,ready # fine\r\n", "weight:1%", "\xff,,#\n#", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		a, err := ParseAdvice(line)
		if a.Weight < -1 || a.Weight > 100*maxWeight || a.Maxconn < -1 || (a.Health == "") != (a.Word == "") {
			t.Errorf("%q is %+v", line, a)
		}
		if detail := printable(a.result(err).Detail); detail != "" {
			expectLogLine(t, detail)
		}
		if a.Reason != "" {
			expectLogLine(t, a.Reason)
		}
	})
}
