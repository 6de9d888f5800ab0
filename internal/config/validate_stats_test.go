package config

import (
	"path/filepath"
	"testing"

	"relais/internal/testkit"
)

const bcryptOps, bcryptLook = "$2y$05$fqItBhkh/N0rKLEZxAukIOGMgjJFSKu1G/PcV5.UjmZlsKdWiXvI6", "$2b$10$BU/UV7tL7wjdlatJnC/QSel84F/CmP5Bp876D6dU7CV1EqQOVpa7i"

// A password file is what htpasswd prints or keeps, or the hash alone.
func TestLoadHash(t *testing.T) {
	for text, want := range map[string]string{
		bcryptOps:                   bcryptOps,
		bcryptOps + "\r\n":          bcryptOps,
		"ops:" + bcryptOps + "\n\n": bcryptOps,
		"look:" + bcryptLook + "\nops:" + bcryptOps + "\n": bcryptOps,
		"look:" + bcryptLook + "\n":                        "",
		"ops:" + bcryptOps + "x\n":                         "",
		"ops:$2x$" + bcryptOps[4:] + "\n":                  "",
		"ops:$2y$99$" + bcryptOps[7:] + "\n":               "",
		"secret\n":                                         "",
	} {
		path := filepath.Join(t.TempDir(), "password")
		testkit.WriteFile(t, path, []byte(text))
		hash, err := User{Name: "ops", PasswordFile: NewPath(path)}.LoadHash()
		if string(hash) != want || (err == nil) != (want != "") {
			t.Errorf("%q: LoadHash = %q, %v; want %q", text, hash, err, want)
		}
	}
}

func TestLoadMetricsToken(t *testing.T) {
	for text, want := range map[string]string{
		"0123456789abcdef\n": "0123456789abcdef",
		"0123456789abcde\n":  "",
		"0123456789 abcdef":  "",
		"0123456789\nabcdef": "",
	} {
		path := filepath.Join(t.TempDir(), "token")
		testkit.WriteFile(t, path, []byte(text))
		token, err := Stats{MetricsTokenFile: NewPath(path)}.LoadMetricsToken()
		if string(token) != want || (err == nil) != (want != "") {
			t.Errorf("%q: LoadMetricsToken = %q, %v; want %q", text, token, err, want)
		}
	}
	if token, err := (Stats{}).LoadMetricsToken(); token != nil || err != nil {
		t.Errorf("without a file LoadMetricsToken = %q, %v", token, err)
	}
}

func TestParseNameserver(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.53": "10.0.0.53:53", "10.0.0.53:5353": "10.0.0.53:5353", "fd00::53": "[fd00::53]:53", "[fd00::53]:5353": "[fd00::53]:5353",
		"": "", "dns": "", "dns:53": "", "10.0.0.53:": "", "10.0.0.53:0": "", "10.0.0.256": "", "[fd00::53]": "", "10.0.0.53:65536": "",
	} {
		got, err := ParseNameserver(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("ParseNameserver(%q) = %v, %v; want %q", text, got, err, want)
		}
	}
}
